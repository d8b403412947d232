//! The program: hands its arguments to the library and exits with its code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ocean_opsgenie::cli::run(std::env::args_os()).into()
}

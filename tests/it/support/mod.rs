//! A sandbox and the program as a user meets it: a process of its own, with exit code, standard output and error.

use std::process::{Command, Output};

use ocean_opsgenie::sandbox::{Options, Sandbox};
use serde_json::Value;
use tempfile::TempDir;

/// A sandbox and a working directory for the program.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) directory: TempDir,
    variables: Vec<(String, String)>,
}

/// What a run of the program gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Stage {
    pub(crate) async fn start(options: Options) -> Self {
        let sandbox = Sandbox::start(options).await.expect("a sandbox starts on loopback");
        let directory = TempDir::new().expect("a temporary directory");
        let variables = [
            ("OCEAN__EVENT_LISTENER", r#"{"type":"ONCE"}"#.to_owned()),
            ("OCEAN__INITIALIZE_PORT_RESOURCES", "true".to_owned()),
            ("OCEAN__INTEGRATION__CONFIG__API_TOKEN", Sandbox::API_KEY.to_owned()),
            ("OCEAN__INTEGRATION__CONFIG__API_URL", sandbox.opsgenie().url()),
            ("OCEAN__PORT__CLIENT_ID", Sandbox::CLIENT_ID.to_owned()),
            ("OCEAN__PORT__CLIENT_SECRET", Sandbox::CLIENT_SECRET.to_owned()),
            ("OCEAN__PORT__BASE_URL", sandbox.catalog().url()),
            ("OCEAN__INTEGRATION__IDENTIFIER", "my-og".to_owned()),
        ];
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { sandbox, directory, variables }
    }

    /// Sets a variable for the runs to come.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Takes a variable away from the runs to come.
    pub(crate) fn unset(&mut self, name: &str) {
        self.variables.retain(|(known, _)| known != name);
    }

    /// The program with these arguments, in its working directory, with nothing in its environment but ours.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ocean-opsgenie"));
        command.args(arguments).current_dir(self.directory.path()).env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the program to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        Run::of(output.expect("the thread lives").expect("the program can be started"))
    }

    /// Runs the program with no arguments, reads the report it writes as JSON, and checks that no call broke the
    /// contract of either side.
    pub(crate) async fn pass(&self) -> (Run, Value) {
        let run = self.run(&["--output", "json"]).await;
        let report = serde_json::from_str(&run.stdout).unwrap_or(Value::Null);
        (run, report)
    }
}

impl Run {
    fn of(output: Output) -> Self {
        use std::os::unix::process::ExitStatusExt;
        let code = output.status.code().or_else(|| output.status.signal().map(|signal| 128 + signal));
        Self {
            code: code.expect("a process ends with a code or by a signal"),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

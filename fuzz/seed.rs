//! Writes the first corpus of each target from cases of the mapping language: the conformance data of the repository, or the
//! file that `OCEAN_JQ_CORPUS` names.

use std::error::Error;
use std::fs;
use std::io::Read as _;
use std::path::Path;

const CONFORMANCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/jq-conformance.jsonl.gz");

/// Longer cases only slow the fuzzer down.
const MAX_CASE_BYTES: usize = 4096;

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let cases = std::env::var("OCEAN_JQ_CORPUS").unwrap_or_else(|_| CONFORMANCE.to_owned());
    let mut text = String::new();
    flate2::read::GzDecoder::new(fs::File::open(&cases)?).read_to_string(&mut text)?;
    let (compile, run) = (corpus.join("compile"), corpus.join("run"));
    fs::create_dir_all(&compile)?;
    fs::create_dir_all(&run)?;
    for (number, line) in text.lines().enumerate() {
        let case: serde_json::Value = serde_json::from_str(line)?;
        let (Some(expression), Some(input)) = (case["expression"].as_str(), case["input"].as_str()) else {
            return Err(format!("{cases}:{}: no expression or no input", number + 1).into());
        };
        if expression.len() + input.len() < MAX_CASE_BYTES {
            let name = format!("seed-{number:06}");
            fs::write(compile.join(&name), expression)?;
            fs::write(run.join(&name), format!("{expression}\n{input}"))?;
        }
    }
    Ok(())
}

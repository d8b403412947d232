//! Any expression on any input, a line feed between them: it gives a value that survives being written and read, fails, or
//! is stopped. Nothing panics, hangs or fills the memory.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use ocean_opsgenie::jq::{Environment, Limits, Program, RunError, quote_rewrite};
use ocean_opsgenie::value::Value;

/// Small, so that an endless program costs little of the fuzzer's time.
const LIMITS: Limits =
    Limits { steps: 50_000, time: Duration::from_secs(2), made_bytes: 16 << 20, output_bytes: 1 << 20 };

fuzz_target!(|case: &str| {
    let Some((expression, input)) = case.rsplit_once('\n') else { return };
    let Ok(input) = Value::parse(input.as_bytes()) else { return };
    let Ok(program) = Program::compile(&quote_rewrite(expression)) else { return };
    match program.first(&input, &Environment::default().with_limits(LIMITS)) {
        Ok(Some(output)) => {
            // What JSON cannot say is written as the nearest that it can: once, and the same from then on.
            let settled = rewritten(&rewritten(&output.to_bytes()));
            assert_eq!(rewritten(&settled), settled, "writing and reading keep a value");
        }
        Ok(None) => {}
        Err(RunError::Defect(text)) => panic!("the engine failed: {text}"),
        Err(RunError::Stopped { why, took: _ }) => assert!(!why.is_empty(), "a stop says why"),
        // An error may have any text, none included.
        Err(RunError::Raised(_)) => {}
    }
});

fn rewritten(json: &[u8]) -> Vec<u8> {
    Value::parse(json).expect("what was written can be read").to_bytes()
}

//! Any text as an expression: it compiles, or its faults point into the text. Nothing panics, hangs or fills the memory.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ocean_opsgenie::jq::{Program, quote_rewrite};

fuzz_target!(|expression: &str| {
    let source = quote_rewrite(expression);
    match Program::compile(&source) {
        Ok(program) => assert_eq!(program.source(), source),
        Err(faults) => {
            assert!(!faults.is_empty(), "a refusal has a reason");
            for fault in faults {
                assert!(!fault.message.is_empty(), "a fault says something");
                assert!(source.get(fault.span).is_some(), "a fault points into the text");
            }
        }
    }
});

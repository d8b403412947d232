//! Programs that would run for ever, fill the memory or overflow the stack.

use std::time::Duration;

use super::{Environment, Limits, Program, RunError};
use crate::value::Value;

/// Small enough for a test to be quick.
fn limits() -> Limits {
    Limits { steps: 10_000, made_bytes: 16 << 20, output_bytes: 1 << 20, ..Limits::default() }
}

fn run(source: &str) -> Result<Option<Value>, RunError> {
    let program = Program::compile(source).unwrap_or_else(|faults| panic!("{source}: {faults:?}"));
    program.first(&Value::Null, &Environment::default().with_limits(limits()))
}

/// Why an evaluation was stopped; how it ended when it was not.
fn why(outcome: Result<Option<Value>, RunError>) -> Result<String, Result<Option<Value>, RunError>> {
    match outcome {
        Err(RunError::Stopped { why, took: _ }) => Ok(why),
        other => Err(other),
    }
}

/// Whether the program was stopped for this reason.
#[track_caller]
fn stopped(source: &str, reason: &str) {
    assert_eq!(why(run(source)), Ok(reason.to_owned()), "{source}");
}

#[test]
fn endless_programs_are_stopped() {
    for source in [
        "[repeat(1)]",
        "def f: f; f",
        "def f: f | f; f",
        "range(1e18) | select(false)",
        "[range(infinite)]",
        "last(repeat(1))",
        "until(false; .)",
        "[while(true; .)]",
        "[recurse(.)]",
        "[range(1000) | range(1000)] | [.[] as $a | .[] as $b | $a] | length",
        "reduce repeat(1) as $x (0; . + $x)",
        "[limit(1e9; repeat(1))] | length",
        "first(range(1e9) | empty)",
        "def f: def g: f; g; f",
        "def f(x): f(x); f(1)",
        "label $x | repeat(1) | empty",
        "try repeat(error(\"x\")?) catch 1",
        "def f: try error(\"x\") catch f; f",
        "[combinations(20)]? // [range(1e9)]",
        "isempty(range(1e9) | empty)",
        "any(range(1e9); false)",
        "[range(1e5)] | sort_by(-.) | .[:3] | [range(1e9)]",
        "[paths] | until(false; .)",
        "[.[]?, repeat(0)]",
        "foreach repeat(1) as $x (0; . + 1; empty)",
        "input_line_number? // repeat(empty)",
        "[range(1e9) | tostring as $n | \"a\" | test(\"a\" + $n)]",
        "def f: f | path(f); f",
        "path(repeat(.)) | empty",
        "def f(g): g |= f(g); f(.)",
    ] {
        assert!(matches!(run(source), Err(RunError::Stopped { .. })), "{source}: {:?}", run(source));
    }
}

/// Programs without definitions and variables do not go through the evaluator.
#[test]
fn walked_programs_are_stopped() {
    let doubling = vec!["(1, 2)"; 40].join(" | ");
    for source in [
        format!("{doubling} | empty"),
        format!("[{doubling}] | length"),
        format!("[{doubling} | select(. == 3)] // 1"),
        format!("{doubling} | select(. > 2 and true)"),
        format!("if ({doubling}) > 2 then 1 else empty end"),
    ] {
        let outcome = run(&source);
        assert!(matches!(outcome, Err(RunError::Stopped { .. })), "{source}: {outcome:?}");
    }
    let many = Value::array(vec![Value::from(1.0); 10_000]);
    for source in
        ["[.[] == .[]]", "[.[] | [1, 2, 3]] | [.[][] == .[][]]", "map(select(.) + 1) | (.[] + .[]) | empty"]
    {
        let program = Program::compile(source).unwrap_or_else(|faults| panic!("{source}: {faults:?}"));
        let outcome = program.first(&many, &Environment::default().with_limits(limits()));
        assert!(matches!(outcome, Err(RunError::Stopped { .. })), "{source}: {outcome:?}");
    }
}

#[test]
fn a_product_without_recursion_is_stopped() {
    let doubling = vec!["(1,2)"; 40].join(" | ");
    stopped(&format!("[{doubling}] | length"), "it took too many steps");
    stopped(&format!("reduce ({doubling}) as $x (0; . + 1)"), "it took too many steps");
}

#[test]
fn alternatives_and_patterns_within_each_other_are_refused() {
    let sources = [
        format!("{}1", ". as [$a] ?// $a | ".repeat(60)),
        format!("{}1{}", "reduce . as [$a] ?// $a (0; ".repeat(60), ")".repeat(60)),
        format!("{}1{}", "foreach . as [$a] ?// $a (0; ".repeat(60), "; .)".repeat(60)),
        format!(". as {}$a{} | 1", "[".repeat(300), "]".repeat(300)),
        format!(". as {}$a{} | 1", "{a: ".repeat(300), "}".repeat(300)),
    ];
    for source in sources {
        assert!(Program::compile(&source).is_err(), "{source}");
    }
}

#[test]
fn definitions_that_multiply_are_stopped() {
    let definitions: Vec<_> = (1..60).map(|at| format!("def f{at}: f{0} | f{0};", at - 1)).collect();
    stopped(&format!("def f0: .; {} f59", definitions.join(" ")), "it took too many steps");
    stopped(&format!("def f(g): g | g; {}.{}", "f(".repeat(40), ")".repeat(40)), "it took too many steps");
}

#[test]
fn what_would_fill_the_memory_is_stopped() {
    for source in [
        "reduce range(60) as $i (\"x\"; . + .)",
        "reduce range(60) as $i ([1]; . + .)",
        "[range(100) | \"x\" * 1000000]",
        "\"x\" * 60000000 | explode",
        "reduce range(100) as $i (\"x\" * 1000000; [., .] | add)",
        "reduce range(60) as $i (\"xx\"; gsub(\"x\"; \"xx\"))",
        "[.[3000000] = 1] | length",
        "reduce range(60) as $i (\"'\"; @sh)",
        "reduce range(60) as $i (\"x\"; @base64)",
        "reduce range(60) as $i (\"\\u0000\"; tojson)",
        "reduce range(60) as $i ([\"\\\"\"]; [@csv])",
        "\"x\" * 6000000 | @uri",
        "\"x\" * 6000000 | [limit(1000; repeat(ascii_upcase))] | length",
        "\"x\" * 6000000 as $x | [range(1000) | $x | ltrimstr(\"x\")] | length",
        "\"x\" * 6000000 as $x | [range(1000) | $x | contains(\"y\")] | length",
        "\" \" * 6000000 as $x | [range(1000) | $x | trim] | length",
        "\"1\" * 100000 as $x | [range(1000) | $x | tonumber] | length",
        "(\"1\" * 100000) | tonumber as $x | [range(1000) | $x | tostring] | length",
        "(\"1\" * 100000) | tonumber as $x | [range(1000) | -$x] | length",
        "0 | strftime(\"%1000d\" * 100000) | length",
        "\"x\" * 6000000 | . as $x | ($x + \"y\") as $y | [range(1000) | $x < $y] | length",
        "reduce range(60) as $i ([1]; [.[], .[]]) | length",
        "reduce range(40) as $i (1; [., .]) | tojson | length",
        "reduce range(40) as $i (1; [., .]) | flatten | length",
        "reduce range(40) as $i (1; [., .]) | . == .",
    ] {
        assert!(
            matches!(run(source), Err(RunError::Stopped { .. })),
            "{source}: {:?}",
            run(source).map(|_| ())
        );
    }
    assert!(matches!(run("\"x\" * 1e9"), Err(RunError::Raised(_))));
    stopped("reduce range(40) as $i (1; [., .])", "its output is too large");
    stopped("[range(500) | \"x\" * 3000]", "its output is too large");
}

#[test]
fn deep_recursion_ends_in_an_error() {
    for source in [
        "def f: 1 + f; f",
        "def f: [f]; f",
        "def f: {a: f}; f",
        "def f(x): f(x | x); f(.)",
        "reduce range(100000) as $i (0; [.]) | tojson | length",
        "reduce range(100000) as $i (0; [.]) | . == [[1]]",
        "reduce range(100000) as $i (0; {a: .}) | . * .",
        "reduce range(100000) as $i (0; [.]) | flatten",
        "reduce range(100000) as $i (0; [.]) | [..] | length",
        "[range(60000) | 0] as $p | null | setpath($p; 1) | getpath($p)",
        "def f(x): f(x); f(.)",
        "last(path(repeat(.a)))",
        "[limit(100000; path(def r: .a | (., r); r))] | length",
    ] {
        // Some come to an end on a stack of their own; what counts is that all of them return.
        let program = Program::compile(source).expect("valid");
        let limits = Limits { steps: 150_000, ..limits() };
        let _outcome = program.first(&Value::Null, &Environment::default().with_limits(limits));
    }
    stopped("reduce range(1000) as $i (0; [.])", "its output is nested too deeply");
    assert_eq!(
        run("def f: if . > 1000 then . else 1 + (. + 1 | f) end; 0 | f | type"),
        Ok(Some(Value::from("number")))
    );
}

#[test]
fn a_stop_cannot_be_caught() {
    stopped("try [repeat(1)] catch 2", "it took too many steps");
    stopped("[repeat(1)]? // 3", "it took too many steps");
    stopped("first(([repeat(1)] | length)?, 4)", "it took too many steps");
    assert!(matches!(run("def f: try f catch f; f"), Err(RunError::Stopped { .. })));
}

#[test]
fn a_regular_expression_that_backtracks_for_ever_is_stopped() {
    let source = "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" | test(\"^(a|a)*(?=b)c$\") ";
    assert!(!matches!(run(source), Err(RunError::Defect(_))), "{:?}", run(source));
    let source = "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" | test(\"^(?:(a+)+\\\\1)*b\")";
    stopped(source, "a regular expression backtracked too often");
}

#[test]
fn time_is_limited_too() {
    let program = Program::compile("[range(1e9)] | length").expect("valid");
    let limits =
        Limits { steps: u64::MAX, made_bytes: usize::MAX, time: Duration::ZERO, ..Limits::default() };
    let outcome = program.first(&Value::Null, &Environment::default().with_limits(limits));
    assert_eq!(why(outcome), Ok("it took too long".to_owned()));
}

#[test]
fn a_stopped_program_leaves_nothing_behind() {
    assert!(run("[repeat(1)]").is_err());
    assert_eq!(run("[range(3)] | length"), Ok(Some(Value::from(3.0))));
}

#[test]
fn sources_that_nest_without_end_are_refused() {
    for (open, close) in [
        ("[", "]"),
        ("(", ")"),
        ("{a:", "}"),
        ("-", ""),
        ("try ", ""),
        ("\"\\(", ")\""),
        ("def f: ", "; f"),
        ("1 as $x | ", ""),
    ] {
        for count in [30, 150, 5_000] {
            let source = format!("{}1{}", open.repeat(count), close.repeat(count));
            if let Ok(program) = Program::compile(&source) {
                let _outcome = program.first(&Value::Null, &Environment::default());
            } else {
                assert!(count > 30, "{open} {count}");
            }
        }
    }
    for chain in ["|.", ",1", "+1", "//1", " and 1"] {
        let source = format!("1{}", chain.repeat(10_000));
        if let Ok(program) = Program::compile(&source) {
            let _outcome = program.first(&Value::Null, &Environment::default());
        }
    }
}

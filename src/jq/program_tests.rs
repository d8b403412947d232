//! Programs as the rest of the house meets them.

use super::{CompileFault, Environment, Program, RunError, quote_rewrite};
use crate::value::Value;

fn json(text: &str) -> Value {
    Value::parse(text.as_bytes()).expect("valid JSON")
}

/// The first output as text, or how the evaluation ended.
fn first(source: &str, input: &str) -> String {
    let program = Program::compile(source).unwrap_or_else(|faults| panic!("{source}: {faults:?}"));
    match program.first(&json(input), &Environment::default()) {
        Ok(Some(value)) => value.to_string(),
        Ok(None) => "no output".to_owned(),
        Err(error) => format!("error: {error}"),
    }
}

/// The faults with what they point at.
fn faults(source: &str) -> Vec<String> {
    let faults = Program::compile(source).expect_err(source);
    faults
        .iter()
        .map(|CompileFault { message, span }| format!("{message} @ {}", &source[span.clone()]))
        .collect()
}

#[test]
fn faults_say_what_and_where() {
    let cases = [
        ("", "Top-level program not given (try \".\") @ "),
        ("# nothing", "Top-level program not given (try \".\") @ "),
        (".a |", "syntax error, unexpected end of file, expecting a term @ "),
        (".a | foo(1)", "foo/1 is not defined @ foo"),
        ("$x", "$x is not defined @ $x"),
        ("break $out", "$*label-out is not defined @ $out"),
        ("if .a then 1", "syntax error, unexpected end of file, expecting `end` @ "),
        ("[1, 2", "syntax error, unexpected end of file, expecting `]` @ "),
        (".a 'x'", "syntax error, unexpected `'` @ '"),
        ("1 == 1 == 1", "syntax error, unexpected `==`, expecting no second one without parentheses @ =="),
        (".a?//1", "syntax error, unexpected `?//`, expecting end of file @ ?//"),
        ("{(1): 2}", "Cannot use number (1) as object key @ 1"),
        (r#""\q""#, r"Invalid escape @ \q"),
        (r#""\(1"#, "syntax error, unexpected end of file, expecting `)` @ "),
        ("\"abc", "syntax error, unexpected end of file, expecting a closing quote @ "),
        ("import \"a\" as a; 1", "`import` finds no modules here @ import"),
        ("é", "syntax error, unexpected `é` @ é"),
        ("def f: ; 1", "syntax error, unexpected `;`, expecting a term @ ;"),
    ];
    for (source, expected) in cases {
        assert_eq!(faults(source), [expected], "{source}");
    }
}

#[test]
fn all_undefined_names_are_reported_at_once() {
    let expected = ["foo/0 is not defined @ foo", "$x is not defined @ $x", "bar/2 is not defined @ bar"];
    assert_eq!(faults("foo | $x + bar(1; 2)"), expected);
}

#[test]
fn natives_of_ours_cannot_be_named() {
    for name in ["@tick", "@setpath", "@modify", "@matches"] {
        assert_eq!(first(name, "null"), format!("error: {} is not a valid format", &name[1..]));
    }
}

#[test]
fn positions_refer_to_the_text_as_written() {
    let written = "if .a == 'é' then foo else 'n' end";
    assert_eq!(faults(&quote_rewrite(written)), ["foo/0 is not defined @ foo"]);
}

#[test]
fn plain_paths_behave_like_evaluated_ones() {
    let inputs = ["null", "1", "\"x\"", "[1]", "{}", r#"{"a":null}"#, r#"{"a":1}"#, r#"{"a":{"b":[2]}}"#];
    for path in [".", ".a", ".a?", ".a.b", ".a.b?", ".a?.b", ".a | .b", ".\"a\"", ".a.\"b\"?"] {
        for input in inputs {
            // The comma keeps the second one from being followed directly.
            assert_eq!(
                first(path, input),
                first(&format!("first({path}, empty)"), input),
                "{path} on {input}"
            );
        }
    }
}

#[test]
fn literals_are_constants() {
    let cases = [
        (r#""opsGenieAlert""#, r#""opsGenieAlert""#),
        ("true", "true"),
        ("null", "null"),
        ("-1.50", "-1.5"),
        (r#"["a", 1, {"b": []}]"#, r#"["a",1,{"b":[]}]"#),
        ("\"é\\n\"", "\"é\\n\""),
    ];
    for (source, expected) in cases {
        let program = Program::compile(source).expect("valid");
        assert_eq!(program.constant().map(Value::to_string).as_deref(), Some(expected), "{source}");
    }
    for source in [".a", "1 + 1", r#""\(1)""#, "def true: 1; true", "empty", "[.a]"] {
        assert!(Program::compile(source).expect("valid").constant().is_none(), "{source}");
    }
}

#[test]
fn the_environment_is_what_is_handed_in() {
    assert_eq!(first("[$ENV, env]", "1"), "[{},{}]");
    let environment: Environment = [("TEAM".to_owned(), "core".to_owned())].into_iter().collect();
    let program = Program::compile("$ENV.TEAM + env.TEAM + (env.PATH // \"\")").expect("valid");
    assert_eq!(program.first(&Value::Null, &environment), Ok(Some(Value::from("corecore"))));
}

#[test]
fn nothing_ends_the_process_or_reads_its_input() {
    assert_eq!(first("halt", "1"), "no output");
    assert_eq!(first("halt_error", "\"bye\""), "no output");
    assert_eq!(first("try halt catch 1", "1"), "no output");
    assert_eq!(first("input", "1"), "error: break");
    assert_eq!(first("[inputs]", "1"), "[]");
    assert_eq!(first("debug, stderr", "1"), "1");
}

#[test]
fn errors_are_told_in_the_words_of_jq() {
    let cases = [
        (".a", "5", "Cannot index number with string (\"a\")"),
        (".[]", "null", "Cannot iterate over null (null)"),
        (".[0]", r#"{"a":1}"#, "Cannot index object with number (0)"),
        (
            ". + 1",
            r#""https://example.com/a b?x=1&y=2""#,
            r#"string ("https://example.com/a b?...") and number (1) cannot be added"#,
        ),
        ("error(\"boom\")", "1", "boom"),
        ("error({a: 1})", "1", r#"{"a":1}"#),
        ("error", "null", "null"),
        ("1 / 0", "null", "number (1) and number (0) cannot be divided because the divisor is zero"),
        (
            "test(\"(\")",
            "\"a\"",
            "Regex failure: Parsing error at position 1: Opening parenthesis without closing parenthesis",
        ),
    ];
    for (source, input, expected) in cases {
        assert_eq!(first(source, input), format!("error: {expected}"), "{source}");
    }
}

#[test]
fn programs_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    let program = Program::compile("[.[] | . * 2]").expect("valid");
    shared(&program);
    let doubled = std::thread::scope(|scope| {
        let run = || program.first(&json("[1,2]"), &Environment::default());
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
    });
    assert!(doubled.iter().all(|outcome| *outcome == Ok(Some(json("[2,4]")))), "{doubled:?}");
}

#[test]
fn a_defect_of_the_engine_is_an_error_of_the_expression() {
    // Labels across functions are where jaq-core has panicked before; whatever it does, it must return.
    for source in
        ["label $a | def f: break $a; f, 1", "def f(x): label $a | x; f(1)", "[label $a | (break $a)?]"]
    {
        if let Ok(program) = Program::compile(source) {
            let outcome = program.first(&Value::Null, &Environment::default());
            assert!(!matches!(outcome, Err(RunError::Stopped { .. })), "{source}: {outcome:?}");
        }
    }
}

#[test]
fn whether_a_path_is_one_is_decided_by_value() {
    let cases = [
        ("path(.a | tostring)", r#"{"a":"x"}"#, r#"["a"]"#),
        ("path(.a | tostring)", r#"{"a":1}"#, r#"error: Invalid path expression with result "1""#),
        ("[path(1 | empty)]", "null", "[]"),
        ("path(1)", "null", "error: Invalid path expression with result 1"),
        ("path({a: 1} | .a)", "null", "error: Invalid path expression with result 1"),
        ("path(. as $whole | {} | $whole)", r#"{"a":1}"#, "[]"),
        ("path(.a as $x | .b)", "null", r#"["b"]"#),
        ("def f(g): [path(g)]; f(.a, (1 | empty))", "null", r#"[["a"]]"#),
        ("def f: 1; try (f = 3) catch .", "null", r#""Invalid path expression with result 1""#),
        ("path(1 | getpath([\"a\"]))", "null", "error: Invalid path expression with result 1"),
        ("last(.[]) |= 3", "[1,2]", "error: Invalid path expression with result 2"),
        ("(.a // 1) |= 2", r#"{"a":5}"#, r#"{"a":2}"#),
        ("del(paths)", r#""x""#, r#""x""#),
    ];
    for (source, input, expected) in cases {
        assert_eq!(first(source, input), expected, "{source}");
    }
}

#[test]
fn deleting_counts_positions_before_anything_is_gone() {
    let cases = [
        ("del(.[1], .[-3])", "[1,2,3]", "[3]"),
        ("del(.[1], .[-6], .[2], .[-3:9])", "[0,1,2,3,4,5,6,7,8,9]", "[0,3,5,6,9]"),
        (r#"delpaths([["a",0,"b"],["a",1]])"#, r#"{"a":[{"b":1,"c":2},5,6]}"#, r#"{"a":[{"c":2},6]}"#),
        (r#"delpaths([["a"],["a","b"]])"#, r#"{"a":{"b":1},"c":2}"#, r#"{"c":2}"#),
        ("del(.[-0.5])", "[1,2]", "[1,2]"),
    ];
    for (source, input, expected) in cases {
        assert_eq!(first(source, input), expected, "{source}");
    }
}

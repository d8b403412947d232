//! `map eval`: one expression, and batches of them, as people and programs drive it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Run, piped};

fn eval(arguments: &[&str], input: &str) -> Run {
    let directory = TempDir::new().expect("a temporary directory");
    std::fs::write(directory.path().join("alert.json"), r#"{"id": "a1", "tags": ["x", "y"], "big": 1e1000}"#)
        .expect("a file can be written");
    // What never ends is cut off sooner than by default.
    std::fs::write(directory.path().join(".env"), "OCEAN__JQ__STEPS=100000").expect("a file can be written");
    piped(directory.path(), &[&["map", "eval"], arguments].concat(), input.as_bytes())
}

/// What the program says when there is no output.
fn refused(arguments: &[&str], input: &str) -> String {
    let run = eval(arguments, input);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    run.stderr
}

/// The answers to these lines.
fn answers(lines: &str) -> (Vec<Value>, String) {
    let run = eval(&["--batch"], lines);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let answers = run.stdout.lines().map(|line| serde_json::from_str(line).expect("an answer is JSON"));
    (answers.collect(), run.stderr)
}

fn case(expression: &str, input: &str) -> String {
    json!({ "expression": expression, "input": input }).to_string()
}

#[test]
fn the_first_output_is_printed_as_json() {
    let output = |arguments: &[&str], input: &str| {
        let run = eval(arguments, input);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{arguments:?}");
        run.stdout
    };
    assert_eq!(output(&[".tags[]", "--input", "alert.json"], ""), "\"x\"\n");
    assert_eq!(output(&[".a", "--input", "-"], "{\"a\": [1.0, 2.50]}"), "[1,2.5]\n");
    assert_eq!(output(&[".a"], "{\"a\": null}\n"), "null\n");
    assert_eq!(output(&["if .a == 'x' then 'yes' else 'no' end"], "{\"a\": \"x\"}"), "\"yes\"\n");
    assert_eq!(output(&["-1 + ."], "3"), "2\n");
    assert_eq!(output(&[".big", "--input", "alert.json"], ""), "1.7976931348623157e308\n");
}

#[test]
fn no_output_is_said_with_its_phase() {
    insta::assert_snapshot!(refused(&[".a | nope(1) | $b"], "null"), @r"
    error: compile: nope/1 is not defined
      --> expression:1:6
       |
     1 | .a | nope(1) | $b
       |      ^^^^
    error: compile: $b is not defined
      --> expression:1:16
       |
     1 | .a | nope(1) | $b
       |                ^^
    ");
    insta::assert_snapshot!(refused(&["if .a\nthen 'x'"], "null"), @r#"
    error: compile: syntax error, unexpected end of file, expecting `end`
      --> expression:2:9
       |
     2 | then 'x'
       |         ^
    "#);
    insta::assert_snapshot!(refused(&[".a.b"], r#"{"a": "text"}"#), @r#"
    error: run: Cannot index string with string ("b")
      --> expression:1:1
       |
     1 | .a.b
       | ^^^^
    "#);
    insta::assert_snapshot!(refused(&[".[]"], "[]"), @r"
    error: empty: the expression has no output
      --> expression:1:1
       |
     1 | .[]
       | ^^^
    ");
    insta::assert_snapshot!(refused(&["def f: f; f"], "null"), @r"
    error: run: stopped, because it took too many steps
      --> expression:1:1
       |
     1 | def f: f; f
       | ^^^^^^^^^^^
    ");
}

#[test]
fn an_input_that_is_none_is_said_with_its_place() {
    insta::assert_snapshot!(refused(&["."], "{\"a\": 1,\n \"b\": x}"), @r#"
    error: `standard input` is not JSON: invalid numeric literal
      --> standard input:2:7
       |
     2 |  "b": x}
       |       ^
    "#);
    insta::assert_snapshot!(refused(&["."], ""), @r"
    error: `standard input` is not JSON: expected a value
      --> standard input:1:1
       |
     1 | 
       | ^
    ");
    insta::assert_snapshot!(refused(&[".", "--input", "nowhere.json"], ""), @"error: cannot read `nowhere.json`: No such file or directory (os error 2)");
    insta::assert_snapshot!(refused(&[".", "--input", "."], ""), @"error: cannot read `.`: Is a directory (os error 21)");
    insta::assert_snapshot!(refused(&["--batch", "--input", "nowhere.jsonl"], ""), @"error: cannot read `nowhere.jsonl`: No such file or directory (os error 2)");
    insta::assert_snapshot!(refused(&[], ""), @r"
    error: the following required arguments were not provided:
      <EXPR>

    Usage: ocean-opsgenie map eval <EXPR>

    For more information, try '--help'.
    ");
}

#[test]
fn a_batch_is_answered_line_by_line() {
    let lines = [
        case(".a", "{\"a\": 1.0}"),
        case("'x'", "null"),
        case(".a |", "null"),
        case(".a.b", "{\"a\": 1}"),
        case("empty", "null"),
        case(".", "{\"a\": \"\\ud800\"}"),
        case(".", "not json"),
        r#"{"set": "mapping", "expression": "[.]", "filter": null, "input": "\"é\"", "output": "x"}"#
            .to_owned(),
    ];
    let (answers, talk) = answers(&lines.join("\n"));
    assert_eq!(talk, "");
    let answers: Vec<_> = answers.iter().map(Value::to_string).collect();
    insta::assert_snapshot!(answers.join("\n"), @r#"
    {"output":"1"}
    {"output":"\"x\""}
    {"error":"syntax error, unexpected end of file, expecting a term","phase":"compile"}
    {"error":"Cannot index number with string (\"b\")","phase":"run"}
    {"error":"the expression has no output","phase":"empty"}
    {"error":"invalid JSON at byte 13: invalid surrogate pair escape","phase":"run"}
    {"error":"invalid JSON at byte 0: invalid numeric literal","phase":"run"}
    {"output":"[\"é\"]"}
    "#);
}

#[test]
fn a_malformed_line_is_answered_and_named() {
    let good = case(".", "1");
    let lines = format!(
        "{good}\nnope\n\n[]\n{{\"expression\": 5, \"input\": \"1\"}}\n{{\"input\": \"1\"}}\n{good}\n"
    );
    let (answers, talk) = answers(&lines);
    assert_eq!(answers.len(), 7, "a line, an answer");
    assert_eq!((&answers[0], &answers[6]), (&json!({ "output": "1" }), &json!({ "output": "1" })));
    assert!(answers[1..6].iter().all(|answer| answer["phase"] == "compile"), "{answers:?}");
    insta::assert_snapshot!(talk, @r"
    standard input: line 2 is no case: expected ident
    standard input: line 3 is no case: EOF while parsing a value
    standard input: line 4 is no case: invalid length 0, expected an object with the texts `expression` and `input`
    standard input: line 5 is no case: invalid type: integer `5`, expected a string
    standard input: line 6 is no case: missing field `expression`
    ");
}

#[test]
fn malformed_lines_without_end_are_told_ten_times() {
    let (answers, talk) = answers(&"nope\n".repeat(1_000));
    assert_eq!(answers.len(), 1_000);
    assert_eq!(talk.lines().count(), 11);
    assert_eq!(talk.lines().last(), Some("standard input: 1000 lines are no cases"));
}

#[test]
fn hostile_lines_stop_no_other() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let hostile = [
        case("def f: f; f", "null"),
        case("repeat(.)|select(false)", "null"),
        case("[range(1e18)]", "null"),
        case("\"x\" * 1e9", "null"),
        case("reduce range(1e6) as $i (.; [.])", "null"),
        case("def f: [f]; f", "null"),
        case("halt", "null"),
        case("input", "null"),
        case(".", &deep),
        case(&format!("{}.{}", "(".repeat(20_000), ")".repeat(20_000)), "null"),
        case(&".".repeat(1 << 20), "null"),
        case("\"\\u0000\" | test(\"(a+)+$\")", "null"),
        case("[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\" | test(\"^(a+)+$\")]", "null"),
    ];
    let good = case("[.a, .b] | add", "{\"a\": 1, \"b\": 2}");
    let lines: Vec<_> = hostile.iter().flat_map(|line| [line.as_str(), good.as_str()]).collect();
    let (answers, talk) = answers(&lines.join("\n"));
    assert_eq!((answers.len(), talk.as_str()), (lines.len(), ""));
    for pair in answers.chunks(2) {
        assert_eq!(pair[1], json!({ "output": "3" }), "after {}", pair[0]);
    }
    let outcome = |answer: &Value| {
        let said =
            answer["error"].as_str().or(answer["output"].as_str()).expect("either stands in an answer");
        format!(
            "{} {}",
            answer["phase"].as_str().unwrap_or("output"),
            said.chars().take(60).collect::<String>()
        )
    };
    let outcomes: Vec<_> = answers.iter().step_by(2).map(outcome).collect();
    insta::assert_snapshot!(outcomes.join("\n"), @r"
    run stopped, because it took too many steps
    run stopped, because it took too many steps
    run stopped, because it took too many steps
    run Repeat string result too long
    run stopped, because it took too many steps
    run stopped, because it went too deep
    empty the expression has no output
    run break
    run invalid JSON at byte 1001: nested deeper than 1000
    compile nested too deeply
    compile longer than 64 KiB
    output false
    output [false]
    ");
}

#[test]
fn a_partner_that_waits_gets_its_answer() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ocean-opsgenie"))
        .args(["map", "eval", "--batch"])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let mut stdin = child.stdin.take().expect("it was asked for");
    let mut stdout = BufReader::new(child.stdout.take().expect("it was asked for"));
    for number in 0..3 {
        writeln!(stdin, "{}", case(". + 1", &number.to_string())).expect("the program reads");
        let mut answer = String::new();
        stdout.read_line(&mut answer).expect("the program answers");
        assert_eq!(answer, format!("{}\n", json!({ "output": (number + 1).to_string() })));
    }
    drop(stdin);
    assert!(child.wait().expect("the program ends").success());
}

#[test]
fn ten_thousand_lines_are_answered_in_order() {
    let lines: Vec<_> = (0..10_000).map(|n| case(&format!(". + {}", n % 7), &n.to_string())).collect();
    let (answers, _) = answers(&lines.join("\n"));
    let sums: Vec<_> = (0..10_000).map(|n| json!({ "output": (n + n % 7).to_string() })).collect();
    assert_eq!(answers, sums);
}

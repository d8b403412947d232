//! The mapping language against recorded results of libjq 1.8.2.
//!
//! Each line of a corpus is one case: an expression, its input as JSON text, and either the first output as JSON text
//! or the phase in which there was none (`compile`, `run`, `empty`). Equal means the same value with integers and
//! floats kept apart, or a failure on both sides.

use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;

use ocean_opsgenie::jq::{CompileFault, Environment, Program, RunError, quote_rewrite};
use ocean_opsgenie::value::Value;

/// Names a corpus that is not part of the repository.
const CORPUS_VARIABLE: &str = "OCEAN_JQ_CORPUS";

/// How deep the inputs of the cases may nest.
const INPUT_DEPTH: usize = 1_000;

/// Cases per set that are known to differ; `docs/differences.md` says why. All are in the last digit of a function of
/// the C library, or about whether a result still counts as a path.
const KNOWN_DIFFERENCES: [(&str, usize); 1] = [("language", 3)];

/// How many cases of a set were run and equal, and what differed.
#[derive(Default)]
struct Tally {
    cases: usize,
    equal: usize,
    differing: Vec<String>,
}

/// What came of an evaluation, apart from how long it took.
fn told(outcome: &Result<Option<Value>, RunError>) -> String {
    match outcome {
        Ok(Some(output)) => output.to_string(),
        Ok(None) => "no output".to_owned(),
        Err(error) => format!("error: {error}"),
    }
}

#[derive(Default)]
struct Replay {
    programs: HashMap<String, Result<Program, Vec<CompileFault>>>,
    sets: BTreeMap<String, Tally>,
}

impl Replay {
    fn run(&mut self, lines: &str) {
        for line in lines.lines() {
            let case: serde_json::Value = serde_json::from_str(line).expect("a case is JSON");
            let field = |name: &str| case[name].as_str();
            let expression = field("expression").expect("a case has an expression");
            let source = quote_rewrite(expression);
            if let Some(rewritten) = field("filter") {
                assert_eq!(source, rewritten, "the quotes of {expression}");
            }
            let input = field("input").expect("a case has an input");
            let actual = self.outcome(&source, input);
            let tally = self.sets.entry(field("set").expect("a case has a set").to_owned()).or_default();
            tally.cases += 1;
            let equal = match (&actual, field("output")) {
                (Ok(actual), Some(expected)) => spelled(actual) == spelled(expected),
                (Err(_), None) => true,
                _ => false,
            };
            if equal {
                tally.equal += 1;
            } else {
                let expected = field("output").or(field("error")).unwrap_or("nothing");
                let input: String = input.chars().take(300).collect();
                let actual = actual.unwrap_or_else(|failure| failure);
                tally
                    .differing
                    .push(format!("{source}\n    on   {input}\n    want {expected}\n    got  {actual}"));
            }
        }
    }

    /// The first output as JSON text, or why there is none.
    fn outcome(&mut self, source: &str, input: &str) -> Result<String, String> {
        let program = self.programs.entry(source.to_owned()).or_insert_with(|| Program::compile(source));
        let program = program.as_ref().map_err(|faults| format!("compile: {faults:?}"))?;
        let input =
            Value::parse_like_jq(input.as_bytes(), INPUT_DEPTH).map_err(|error| format!("input: {error}"))?;
        let outcome = program.first(&input, &Environment::default());
        // Whatever is out of reach may be missing.
        let cut = program.first(&program.reach().cut(&input), &Environment::default());
        assert_eq!(
            told(&cut),
            told(&outcome),
            "{source} on {input}, of which it reads `{}`",
            program.reach()
        );
        match outcome {
            Ok(Some(output)) => Ok(output.to_string()),
            Ok(None) => Err("no output".to_owned()),
            Err(RunError::Defect(text)) => panic!("{source}: {text}"),
            Err(error) => Err(format!("run: {error}")),
        }
    }

    /// Fails when a set has more differing cases than are known.
    fn demand(&self) {
        for (set, tally) in &self.sets {
            let known =
                KNOWN_DIFFERENCES.iter().find(|(known, _)| known == set).map_or(0, |(_, cases)| *cases);
            let differing = tally.cases - tally.equal;
            assert!(
                differing <= known,
                "{set}: {differing} of {} cases differ, {known} are known",
                tally.cases
            );
        }
    }

    #[expect(clippy::print_stdout, reason = "shown by the test harness")]
    fn print(&self) {
        for (set, tally) in &self.sets {
            println!("{set}: {} of {} equal", tally.equal, tally.cases);
            for case in &tally.differing {
                println!("  {case}");
            }
        }
    }
}

/// The JSON text with its numbers spelled one way, but `1` and `1.0` still apart, and keys in order.
fn spelled(json: &str) -> String {
    fn respell(value: &Value, out: &mut String) {
        match value {
            Value::Number(number) => out.push_str(&number.to_text()),
            Value::Array(items) => {
                for item in items.iter() {
                    out.push(',');
                    respell(item, out);
                }
                out.push(']');
            }
            Value::Object(object) => {
                let mut pairs: Vec<_> = object.iter().collect();
                pairs.sort_by_key(|(key, _value)| *key);
                for (key, value) in pairs {
                    out.extend([&**key, "\0"]);
                    respell(value, out);
                }
                out.push('}');
            }
            other => out.push_str(&other.to_string()),
        }
    }
    let mut out = String::new();
    respell(&Value::parse(json.as_bytes()).expect("an output is JSON"), &mut out);
    out
}

/// The lines of a file, which may be compressed.
fn lines(path: &str) -> String {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("a corpus is UTF-8");
    } else {
        text = String::from_utf8(bytes).expect("a corpus is UTF-8");
    }
    text
}

/// Cases of our own, part of the repository: probes of every filter, the grammar, the language at large.
const CONFORMANCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/jq-conformance.jsonl.gz");

#[test]
fn the_conformance_cases_give_what_libjq_gives() {
    let mut replay = Replay::default();
    replay.run(&lines(CONFORMANCE));
    replay.print();
    replay.demand();
}

#[test]
fn the_named_corpus_gives_what_libjq_gives() {
    let Ok(path) = std::env::var(CORPUS_VARIABLE) else {
        println!("NOT RUN: no corpus is named; set {CORPUS_VARIABLE} to run one whole");
        return;
    };
    let mut replay = Replay::default();
    replay.run(&lines(&path));
    replay.print();
    replay.demand();
}

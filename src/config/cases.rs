//! Cases of a mapping: records, and what is expected to become of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;

use super::diagnostic::{Diagnostic, Severity};
use super::layers::type_name;
use super::mapping::locate::Locator;
use super::mapping::node::Node;
use super::place::{Place, SourceText};
use super::reader::{nearest, quoted};
use super::yaml;
use crate::model::Kind;
use crate::value::Value;

/// A record and what is expected to become of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// `name`.
    pub name: String,
    /// `kind`.
    pub kind: Kind,
    /// Where the kind stands.
    pub kind_place: Place,
    /// `record` or `file`.
    pub given: Given,
    /// `entity`, `contains`, `skipped` or `unmapped`.
    pub expected: Expected,
    /// Where the case begins.
    pub place: Place,
}

/// The record of a case.
#[derive(Clone, Debug)]
pub enum Given {
    /// `record`: it stands in the case.
    Inline(Value),
    /// `file`: it stands in a file, whose path counts from the folder of the cases.
    File(PathBuf, Place),
}

/// What is expected to become of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// `entity` or `contains`: these entities, in the order of the mapping.
    Entities(Vec<Value>, Extent),
    /// `skipped`: no entity, because every selector is false.
    Skipped,
    /// `unmapped`: no entity, because a selector failed, or identifier or blueprint name nothing.
    Unmapped,
}

/// How much of an entity is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it: a field that is not given must be absent or null.
    Whole,
    /// The part that matters: what is not given may be anything.
    Part,
}

const ROOT_KEYS: [&str; 1] = ["cases"];
const CASE_KEYS: [&str; 8] = ["name", "kind", "record", "file", "entity", "contains", "skipped", "unmapped"];
const GIVEN_KEYS: [&str; 2] = ["record", "file"];
const EXPECTED_KEYS: [&str; 4] = ["entity", "contains", "skipped", "unmapped"];

/// Reads cases: JSON when the name ends so, else YAML.
///
/// # Errors
/// Every fault at once; a key that means nothing is one, and so is a file without cases: a test that cannot fail.
pub fn read(name: &str, text: &str) -> Result<Vec<Case>, Vec<Diagnostic>> {
    let text = yaml::without_mark(text);
    let source = Arc::new(SourceText { name: name.to_owned(), text: text.to_owned() });
    let is_json = Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let document = if is_json { yaml::read_json(text) } else { yaml::read(text) };
    let document = document.map_err(|malformed| {
        let place = Place::in_file(&source, &malformed.extent(text));
        let message = format!("the cases cannot be read: {}", malformed.reason);
        vec![Diagnostic { severity: Severity::Error, message, place, hint: None }]
    })?;
    let locator = Locator::File { source, document: &document };
    let folder = Path::new(name).parent().unwrap_or(Path::new("")).to_owned();
    let mut reader = CaseReader { locator, folder, faults: Vec::new() };
    let cases = reader.cases(&Node { value: &document.value, steps: Vec::new() });
    let CaseReader { mut faults, .. } = reader;
    match cases {
        Some(cases) if faults.is_empty() => Ok(cases),
        _ => {
            Diagnostic::sort(&mut faults);
            Err(faults)
        }
    }
}

struct CaseReader<'d> {
    locator: Locator<'d>,
    folder: PathBuf,
    faults: Vec<Diagnostic>,
}

/// None of these gives a value without a fault being noted.
impl CaseReader<'_> {
    fn cases(&mut self, root: &Node<'_>) -> Option<Vec<Case>> {
        let list = root.get("cases");
        self.unknown_keys(root, &ROOT_KEYS);
        let items: Vec<_> = list.iter().flat_map(Node::items).collect();
        if items.is_empty() {
            let place =
                list.map_or_else(|| self.locator.value(&root.steps), |list| self.locator.key(&list.steps));
            let hint = "list `cases`, each with `name`, `kind`, a `record` and what is expected".to_owned();
            return self.blame("there are no cases".to_owned(), place, Some(hint));
        }
        let cases: Vec<_> = items.iter().map(|item| self.case(item)).collect();
        cases.into_iter().collect()
    }

    fn case(&mut self, node: &Node<'_>) -> Option<Case> {
        if !node.value.is_object() {
            return self.wrong_type(node, "a case", "an object");
        }
        self.unknown_keys(node, &CASE_KEYS);
        let name = self.required(node, "name").and_then(|name| self.text(&name));
        let kind = self.required(node, "kind").and_then(|kind| {
            let place = self.locator.value(&kind.steps);
            Some((self.kind(&kind)?, place))
        });
        let given = self.one_of(node, &GIVEN_KEYS).and_then(|(key, below)| match key {
            "file" => {
                let path = self.text(&below)?;
                Some(Given::File(self.folder.join(path), self.locator.value(&below.steps)))
            }
            _ if below.value.is_object() => Some(Given::Inline(value(below.value))),
            _ => self.wrong_type(&below, "`record`", "an object"),
        });
        let expected = self.one_of(node, &EXPECTED_KEYS).and_then(|(key, below)| match key {
            "entity" => self.entities(&below, Extent::Whole),
            "contains" => self.entities(&below, Extent::Part),
            "skipped" => self.yes(&below).map(|()| Expected::Skipped),
            _ => self.yes(&below).map(|()| Expected::Unmapped),
        });
        let (kind, kind_place) = kind?;
        let place = self.locator.value(&node.steps);
        Some(Case { name: name?, kind, kind_place, given: given?, expected: expected?, place })
    }

    /// One entity, or a list of them.
    fn entities(&mut self, node: &Node<'_>, extent: Extent) -> Option<Expected> {
        let entities = match node.value {
            Json::Object(_) => vec![value(node.value)],
            Json::Array(items) if !items.is_empty() && items.iter().all(Json::is_object) => {
                items.iter().map(value).collect()
            }
            _ => {
                let subject = format!("`{}`", node.key());
                return self.wrong_type(node, &subject, "an entity or a list of entities");
            }
        };
        Some(Expected::Entities(entities, extent))
    }

    fn yes(&mut self, node: &Node<'_>) -> Option<()> {
        if node.value == &Json::Bool(true) {
            return Some(());
        }
        let subject = format!("`{}`", node.key());
        self.wrong_type(node, &subject, "`true`, or left out")
    }

    fn kind(&mut self, node: &Node<'_>) -> Option<Kind> {
        let written = self.text(node)?;
        if let Ok(kind) = written.parse() {
            return Some(kind);
        }
        let kinds = Kind::ALL.map(Kind::name);
        let hint = match nearest(&written, &kinds) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the kinds are {}", quoted(&kinds)),
        };
        let place = self.locator.value(&node.steps);
        self.blame(format!("the kind `{written}` does not exist"), place, Some(hint))
    }

    fn text(&mut self, node: &Node<'_>) -> Option<String> {
        match node.value.as_str().filter(|text| !text.is_empty()) {
            Some(text) => Some(text.to_owned()),
            None => self.wrong_type(node, &format!("`{}`", node.key()), "a text that is not empty"),
        }
    }

    fn required<'v>(&mut self, node: &Node<'v>, key: &str) -> Option<Node<'v>> {
        let found = node.get(key);
        if found.is_none() {
            let place = self.locator.value(&node.steps);
            self.blame::<()>(format!("`{key}` is missing"), place, None);
        }
        found
    }

    /// The only one of these keys that is there.
    fn one_of<'v, 'k>(&mut self, node: &Node<'v>, keys: &[&'k str]) -> Option<(&'k str, Node<'v>)> {
        let mut found = keys.iter().filter_map(|key| Some((*key, node.get(key)?)));
        let first = found.next();
        if let Some((_, below)) = found.next() {
            let place = self.locator.key(&below.steps);
            return self.blame(format!("only one of {} can be given", quoted(keys)), place, None);
        }
        if first.is_none() {
            let place = self.locator.value(&node.steps);
            return self.blame(format!("one of {} is missing", quoted(keys)), place, None);
        }
        first
    }

    fn unknown_keys(&mut self, node: &Node<'_>, known: &[&str]) {
        for (key, below) in node.entries().filter(|(key, _)| !known.contains(&key.as_str())) {
            let hint = match nearest(key, known) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("the keys are {}", quoted(known)),
            };
            let place = self.locator.key(&below.steps);
            self.blame::<()>(format!("the key `{key}` is unknown"), place, Some(hint));
        }
    }

    fn wrong_type<T>(&mut self, node: &Node<'_>, subject: &str, expected: &str) -> Option<T> {
        let message = format!("{subject} must be {expected}, not {}", type_name(node.value));
        let place = self.locator.value(&node.steps);
        self.blame(message, place, None)
    }

    fn blame<T>(&mut self, message: String, place: Place, hint: Option<String>) -> Option<T> {
        self.faults.push(Diagnostic { severity: Severity::Error, message, place, hint });
        None
    }
}

/// A value as records and entities have it.
fn value(json: &Json) -> Value {
    Value::parse(json.to_string().as_bytes()).expect("what was read as YAML or JSON is written as JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> String {
        let faults = read("cases.yaml", text).expect_err("it is at fault");
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn cases_are_read() {
        let cases = read(
            "dir/cases.yaml",
            "cases:\n- {name: a, kind: alert, record: {id: x, count: 1.5}, entity: {identifier: x}}\n\
             - {name: b, kind: schedule-on-call, file: x.json, contains: [{}, {title: t}]}\n\
             - {name: c, kind: team, record: {}, skipped: true}\n- {name: d, kind: user, record: {}, unmapped: true}\n",
        )
        .expect("the cases are right");
        let expected: Vec<_> =
            cases.iter().map(|case| format!("{} {:?}", case.kind, case.expected)).collect();
        insta::assert_snapshot!(expected.join("\n"), @r#"
        alert Entities([Object(Object { entries: [("identifier", String("x"))], index: None })], Whole)
        schedule-oncall Entities([Object(Object { entries: [], index: None }), Object(Object { entries: [("title", String("t"))], index: None })], Part)
        team Skipped
        user Unmapped
        "#);
        assert!(matches!(&cases[1].given, Given::File(path, _) if path == Path::new("dir/x.json")));
        assert!(
            matches!(&cases[0].given, Given::Inline(record) if record.to_string() == r#"{"id":"x","count":1.5}"#)
        );
    }

    #[test]
    fn what_is_wrong_with_cases_is_told_at_once() {
        insta::assert_snapshot!(faults(
            "cases:\n- {name: a, kind: alrt, record: [], entity: x}\n- nme: b\n  kind: alert\n  record: {}\n  file: x\n\
             - {name: '', kind: 5, record: {}, skipped: false}\n- {name: d, kind: alert, record: {}, entity: {}, contains: {}}\n\
             - text\nextra: 1\n"
        ), @r"
        error: the kind `alrt` does not exist
          --> cases.yaml:2:19
           |
         2 | - {name: a, kind: alrt, record: [], entity: x}
           |                   ^^^^
          hint: did you mean `alert`?
        error: `record` must be an object, not a list
          --> cases.yaml:2:33
           |
         2 | - {name: a, kind: alrt, record: [], entity: x}
           |                                 ^^
        error: `entity` must be an entity or a list of entities, not a text
          --> cases.yaml:2:45
           |
         2 | - {name: a, kind: alrt, record: [], entity: x}
           |                                             ^
        error: the key `nme` is unknown
          --> cases.yaml:3:3
           |
         3 | - nme: b
           |   ^^^
          hint: did you mean `name`?
        error: `name` is missing
          --> cases.yaml:3:3
           |
         3 | - nme: b
           |   ^^^^^^
        error: one of `entity`, `contains`, `skipped`, `unmapped` is missing
          --> cases.yaml:3:3
           |
         3 | - nme: b
           |   ^^^^^^
        error: only one of `record`, `file` can be given
          --> cases.yaml:6:3
           |
         6 |   file: x
           |   ^^^^
        error: `name` must be a text that is not empty, not an empty text
          --> cases.yaml:7:10
           |
         7 | - {name: '', kind: 5, record: {}, skipped: false}
           |          ^^
        error: `kind` must be a text that is not empty, not a number
          --> cases.yaml:7:20
           |
         7 | - {name: '', kind: 5, record: {}, skipped: false}
           |                    ^
        error: `skipped` must be `true`, or left out, not a boolean
          --> cases.yaml:7:44
           |
         7 | - {name: '', kind: 5, record: {}, skipped: false}
           |                                            ^^^^^
        error: only one of `entity`, `contains`, `skipped`, `unmapped` can be given
          --> cases.yaml:8:50
           |
         8 | - {name: d, kind: alert, record: {}, entity: {}, contains: {}}
           |                                                  ^^^^^^^^
        error: a case must be an object, not a text
          --> cases.yaml:9:3
           |
         9 | - text
           |   ^^^^
        error: the key `extra` is unknown
          --> cases.yaml:10:1
            |
         10 | extra: 1
            | ^^^^^
          hint: the keys are `cases`
        ");
    }

    #[test]
    fn a_test_that_cannot_fail_is_none() {
        insta::assert_snapshot!(faults("cases: []\n"), @r"
        error: there are no cases
          --> cases.yaml:1:1
           |
         1 | cases: []
           | ^^^^^
          hint: list `cases`, each with `name`, `kind`, a `record` and what is expected
        ");
        insta::assert_snapshot!(faults(""), @r"
        error: there are no cases
          --> cases.yaml:1:1
           |
         1 | 
           | ^
          hint: list `cases`, each with `name`, `kind`, a `record` and what is expected
        ");
        insta::assert_snapshot!(faults("cases: [{"), @r"
        error: the cases cannot be read: did not find expected node content
          --> cases.yaml:1:10
           |
         1 | cases: [{
           |          ^
        ");
        insta::assert_snapshot!(faults("cases: [{name: a, kind: alert, record: {}, contains: []}]"), @r"
        error: `contains` must be an entity or a list of entities, not a list
          --> cases.yaml:1:54
           |
         1 | cases: [{name: a, kind: alert, record: {}, contains: []}]
           |                                                      ^^
        ");
    }
}

//! The fields of the report: from one table the schema, and the tables of `docs/report.md`.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::{Exit, Explanation};
use crate::model::Kind;
use crate::schema::{self, described, object};

/// A field of the report.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its path, such as `kinds[].listed`; `?` stands behind what may be absent.
    pub path: &'static str,
    /// What it holds.
    form: Form,
    /// What it means, in Markdown; links count from `docs/`.
    pub meaning: &'static str,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
enum Form {
    Text,
    Texts,
    Count,
    /// Counted from 1.
    Position,
    Seconds,
    Code,
    Kind,
    Explanation,
    Word(&'static [&'static str]),
    Any,
}

/// The words of [`super::Cause`].
const CAUSES: &[&str] = &[
    "stopped",
    "configuration",
    "permission",
    "unexpected",
    "unavailable",
    "incomplete",
    "guarded",
    "refused",
];

const fn field(path: &'static str, form: Form, meaning: &'static str) -> Field {
    Field { path, form, meaning }
}

/// Every field, in the order in which a report has them.
pub const FIELDS: &[Field] = &[
    field("version", Form::Text, "the version of this program"),
    field("integration", Form::Text, "the identifier of the integration"),
    field("resync", Form::Text, "the id under which the catalog knows this resync"),
    field("mode", Form::Word(&["apply", "plan"]), "`apply`, or `plan` when nothing was written"),
    field("durationSeconds", Form::Seconds, "from the first to the last call"),
    field("exitCode", Form::Code, "the code of the process: [exit-codes.md](exit-codes.md)"),
    field(
        "causes[].cause",
        Form::Word(CAUSES),
        "what kept the pass from being simply done: a word of [exit-codes.md](exit-codes.md)",
    ),
    field("causes[].detail", Form::Text, "what happened; of `stopped` the signal"),
    field(
        "faults?[].severity",
        Form::Word(&["error", "warning", "note"]),
        "`error`; `warning` for what works and is probably not meant so; `note` for what works and has \
         another name",
    ),
    field("faults?[].message", Form::Text, "what is wrong"),
    field("faults?[].hint?", Form::Text, "what to do"),
    field("faults?[].file?", Form::Text, "the file, or the folder"),
    field(
        "faults?[].line?",
        Form::Position,
        "where it begins, from 1, in characters: in the file, or in the expression where there is no file",
    ),
    field(
        "faults?[].column?",
        Form::Position,
        "where it begins, from 1, in characters: in the file, or in the expression where there is no file",
    ),
    field("faults?[].endLine?", Form::Position, "where it ends: the position after the last character"),
    field("faults?[].endColumn?", Form::Position, "where it ends: the position after the last character"),
    field(
        "faults?[].text?",
        Form::Text,
        "the line as it is shown to people: a long one is cut, and no credential is in it",
    ),
    field(
        "faults?[].resource?",
        Form::Position,
        "in a mapping that the catalog holds: the position of the resource, from 1",
    ),
    field("faults?[].kind?", Form::Text, "its kind, as it is written"),
    field("faults?[].field?", Form::Text, "the field, such as `properties.url`"),
    field("faults?[].expression?", Form::Text, "what the field holds, where the fault is in an expression"),
    field("faults?[].setting?", Form::Text, "the variable of the setting"),
    field(
        "faults?[].variable?",
        Form::Text,
        "where its value came from: a variable as it is spelled there, or a flag",
    ),
    field(
        "faults?[].flag?",
        Form::Text,
        "where its value came from: a variable as it is spelled there, or a flag",
    ),
    field("faults?[].key?", Form::Text, "the key below the variable or in `config.yaml`"),
    field("kinds[].kind", Form::Kind, "which kind"),
    field("kinds[].listed", Form::Count, "records that Opsgenie gave"),
    field("kinds[].enriched", Form::Count, "records to which something was joined"),
    field("kinds[].mapped", Form::Count, "entities that came out of the mapping"),
    field("kinds[].skipped", Form::Count, "items that a selector left out"),
    field("kinds[].unmapped", Form::Count, "items without a usable selector result, identifier or blueprint"),
    field("kinds[].created", Form::Count, "entities that were not in the catalog"),
    field("kinds[].updated", Form::Count, "entities that differed"),
    field(
        "kinds[].unchanged",
        Form::Count,
        "entities that were already as mapped; nothing is written for them",
    ),
    field(
        "kinds[].refused",
        Form::Count,
        "entities that the catalog refused, that could not have been accepted, or that a failed call lost",
    ),
    field(
        "kinds[].merged",
        Form::Count,
        "entities that were joined to, or replaced by, another one of the same key",
    ),
    field(
        "kinds[].deleted",
        Form::Count,
        "entities that went, in the blueprints that this kind is the first to feed",
    ),
    field(
        "kinds[].kept",
        Form::Count,
        "entities that would have gone there, but for a guard, an incomplete kind or a dependent",
    ),
    field(
        "kinds[].verdict",
        Form::Word(&["complete", "degraded", "incomplete"]),
        "`complete`; `degraded`: every record was seen, but a lookup failed; or `incomplete`. Only for a \
         complete kind anything is deleted",
    ),
    field("kinds[].gaps", Form::Texts, "why it is not complete"),
    field("kinds[].durationSeconds", Form::Seconds, "from its first call to its last entity"),
    field("plan?.setUp", Form::Texts, "what the set-up of a first pass would do, a sentence each"),
    field("plan?.blueprints[].blueprint", Form::Text, "which blueprint"),
    field("plan?.blueprints[].create", Form::Count, "entities that are not in the catalog"),
    field(
        "plan?.blueprints[].update",
        Form::Count,
        "entities that differ, and those that the catalog is to find by a search: they are always sent",
    ),
    field("plan?.blueprints[].unchanged", Form::Count, "entities that are already as mapped"),
    field("plan?.blueprints[].delete", Form::Count, "entities that would go"),
    field(
        "plan?.blueprints[].blocked",
        Form::Count,
        "entities that could not be sent, one by one or with their whole blueprint",
    ),
    field(
        "plan?.blueprints[].steps[].step",
        Form::Word(&["create", "update", "send", "delete", "blocked"]),
        "`create`, `update`, `send` (found by a search), `delete` or `blocked`",
    ),
    field(
        "plan?.blueprints[].steps[].identifier",
        Form::Text,
        "the entity's identifier, or the search as JSON",
    ),
    field("plan?.blueprints[].steps[].kind?", Form::Kind, "the kind of its record; absent of a deletion"),
    field("plan?.blueprints[].steps[].title?", Form::Any, "its title, where one is mapped"),
    field(
        "plan?.blueprints[].steps[].changes?[].field",
        Form::Text,
        "of an update: a field that differs, such as `properties.url`",
    ),
    field(
        "plan?.blueprints[].steps[].changes?[].old",
        Form::Any,
        "its value in the catalog; null where it has none",
    ),
    field("plan?.blueprints[].steps[].changes?[].new", Form::Any, "its value as it would be"),
    field("plan?.blueprints[].steps[].reason?", Form::Text, "why it would not be sent"),
    field(
        "plan?.peer?.entities",
        Form::Count,
        "with `--against-peer`: entities that Port's own integration wrote, of the blueprints that the \
         mapping feeds",
    ),
    field(
        "plan?.peer?.differences[].what",
        Form::Text,
        "a sort of difference: the kind and the field, or what is missing",
    ),
    field(
        "plan?.peer?.differences[].explanation?",
        Form::Explanation,
        "the row of [differences.md](differences.md) that explains it; absent: nothing does",
    ),
    field("plan?.peer?.differences[].count", Form::Count, "how many entities differ so"),
    field("plan?.peer?.differences[].examples", Form::Texts, "the first few, as `blueprint/identifier`"),
    field("plan?.lookups[].lookup", Form::Text, "a field that may be joined to the records of a mapped kind"),
    field("plan?.lookups[].kind", Form::Kind, "the kind"),
    field(
        "plan?.lookups[].readBy",
        Form::Texts,
        "the fields of the mapping that may read it; empty: it is not fetched",
    ),
    field("deletions[].blueprint", Form::Text, "which blueprint"),
    field("deletions[].deleted", Form::Count, "entities that went"),
    field(
        "deletions[].kept",
        Form::Count,
        "entities that would have gone, but for a guard, an incomplete kind, a dependent, a failure, or \
         because they were put back",
    ),
    field(
        "deletions[].reason?",
        Form::Text,
        "why they were kept; absent when none was. The rules: [deletion.md](deletion.md)",
    ),
    field(
        "undo?",
        Form::Word(&["run", "never"]),
        "whether what was deleted [can be put back](deletion.md#putting-it-back): `run`, by the id in \
         `resync`, or `never`; absent when nothing was deleted",
    ),
    field("refusals[].message", Form::Text, "the catalog's own words"),
    field("refusals[].count", Form::Count, "how many entities"),
    field("refusals[].examples", Form::Texts, "the first few, as `blueprint/identifier`"),
    field("expressions[].resource", Form::Position, "the position of the resource in the mapping, from 1"),
    field("expressions[].kind", Form::Text, "its kind"),
    field("expressions[].field", Form::Text, "the field, such as `properties.url`"),
    field("expressions[].expression", Form::Text, "its text"),
    field("expressions[].count", Form::Count, "how many items it failed for"),
    field("expressions[].examples", Form::Texts, "the ids of the first such records"),
    field("expressions[].message", Form::Text, "what jq said the first time"),
    field("nulls[].resource", Form::Position, "the position of the resource in the mapping, from 1"),
    field("nulls[].kind", Form::Text, "its kind"),
    field("nulls[].field", Form::Text, "the field, such as `properties.url`"),
    field("nulls[].expression", Form::Text, "its text"),
    field("nulls[].count", Form::Count, "how many items it was null for"),
    field("nulls[].of", Form::Count, "how many entities were mapped with it"),
    field("nulls[].examples", Form::Texts, "the ids of the first such records"),
    field("warnings", Form::Texts, "anything else that somebody should know"),
    field(
        "opsgenie.calls",
        Form::Count,
        "calls, retries included; `progress`: those that [told the catalog's \
         pages](#what-the-catalogs-pages-show) how the pass goes, which are not among `catalog`",
    ),
    field("opsgenie.retries", Form::Count, "how many of them were retries"),
    field("opsgenie.bytesSent", Form::Count, "bytes of bodies sent"),
    field("opsgenie.bytesReceived", Form::Count, "bytes of bodies received"),
    field(
        "opsgenie.waitedSeconds",
        Form::Seconds,
        "time spent waiting for a pace or before a retry, summed over calls",
    ),
    field(
        "catalog.calls",
        Form::Count,
        "calls, retries included; `progress`: those that [told the catalog's \
         pages](#what-the-catalogs-pages-show) how the pass goes, which are not among `catalog`",
    ),
    field("catalog.retries", Form::Count, "how many of them were retries"),
    field("catalog.bytesSent", Form::Count, "bytes of bodies sent"),
    field("catalog.bytesReceived", Form::Count, "bytes of bodies received"),
    field(
        "catalog.waitedSeconds",
        Form::Seconds,
        "time spent waiting for a pace or before a retry, summed over calls",
    ),
    field(
        "progress.calls",
        Form::Count,
        "calls, retries included; `progress`: those that [told the catalog's \
         pages](#what-the-catalogs-pages-show) how the pass goes, which are not among `catalog`",
    ),
    field("progress.retries", Form::Count, "how many of them were retries"),
    field("progress.bytesSent", Form::Count, "bytes of bodies sent"),
    field("progress.bytesReceived", Form::Count, "bytes of bodies received"),
    field(
        "progress.waitedSeconds",
        Form::Seconds,
        "time spent waiting for a pace or before a retry, summed over calls",
    ),
];

/// The JSON Schema of the report of a pass or a plan, and of what a command says that ends before it has one.
pub fn schema() -> Value {
    let all: Vec<(&str, &Field)> = FIELDS.iter().map(|field| (field.path, field)).collect();
    let checked = described("What `validate` has looked at", values(Form::Texts));
    let faults = json!({ "$ref": "#/$defs/report/properties/faults" });
    let code = described("The code of the process", values(Form::Code));
    let refusal =
        object([("exitCode", code), ("checked", checked), ("faults", faults)], &["exitCode", "faults"]);
    schema::document(
        "report",
        "Report of ocean-opsgenie",
        "What a pass or a plan did, or why there was none. Times are in seconds.",
        json!({
            "if": { "type": "object", "required": ["resync"] },
            "then": { "$ref": "#/$defs/report" },
            "else": { "$ref": "#/$defs/refusal" },
            "$defs": { "report": whole(&all), "refusal": refusal },
        }),
    )
}

/// An object of these fields, each with the rest of its path.
fn whole(fields: &[(&str, &Field)]) -> Value {
    let mut children: IndexMap<&str, Vec<(&str, &Field)>> = IndexMap::new();
    for (path, field) in fields {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        children.entry(name).or_default().push((rest, field));
    }
    let (mut schemas, mut required) = (Map::new(), Vec::new());
    for (segment, below) in children {
        let name = segment.trim_end_matches("[]").trim_end_matches('?');
        let schema = match below.as_slice() {
            [("", field)] => described(field.meaning, values(field.form)),
            below => whole(below),
        };
        let is_list = segment.ends_with("[]");
        let schema = if is_list { json!({ "type": "array", "items": schema }) } else { schema };
        schemas.insert(name.to_owned(), schema);
        if !segment.contains('?') {
            required.push(name);
        }
    }
    object(schemas, &required)
}

fn values(form: Form) -> Value {
    match form {
        Form::Text => json!({ "type": "string" }),
        Form::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Form::Count => json!({ "type": "integer", "minimum": 0 }),
        Form::Position => json!({ "type": "integer", "minimum": 1 }),
        Form::Seconds => json!({ "type": "number", "minimum": 0 }),
        Form::Code => {
            let mut codes = Exit::PRECEDENCE.map(Exit::code);
            codes.sort_unstable();
            json!({ "enum": codes })
        }
        Form::Kind => json!({ "enum": Kind::ALL.map(Kind::name) }),
        Form::Explanation => json!({ "enum": Explanation::ALL.map(Explanation::row) }),
        Form::Word(words) => json!({ "enum": words }),
        Form::Any => json!({}),
    }
}

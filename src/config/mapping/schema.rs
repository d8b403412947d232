//! The schema of a mapping file, over the keys that the reader knows.

use serde_json::{Map, Value, json};

use super::read::{ENTITY_KEYS, MAPPING_KEYS, PORT_KEYS, RESOURCE_KEYS, ROOT_KEYS, defaults};
use super::selector::{DETAILS_OF, MEMBERS_OF, PARAMETERS_OF, SELECTOR_KEYS};
use crate::config::names::snake_case;
use crate::model::Kind;
use crate::model::filter::{Field, Form};
use crate::schema::{self, described, object};

/// The JSON Schema of a mapping, for a file that is checked in: a key without meaning, which a pass only warns of, is
/// refused as `validate` refuses it. Expressions are texts to it.
pub fn schema() -> Value {
    let [dependents, related, merge, threshold, resources] = ROOT_KEYS;
    let truth = |description: &str| described(description, reference("truth"));
    let mut fields = Map::from_iter([
        (
            dependents.to_owned(),
            truth(
                "Whether a deletion takes along what depends on the entity; read and checked, this version never does",
            ),
        ),
        (related.to_owned(), truth("Whether the catalog makes a bare entity where a relation leads to none")),
        (
            merge.to_owned(),
            truth("Whether what is not mapped stays as it is; off: it is removed when the entity is written"),
        ),
        (
            threshold.to_owned(),
            described(
                "The share of ours in a blueprint that one pass may delete; 0 never deletes, 1 always may",
                json!({ "type": ["number", "null"], "minimum": 0, "maximum": 1 }),
            ),
        ),
    ]);
    for (key, default) in defaults() {
        fields[key]["default"] = default;
    }
    let list = json!({ "type": "array", "items": resource() });
    fields.insert(
        resources.to_owned(),
        described("One entry per kind and purpose; a kind may stand in several", list),
    );
    let mut root = object(fields, &[resources]);
    root["$defs"] = json!({
        "expression": { "type": ["string", "number", "boolean"] },
        "truth": { "type": ["boolean", "string", "null"], "pattern": schema::one_of_any_case(["true", "false"]) },
        "template": {
            "anyOf": [
                reference("expression"),
                { "type": "object", "additionalProperties": reference("template") },
                { "type": "array", "items": reference("template") },
            ],
        },
        "search": search(),
    });
    schema::document(
        "mapping",
        "Mapping of ocean-opsgenie",
        "Which records become which entities. Expressions are jq; a bare number or boolean is the expression that it spells.",
        root,
    )
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn expression(description: &str) -> Value {
    described(description, reference("expression"))
}

/// What a key may hold, or nothing: null is absence.
fn optional(description: &str, schema: &Value) -> Value {
    described(description, json!({ "anyOf": [schema, { "type": "null" }] }))
}

fn resource() -> Value {
    let [kind, selector, port] = RESOURCE_KEYS;
    let kinds: Vec<&str> = Kind::names().map(|(name, _)| name).collect();
    let fields = [
        (kind, described("Which records", json!({ "enum": kinds }))),
        (selector, self::selector()),
        (port, self::port()),
    ];
    let mut resource = object(fields, &[kind, selector, port]);
    resource["allOf"] = Kind::ALL.into_iter().map(of_kind).collect();
    resource
}

fn selector() -> Value {
    let [query, members, details, parameters, variables] = SELECTOR_KEYS;
    let fields = [
        (query, expression("Gives true for the records that count; `\"true\"` takes all")),
        (members, described("Of `team`: whether `__members` is joined", reference("truth"))),
        (
            details,
            described(
                "Of `alert`: whether each is read whole, with `description`, `details`, `entity` and `actions`",
                reference("truth"),
            ),
        ),
        (
            parameters,
            described(
                "Of `alert` and `incident`: a filter that Opsgenie applies; of `schedule`: `expand: rotation`",
                json!({ "type": ["object", "null"] }),
            ),
        ),
        (variables, json!({ "description": "Belongs to a service of Port; it has no meaning here" })),
    ];
    described("Which of the records count, and what Opsgenie is asked for", object(fields, &[query]))
}

/// What a kind allows in its selector.
fn of_kind(kind: Kind) -> Value {
    let [_, members, details, parameters, _] = SELECTOR_KEYS;
    let misplaced = |key: &str, kinds: &[Kind]| {
        (!kinds.contains(&kind)).then(|| (key.to_owned(), json!({ "type": "null" })))
    };
    let mut fields: Map<String, Value> = [
        misplaced(members, &MEMBERS_OF),
        misplaced(details, &DETAILS_OF),
        misplaced(parameters, &PARAMETERS_OF),
    ]
    .into_iter()
    .flatten()
    .collect();
    match kind {
        Kind::Schedule => {
            let expand =
                described("`rotation` brings `rotations` along", json!({ "enum": ["rotation", null] }));
            fields.insert(parameters.to_owned(), or_null(object([("expand", expand)], &[])));
        }
        Kind::Alert | Kind::Incident => {
            fields.insert(parameters.to_owned(), or_null(filter(kind)));
        }
        Kind::Service | Kind::Team | Kind::ScheduleOncall | Kind::User | Kind::WebhookEvent => {}
    }
    let [name, selector, _] = RESOURCE_KEYS;
    let names: Vec<&str> = Kind::names().filter(|(_, known)| *known == kind).map(|(name, _)| name).collect();
    json!({
        "if": { "properties": { name: { "enum": names } }, "required": [name] },
        "then": { "properties": { selector: { "properties": fields } } },
    })
}

fn or_null(mut object: Value) -> Value {
    object["type"] = json!(["object", "null"]);
    object
}

/// What may be asked of the listing of a kind, in both spellings; editors offer that of the search language.
fn filter(kind: Kind) -> Value {
    let text = described(
        "A text in Opsgenie's search language, sent as it is",
        json!({ "type": ["string", "null"], "pattern": r"\S" }),
    );
    let fields = Field::of(kind).filter_map(|field| Some((field.name(), values(field.form(kind)?))));
    let mut filter = object(fields.chain([("query", text)]), &[]);
    let others = Field::of(kind).map(Field::name).filter(|name| snake_case(name) != *name);
    let patterns =
        others.map(|name| (format!("^{}$", schema::literal(&snake_case(name))), values_of(kind, name)));
    filter["patternProperties"] = patterns.collect::<Map<_, _>>().into();
    filter
}

fn values_of(kind: Kind, name: &str) -> Value {
    Field::named(name).and_then(|field| field.form(kind)).map_or(Value::Bool(false), values)
}

/// What a field of a filter may hold; null is absence.
fn values(form: Form) -> Value {
    match form {
        Form::Time => json!({
            "description": "A date, an instant, `-7d`, a range `from..until`, or `>=` and the like before one",
            "type": ["string", "integer", "array", "null"], "pattern": r"\S",
            "items": { "type": ["string", "integer"] }, "minItems": 1, "maxItems": 1,
        }),
        Form::Count => json!({
            "description": "A whole number, a range `3..9`, or `>=` and the like before one",
            "type": ["string", "integer", "array", "null"], "pattern": r"\S",
            "items": { "type": ["string", "integer"] }, "minItems": 1, "maxItems": 1,
        }),
        Form::Flag => {
            let pattern = schema::one_of_any_case(["true", "false"]);
            json!({
                "type": ["boolean", "string", "array", "null"], "pattern": pattern,
                "items": { "type": ["boolean", "string"], "pattern": pattern }, "minItems": 1, "maxItems": 1,
            })
        }
        Form::Choice(words) => {
            let one = schema::one_of_any_case(words.iter().copied());
            let word = one.trim_start_matches(r"^\s*").trim_end_matches(r"\s*$");
            let several = format!(r"^\s*{word}(?:\s*,\s*{word})*\s*$");
            let item = json!({ "anyOf": [{ "enum": words }, { "type": "string", "pattern": one }] });
            json!({ "anyOf": [
                { "enum": words },
                { "type": "string", "pattern": several },
                { "type": "array", "items": item, "minItems": 1 },
                { "type": "null" },
            ] })
        }
        Form::Name | Form::Names | Form::Words => json!({
            "description": "A text, or a list of which one is enough",
            "type": ["string", "number", "boolean", "array", "null"], "pattern": r"\S",
            "items": { "type": ["string", "number", "boolean"], "pattern": r"\S" }, "minItems": 1,
        }),
    }
}

fn port() -> Value {
    let [entity, items, name, transform] = PORT_KEYS;
    let [mappings] = ENTITY_KEYS;
    let several = json!({ "anyOf": [mapping(), { "type": "array", "items": mapping() }] });
    let entity_schema = object(
        [(mappings, described("The entities that each record becomes: one, or a list", several))],
        &[mappings],
    );
    let fields = [
        (entity, entity_schema),
        (
            items,
            optional(
                "Gives a list: each of its elements makes entities of its own",
                &reference("expression"),
            ),
        ),
        (
            name,
            described(
                "The key under which an element is found",
                json!({ "type": ["string", "null"], "minLength": 1, "default": super::read::DEFAULT_ITEM_NAME }),
            ),
        ),
        (
            transform,
            described("Whether the list is taken out of the record (default true)", reference("truth")),
        ),
    ];
    described("What becomes of them", object(fields, &[entity]))
}

fn mapping() -> Value {
    let [identifier, title, icon, team, blueprint, properties, relations] = MAPPING_KEYS;
    let or_search = json!({ "anyOf": [reference("expression"), reference("search")] });
    let relation = json!({ "anyOf": [
        reference("expression"),
        reference("search"),
        { "type": "array", "items": reference("expression") },
    ] });
    let fields = [
        (identifier, described("The entity's identifier, or a search for the entity", or_search.clone())),
        (title, optional("Its title", &reference("expression"))),
        (icon, optional("Its icon", &reference("expression"))),
        (team, optional("Its team, or a search for it", &or_search)),
        (
            blueprint,
            expression("Its blueprint: a text of its own is in quotes, inside quotes: `'\"opsGenieAlert\"'`"),
        ),
        (
            properties,
            described(
                "Its properties by name",
                json!({ "type": ["object", "null"], "additionalProperties": reference("template") }),
            ),
        ),
        (
            relations,
            described(
                "Its relations by name: the identifier of another entity, a list of them, or a search",
                json!({ "type": ["object", "null"], "additionalProperties": relation }),
            ),
        ),
    ];
    object(fields, &[identifier, blueprint])
}

/// A search of the catalog (<https://docs.port.io/search-and-query/structure-and-syntax>) whose leaves are expressions.
fn search() -> Value {
    let rule = json!({
        "type": "object",
        "properties": {
            "property": expression("Which property, such as `'\"$title\"'`"),
            "operator": expression("Such as `'\"=\"'`"),
            "value": described("What it is compared with", reference("template")),
        },
        "required": ["operator"],
        "additionalProperties": reference("template"),
    });
    let rules = json!({ "type": "array", "items": { "anyOf": [reference("search"), rule] } });
    let fields = [
        ("combinator", expression("`'\"and\"'` or `'\"or\"'`")),
        ("rules", described("What must hold: rules, or searches again", rules)),
    ];
    described(
        "A search that the catalog resolves; its leaves are expressions",
        object(fields, &["combinator", "rules"]),
    )
}

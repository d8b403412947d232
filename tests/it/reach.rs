//! What is out of a program's reach may be missing, and nobody can tell: for programs at random, and for whole mappings
//! whose lookups are cut to it.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use ocean_opsgenie::config::MappingFile;
use ocean_opsgenie::enrich::{Enriched, Lookups, Wanted};
use ocean_opsgenie::http::{Client, Options, Proxy};
use ocean_opsgenie::jq::{Environment, Program};
use ocean_opsgenie::map::{Rules, Tally};
use ocean_opsgenie::model::{Entity, Kind, RuleId};
use ocean_opsgenie::opsgenie::{Listing, Opsgenie, Rotations};
use ocean_opsgenie::sandbox::{self, Sandbox};
use ocean_opsgenie::secret::Secret;
use ocean_opsgenie::value::Value;
use proptest::prelude::*;

/// Values whose keys are those that programs name.
fn values() -> impl Strategy<Value = String> {
    let scalars =
        prop::sample::select(vec!["null", "false", "true", "0", "1.50", "\"\"", "\"a\"", "\"text\""]);
    scalars.prop_map(str::to_owned).prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((prop::sample::select(vec!["a", "b", "c", "d"]), inner), 0..5).prop_map(
                |pairs| {
                    let pairs: Vec<_> =
                        pairs.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                    format!("{{{}}}", pairs.join(","))
                }
            ),
        ]
    })
}

/// What programs are put together from; `A` and `B` are programs.
const FORMS: [&str; 48] = [
    "A | B",
    "A | B",
    "A | B",
    "A, B",
    "A // B",
    "[A]",
    "[A] | length",
    "[A] | .[] | B",
    "A | .[]",
    "A | .[]?",
    "A | .[] | B",
    "A | map(B)",
    "A | map(select(B))",
    "A | select(B)",
    "if A then B else . end",
    "if A then B end",
    "A as $x | B",
    ". as $x | A | $x | B",
    ". as {a: $x, b: $y} | [$x, $y, A]",
    ". as [$x] | A",
    "{a: A, b: B}",
    "{a: A} | .a | B",
    "first(A)",
    "last(A)",
    "isempty(A)",
    "try A catch B",
    "(A)?",
    "A == B",
    "A and B",
    "A | not",
    "reduce (A) as $x (0; . + 1)",
    "[foreach (A) as $x (0; . + 1)]",
    "A | length",
    "A | keys",
    "A | tojson",
    "A | has(\"a\")",
    "A | to_entries",
    "A | [..]",
    "A | any",
    "A | add",
    "[limit(2; A)]",
    "A | .[B]?",
    "A | .[1:]?",
    "label $out | A, break $out",
    "A | del(.a)",
    "A | .a = 1",
    "A | error",
    "[paths]",
];

fn programs() -> impl Strategy<Value = String> {
    let leaves = prop::sample::select(vec![
        ".", ".a", ".b", ".c", ".a.b", ".a?", ".a[]?", ".a[].b", ".a[0]", "1", "null", "empty",
    ]);
    leaves.prop_map(str::to_owned).prop_recursive(4, 24, 2, |inner| {
        (prop::sample::select(&FORMS[..]), inner.clone(), inner).prop_map(|(form, a, b)| {
            let parts = form.chars().map(|char| match char {
                'A' => format!("({a})"),
                'B' => format!("({b})"),
                other => other.to_string(),
            });
            parts.collect()
        })
    })
}

/// What came of an evaluation, errors word for word.
fn outcome(program: &Program, input: &Value) -> String {
    match program.first(input, &Environment::default()) {
        Ok(Some(output)) => output.to_string(),
        Ok(None) => "nothing".to_owned(),
        Err(error) => format!("error: {error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn a_program_cannot_tell_what_is_out_of_its_reach(source in programs(), value in values()) {
        let program = Program::compile(&source).expect("valid");
        let value = Value::parse(value.as_bytes()).expect("valid");
        let cut = program.reach().cut(&value);
        prop_assert_eq!(outcome(&program, &cut), outcome(&program, &value), "of which it reads `{}`", program.reach());
        prop_assert_eq!(program.reach().cut(&cut).to_string(), cut.to_string());
    }
}

fn account(sandbox: &Sandbox) -> Opsgenie {
    let http = Client::new(Options { proxy: Proxy::Direct, ..Options::default() }).expect("a client");
    Opsgenie::new(http, &sandbox.opsgenie().url(), Secret::new(Sandbox::API_KEY)).expect("a source")
}

fn shown(entity: &Entity) -> String {
    let Entity { blueprint, identifier, title, icon, team, properties, relations } = entity;
    let [properties, relations] = [properties, relations].map(|fields| fields.clone().map(Value::object));
    let fields = [title, icon, team, &properties, &relations];
    let fields = fields.map(|field| field.as_ref().map(Value::to_string));
    format!("{blueprint} {identifier:?} {fields:?}")
}

/// Every entity of a mapping, with all counts, and the bytes of what was joined and kept.
async fn harvest(source: &Opsgenie, rules: &Rules, wanted: &Wanted) -> (Vec<String>, usize) {
    let lookups = Lookups::new(source, wanted);
    let (mut entities, mut bytes) = (Vec::new(), 0);
    for kind in rules.kinds() {
        let ids: Vec<RuleId> = rules.iter().filter(|rule| rule.kind == kind).map(|rule| rule.id).collect();
        let mut pages = lookups.pages(&Listing { rotations: wanted.rotations, ..Listing::all(kind) });
        let mut tally = Tally::default();
        while let Some(page) = pages.next().await {
            for Enriched { record, failed } in lookups.enrich_all(page.expect("a page").records).await {
                bytes += record.body.to_bytes().len();
                let mut mapped = Vec::new();
                rules.apply(&record, &failed, &ids, &mut tally, &mut mapped);
                entities.extend(mapped.iter().map(|mapped| format!("{kind} {}", shown(&mapped.entity))));
            }
        }
        entities.push(format!("{kind} {tally:?}"));
    }
    (entities, bytes)
}

fn rules(text: &str) -> Rules {
    let (file, _) = MappingFile::from_text("mapping.yaml", text).expect("a mapping");
    Rules::compile(&file, Environment::default()).expect("it compiles")
}

/// Every kind, with one property.
fn mapping_of(expression: &str) -> String {
    let resource = |kind: &Kind| {
        let selector = match kind {
            Kind::Team => "{query: 'true', includeMembers: true}",
            _ => "{query: 'true'}",
        };
        let expression = serde_json::Value::from(expression);
        format!(
            "  - kind: {kind}\n    selector: {selector}\n    port: {{entity: {{mappings: {{identifier: .id, blueprint: \
             '\"b\"', properties: {{p: {expression}}}}}}}}}\n"
        )
    };
    format!("resources:\n{}", Kind::LISTED.iter().map(resource).collect::<String>())
}

#[tokio::test]
async fn mappings_give_the_same_entities_when_what_is_kept_is_cut() {
    let expressions = [
        ".id",
        "..",
        "keys",
        "tojson",
        "has(\"__team\")",
        ".[\"__\" + \"team\"]",
        ". as $all | [\"__team\", \"__incidents\", \"__members\"] | map($all[.])",
        ".__team.name",
        ".__team | has(\"members\")",
        ".__team | keys",
        "[.__team.members[]?.user | {username}]",
        ".__members | length",
        "[.__members[]?] | length",
        ".__members // [] | map(.user.id) | sort",
        ".__oncalls",
        ".__oncalls.onCallRecipients[0]",
        ".__currentOncalls | tojson",
        "[.__currentOncalls.onCallRecipients[]?] | join(\",\")",
        "[.__incidents[]? | select(.status == \"open\")] | length",
        "[.__incidents[]? | .impactedServices[]?] | unique",
        ".__incidents | map(.priority) | first",
        ".__incidents[0].message",
        ".__relatedIncident.id // .id",
        ".__relatedIncident | to_entries | map(.key)",
        "if .__relatedIncident then .__relatedIncident.status else \"none\" end",
        ".__relatedIncident | del(.id)",
        "[.__impactedServices[]?.name]",
        ".__impactedServices // [] | map(select(.teamId)) | map({id, name})",
        ".__impactedServices | @json",
        "[.impactedServices[]?] | length",
        ".rotations",
        "[.rotations[]?.participants[]?.username]",
        ".ownerTeam.name",
        ".__team.members.user.username",
        ".__incidents.status",
        ".__relatedIncident[0]",
    ];
    let mut mappings: Vec<String> = expressions.iter().map(|expression| mapping_of(expression)).collect();
    for preset in ["classic", "full"] {
        let file = format!("{}/mappings/{preset}.yaml", env!("CARGO_MANIFEST_DIR"));
        mappings.push(std::fs::read_to_string(file).expect("a preset"));
    }
    let sandbox = Sandbox::start(sandbox::Options::default()).await.expect("a sandbox");
    let source = account(&sandbox);
    let mut cut = BTreeSet::new();
    for text in mappings {
        let rules = rules(&text);
        let read = Wanted { lookups: rules.needs(), records: rules.reads(), rotations: Rotations::Expanded };
        let whole = Wanted { rotations: Rotations::Expanded, ..Wanted::whole(rules.needs().into_keys()) };
        let ((entities, bytes), (expected, most)) =
            (harvest(&source, &rules, &read).await, harvest(&source, &rules, &whole).await);
        assert!(entities.len() > Kind::LISTED.len(), "{text}");
        assert_eq!(entities.len(), expected.len(), "{text}");
        let differing = entities.iter().zip(&expected).find(|(one, other)| one != other);
        assert_eq!(differing, None, "{text}");
        cut.insert(bytes < most);
    }
    assert!(cut.contains(&true), "nothing was cut");
}

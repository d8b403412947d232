use proptest::prelude::*;

use super::*;

/// 2025-11-20T12:00:00Z
const NOON: i64 = 1_763_640_000_000;

fn now() -> Timestamp {
    Timestamp::from_millisecond(NOON).unwrap()
}

fn one(text: &str) -> Asked {
    Asked::One(text.to_owned())
}

fn list(texts: &[&str]) -> Asked {
    Asked::Any(texts.iter().map(|text| (*text).to_owned()).collect())
}

fn filter(kind: Kind, asked: &[(Field, Asked)]) -> Filter {
    let clauses = asked.iter().map(|(field, asked)| Clause::new(kind, *field, asked).unwrap());
    Filter::new(kind, clauses.collect(), None).unwrap()
}

fn query(kind: Kind, field: Field, asked: &Asked) -> Result<String, ValueFault> {
    Ok(Filter::new(kind, vec![Clause::new(kind, field, asked)?], None)?.query(now()).unwrap())
}

#[test]
fn impossible_values_are_refused() {
    use ValueFault as F;
    let many = Asked::Any((0..=MAX_VALUES).map(|index| index.to_string()).collect());
    let table: &[(Kind, Field, Asked, F)] = &[
        (Kind::Incident, Field::IsSeen, one("true"), F::Foreign),
        (Kind::Incident, Field::Owner, one("ada"), F::Foreign),
        (Kind::Alert, Field::Services, one("shop"), F::Foreign),
        (Kind::User, Field::CreatedAt, one("2026-11-20"), F::Foreign),
        (Kind::Alert, Field::Message, one(" \n"), F::Empty),
        (Kind::Alert, Field::Teams, list(&[]), F::Empty),
        (Kind::Alert, Field::Teams, one("a,,b"), F::Empty),
        (Kind::Alert, Field::Teams, list(&["a", ""]), F::Empty),
        (Kind::Alert, Field::IsSeen, list(&[]), F::Empty),
        (Kind::Alert, Field::IsSeen, one("yes"), F::NoFlag("yes".to_owned())),
        (Kind::Alert, Field::IsSeen, list(&["true", "false"]), F::NoList),
        (Kind::Alert, Field::CreatedAt, list(&["2026-11-20", "2026-11-21"]), F::NoList),
        (Kind::Alert, Field::Count, one("many"), F::NoCount("many".to_owned())),
        (Kind::Alert, Field::Owner, many, F::TooMany(MAX_VALUES + 1)),
    ];
    for (kind, field, asked, fault) in table {
        assert_eq!(query(*kind, *field, asked).as_ref(), Err(fault), "{kind} {field:?} {asked:?}");
    }
    assert!(matches!(query(Kind::Alert, Field::Status, &one("resolved")), Err(F::NoChoice { .. })));
    assert!(matches!(query(Kind::Alert, Field::Priority, &one("P1, P6")), Err(F::NoChoice { .. })));
    assert!(matches!(
        query(Kind::Alert, Field::Message, &one(&"x".repeat(MAX_QUERY_BYTES))),
        Err(F::TooLong(_))
    ));
}

#[test]
fn values_become_queries() {
    let table: &[(Kind, Field, Asked, &str)] = &[
        (Kind::Alert, Field::Status, one("Open"), "status:open"),
        (Kind::Incident, Field::Status, one("resolved, closed"), "status:(resolved OR closed)"),
        (Kind::Alert, Field::IsSeen, one("False"), "isSeen:false"),
        (Kind::Alert, Field::Priority, list(&["p1", "P2", "P1"]), "priority:(P1 OR P2)"),
        (Kind::Alert, Field::Teams, one("payments"), "teams:payments"),
        (
            Kind::Alert,
            Field::Teams,
            one("payments, Platform & SRE"),
            "teams:(payments OR \"Platform & SRE\")",
        ),
        (Kind::Alert, Field::Teams, list(&["a, b"]), "teams:\"a, b\""),
        (Kind::Alert, Field::Teams, list(&["a", "b"]), "teams:(a OR b)"),
        (Kind::Alert, Field::Owner, one("ada@corp.test"), "owner:ada@corp.test"),
        (Kind::Alert, Field::Owner, one("ada+ops@corp.test"), "owner:\"ada+ops@corp.test\""),
        (Kind::Alert, Field::Message, one("disk"), "message:disk"),
        (Kind::Alert, Field::Message, one("disk full, again"), "message:\"disk full, again\""),
        (Kind::Alert, Field::Message, one("db-7"), "message:\"db-7\""),
        (Kind::Alert, Field::Message, one("say \"hi\" \\o/"), r#"message:"say \"hi\" \\o/""#),
        (Kind::Alert, Field::Message, one("disk*"), "message:disk*"),
        (Kind::Alert, Field::Message, one("*disk"), "message:\"*disk\""),
        (Kind::Alert, Field::Message, list(&["disk", "cpu"]), "message:(disk OR cpu)"),
        (Kind::Alert, Field::Alias, one("disk:db-7"), "alias:\"disk:db-7\""),
        (Kind::Alert, Field::Entity, one("NOT"), "entity:\"NOT\""),
        (Kind::Alert, Field::Entity, one("-x"), "entity:\"-x\""),
        (Kind::Alert, Field::AlertId, one("b9a2fb13-1b76-4b41"), "alertId:b9a2fb13-1b76-4b41"),
        (Kind::Alert, Field::IntegrationName, one("Prom prod"), "integration.name:\"Prom prod\""),
        (Kind::Alert, Field::Count, one(">= 5"), "count >= 5"),
        (Kind::Alert, Field::Count, one("5"), "count:5"),
        (Kind::Alert, Field::CreatedAt, one("1763640000000"), "createdAt:1763640000000"),
        (
            Kind::Alert,
            Field::CreatedAt,
            one("20-11-2025"),
            "createdAt >= 1763596800000 AND createdAt < 1763683200000",
        ),
        (Kind::Incident, Field::CreatedAt, one("-1d"), "createdAt >= 1763553600000"),
        (Kind::Alert, Field::SnoozedUntil, one("<= now"), "snoozedUntil < 1763640000001"),
        (Kind::Incident, Field::PostmortemStatus, one("in-review"), "postmortemStatus:in-review"),
    ];
    for (kind, field, asked, expected) in table {
        assert_eq!(query(*kind, *field, asked).unwrap(), *expected, "{asked:?}");
    }
}

#[test]
fn fields_stand_in_one_order_and_a_search_comes_last() {
    let asked =
        [(Field::Owner, one("ada")), (Field::Status, one("open")), (Field::CreatedAt, one("..2025-11-20"))];
    let clauses =
        || asked.iter().map(|(field, asked)| Clause::new(Kind::Alert, *field, asked).unwrap()).collect();
    let search = || Some(Search::new(" tag:db OR tag:web ").unwrap());
    let text = |clauses, search| Filter::new(Kind::Alert, clauses, search).unwrap().query(now());
    assert_eq!(text(Vec::new(), None), None);
    assert_eq!(text(Vec::new(), search()).unwrap(), "tag:db OR tag:web");
    assert_eq!(
        text(clauses(), search()).unwrap(),
        "createdAt < 1763683200000 AND status:open AND owner:ada AND (tag:db OR tag:web)"
    );
}

#[test]
fn a_search_cannot_leave_its_parentheses() {
    for (text, fault) in [
        ("", ValueFault::Empty),
        ("a) OR (b", ValueFault::Unbalanced(Imbalance::Close)),
        ("(a", ValueFault::Unbalanced(Imbalance::Open)),
        ("message:\"a", ValueFault::Unbalanced(Imbalance::Quote)),
        ("message:\"a\\\"", ValueFault::Unbalanced(Imbalance::Quote)),
        ("(message:\"a)\"", ValueFault::Unbalanced(Imbalance::Open)),
        ("a \\", ValueFault::Unbalanced(Imbalance::Escape)),
    ] {
        assert_eq!(Search::new(text), Err(fault), "{text}");
    }
    assert!(Search::new(r#"(message:"a)" OR NOT tag:\)) AND x:1"#).is_ok());
}

/// One value of the search language, and what is left behind it.
fn read_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end =
            text.find(|c: char| !(c.is_ascii_alphanumeric() || "_*.-@".contains(c))).unwrap_or(text.len());
        let word = &text[..end];
        let is_value = !word.is_empty() && !["AND", "OR", "NOT"].contains(&word) && !word.starts_with('-');
        return is_value.then(|| (word.to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            letter => value.push(letter),
        }
    }
    None
}

/// Texts with everything that means something to a search.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[\"\\\\():*<>+!^~?{}\\[\\]/|&-]{1,4}",
        Just(" AND ".to_owned()),
        Just(" OR status:closed".to_owned()),
        Just("NOT".to_owned()),
        Just("\\\"".to_owned()),
        "\\PC{0,6}",
        "[a-z_.@-]{1,6}",
        prop::char::any().prop_map(String::from),
    ];
    prop::collection::vec(piece, 1..6)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("a value", |text| !text.trim().is_empty())
}

proptest! {
    #[test]
    fn a_value_never_breaks_out_of_its_quotes(message in nasty(), teams in prop::collection::vec(nasty(), 2..5)) {
        let filter = filter(
            Kind::Alert,
            &[(Field::Message, Asked::One(message.clone())), (Field::Teams, Asked::Any(teams.clone()))],
        );
        let query = filter.query(now()).unwrap();
        let (value, mut rest) = read_value(query.strip_prefix("message:").unwrap()).unwrap();
        prop_assert_eq!(value, message.trim());
        rest = rest.strip_prefix(" AND teams:").unwrap();
        let mut expected: Vec<&str> = Vec::new();
        for team in &teams {
            if !expected.contains(&team.trim()) {
                expected.push(team.trim());
            }
        }
        let several = expected.len() > 1;
        if several {
            rest = rest.strip_prefix('(').unwrap();
        }
        for (index, team) in expected.iter().enumerate() {
            if index > 0 {
                rest = rest.strip_prefix(" OR ").unwrap();
            }
            let (value, after) = read_value(rest).unwrap();
            prop_assert_eq!(&value, team);
            rest = after;
        }
        prop_assert_eq!(rest, if several { ")" } else { "" });
    }

    #[test]
    fn no_text_is_fatal(text in "\\PC{0,30}") {
        for field in Field::ALL {
            for kind in Kind::LISTED {
                drop(Clause::new(kind, field, &Asked::One(text.clone())));
            }
        }
        drop(Search::new(&text));
    }

    /// The text that Opsgenie reads and the judgement of a record hold the same times.
    #[test]
    fn a_window_holds_what_its_query_names(offset_ms in -3 * 86_400_000_i64..3 * 86_400_000, form in 0_usize..8) {
        let forms = ["2025-11-20", "> 2025-11-20", "< 2025-11-20", "<= 1763640000", "-1d", "<= -1h", "2025-11-19..now", "..+1d"];
        let filter = filter(Kind::Alert, &[(Field::CreatedAt, one(forms[form]))]);
        let at = NOON + offset_ms;
        let within = filter.query(now()).unwrap().split(" AND ").all(|bound| {
            let number: i64 = bound.rsplit(' ').next().unwrap().parse().unwrap();
            if bound.contains(">=") { at >= number } else { at < number }
        });
        let created = Timestamp::from_millisecond(at).unwrap().to_string();
        let body = Value::parse(format!(r#"{{"createdAt":"{created}"}}"#).as_bytes()).unwrap();
        prop_assert_eq!(filter.judge(&body, now()), if within { Judgement::Fits } else { Judgement::Differs });
    }
}

const ALERT: &str = r#"{
    "id": "3c6f-1763596812044", "tinyId": "4711", "alias": "disk-full:db-7", "message": "Disk 93% on db-7 (disk_full)",
    "status": "open", "acknowledged": true, "isSeen": true, "tags": ["db", "prod"], "snoozed": false, "count": 4,
    "lastOccurredAt": "2025-11-20T11:31:10.5Z", "createdAt": "2025-11-20T10:00:12.044Z", "source": "",
    "owner": "Ada@corp.test", "priority": "P2", "teams": [{"id": "7e0a"}],
    "integration": {"name": "Prom-prod", "type": "Prometheus"}, "report": {"acknowledgedBy": "ada@corp.test"}
}"#;

const INCIDENT: &str = r#"{
    "id": "b2f1", "message": "Checkout errors", "description": "5xx above 4%", "status": "resolved", "priority": "P1",
    "tags": [], "actions": [], "impactedServices": ["5d90", "5d91"], "ownerTeam": "", "extraProperties": {"region": "eu-1"},
    "__impactedServices": [{"id": "5d90", "name": "shop"}, {"id": "5d91", "name": "cart"}]
}"#;

#[track_caller]
fn judged(kind: Kind, body: &str, field: Field, asked: &str) -> Judgement {
    let body = Value::parse(body.as_bytes()).unwrap();
    filter(kind, &[(field, one(asked))]).judge(&body, now())
}

#[test]
fn what_an_alert_does_not_tell_is_unknown() {
    for (field, asked) in [
        (Field::Teams, "payments"),
        (Field::Recipients, "ada@corp.test"),
        (Field::Description, "disk"),
        (Field::Entity, "db-7"),
        (Field::Actions, "restart"),
        (Field::DetailsKey, "region"),
        (Field::Message, "dis*"),
        (Field::Message, "db on disk"),
        (Field::Message, "isk"),
        (Field::Message, "full"),
        (Field::Message, "%"),
        (Field::Tag, "pro"),
    ] {
        assert_eq!(judged(Kind::Alert, ALERT, field, asked), Judgement::Unknown, "{field:?} {asked}");
    }
    for (field, asked) in [
        (Field::Status, "open"),
        (Field::ClosedBy, "ada"),
        (Field::SnoozedUntil, "> now"),
        (Field::CreatedAt, "-1d"),
        (Field::Acknowledged, "true"),
        (Field::Count, "1"),
    ] {
        assert_eq!(judged(Kind::Alert, "{}", field, asked), Judgement::Unknown, "{field:?} {asked}");
    }
    let odd = r#"{"createdAt": "lately", "status": 7, "acknowledged": "yes", "count": "4", "message": {}, "tags": [null]}"#;
    for (field, asked) in [
        (Field::CreatedAt, "-1d"),
        (Field::Status, "open"),
        (Field::Acknowledged, "true"),
        (Field::Count, "4"),
        (Field::Message, "x"),
        (Field::Tag, "x"),
    ] {
        assert_eq!(judged(Kind::Alert, odd, field, asked), Judgement::Unknown, "{field:?} {asked}");
    }
}

#[test]
fn an_alert_is_judged() {
    for (field, fits, differs) in [
        (Field::Status, "open", "closed"),
        (Field::IsSeen, "true", "false"),
        (Field::Priority, "P1, P2", "P1"),
        (Field::Owner, "ada@corp.test", "bob@corp.test"),
        (Field::AcknowledgedBy, "bob, ADA@corp.test", "bob"),
        (Field::Message, "93% ON db-7", "cpu"),
        (Field::Message, "disk", "disk 94%"),
        (Field::Tag, "web, DB", "web"),
        (Field::Count, "> 3", "> 4"),
        (Field::AlertId, "3c6f-1763596812044", "3c6f-1763596812045"),
        (Field::TinyId, "4711", "471199"),
        (Field::Alias, "disk-full:db-7", "disk-full:db-8"),
        (Field::IntegrationName, "Prom-prod", "Nagios"),
        (Field::CreatedAt, "20-11-2025", "19-11-2025"),
        (Field::CreatedAt, "-1d", "-1h"),
        (Field::LastOccurredAt, "-1h", "< -1h"),
    ] {
        assert_eq!(judged(Kind::Alert, ALERT, field, fits), Judgement::Fits, "{field:?} {fits}");
        assert_eq!(judged(Kind::Alert, ALERT, field, differs), Judgement::Differs, "{field:?} {differs}");
    }
    assert_eq!(judged(Kind::Alert, ALERT, Field::ClosedBy, "ada"), Judgement::Differs);
    assert_eq!(judged(Kind::Alert, ALERT, Field::SnoozedUntil, "> now"), Judgement::Differs);
    assert_eq!(judged(Kind::Alert, ALERT, Field::Source, "prometheus"), Judgement::Differs);
    let closed = ALERT.replace(r#""status": "open""#, r#""status": "closed""#);
    assert_eq!(judged(Kind::Alert, &closed, Field::Alias, "disk-full:db-7"), Judgement::Differs);
    let nobody = ALERT.replace(r#"[{"id": "7e0a"}]"#, "[]");
    assert_eq!(judged(Kind::Alert, &nobody, Field::Teams, "payments"), Judgement::Differs);
}

#[test]
fn an_incident_is_judged() {
    let judge = |field, asked| judged(Kind::Incident, INCIDENT, field, asked);
    assert_eq!(judge(Field::Status, "resolved"), Judgement::Fits);
    assert_eq!(judge(Field::Description, "above 4%"), Judgement::Fits);
    assert_eq!(judge(Field::Tag, "db"), Judgement::Differs);
    assert_eq!(judge(Field::Teams, "payments"), Judgement::Differs);
    assert_eq!(judge(Field::Services, "cart"), Judgement::Fits);
    assert_eq!(judge(Field::Services, "search"), Judgement::Differs);
    assert_eq!(judge(Field::DetailsKey, "region"), Judgement::Fits);
    assert_eq!(judge(Field::DetailsValue, "us-1"), Judgement::Differs);
    assert_eq!(judge(Field::PostmortemStatus, "draft"), Judgement::Unknown);
    let bare = INCIDENT
        .replace("__impactedServices", "__other")
        .replace(r#""ownerTeam": """#, r#""ownerTeam": "7e0a""#);
    assert_eq!(judged(Kind::Incident, &bare, Field::Services, "cart"), Judgement::Unknown);
    assert_eq!(judged(Kind::Incident, &bare, Field::Teams, "payments"), Judgement::Unknown);
    let half = INCIDENT.replace(r#"{"id": "5d91", "name": "cart"}"#, r#"{"id": "5d91"}"#);
    assert_eq!(judged(Kind::Incident, &half, Field::Services, "shop"), Judgement::Fits);
    assert_eq!(judged(Kind::Incident, &half, Field::Services, "cart"), Judgement::Unknown);
}

#[test]
fn one_that_differs_decides_and_a_search_leaves_the_rest_open() {
    let body = Value::parse(ALERT.as_bytes()).unwrap();
    let judge = |asked: &[(Field, &str)], search: Option<&str>| {
        let clauses =
            asked.iter().map(|(field, asked)| Clause::new(Kind::Alert, *field, &one(asked)).unwrap());
        let search = search.map(|text| Search::new(text).unwrap());
        Filter::new(Kind::Alert, clauses.collect(), search).unwrap().judge(&body, now())
    };
    assert_eq!(judge(&[], None), Judgement::Fits);
    assert_eq!(judge(&[(Field::Status, "open"), (Field::Priority, "P2")], None), Judgement::Fits);
    assert_eq!(judge(&[(Field::Status, "open"), (Field::Teams, "payments")], None), Judgement::Unknown);
    assert_eq!(judge(&[(Field::Status, "closed"), (Field::Teams, "payments")], None), Judgement::Differs);
    assert_eq!(judge(&[(Field::Status, "open")], Some("tag:db")), Judgement::Unknown);
    assert_eq!(judge(&[(Field::Status, "closed")], Some("tag:db")), Judgement::Differs);
}

//! Mappings in, filters or faults out, as a person reads them.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::*;
use crate::config::MappingFile;

/// The filter of a mapping whose `apiQueryParams` is this.
fn compiled(kind: &str, parameters: &str) -> Result<Filter, Vec<Diagnostic>> {
    let indented = parameters.trim_end().lines().fold(String::new(), |mut text, line| {
        writeln!(text, "        {line}").expect("writing to a text cannot fail");
        text
    });
    let mapping = format!(
        "resources:\n  - kind: {kind}\n    selector:\n      query: 'true'\n      apiQueryParams:\n{indented}    \
         port: {{ entity: {{ mappings: {{ identifier: .id, blueprint: '\"b\"' }} }} }}\n"
    );
    let (file, warnings) =
        MappingFile::from_text("map.yaml", &mapping).unwrap_or_else(|faults| panic!("{faults}"));
    assert!(warnings.is_empty(), "{warnings:?}");
    let resource = &file.resources[0];
    compile(resource.kind, resource.selector.api_query.as_ref().expect("there is a filter"))
}

fn faults(kind: &str, parameters: &str) -> String {
    let faults = compiled(kind, parameters).expect_err("the filter has faults");
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}

#[track_caller]
fn query(kind: &str, parameters: &str) -> String {
    match compiled(kind, parameters) {
        Ok(filter) => filter.query(Timestamp::UNIX_EPOCH).unwrap_or_default(),
        Err(faults) => panic!("{faults:?}"),
    }
}

#[test]
fn fields_that_are_none_of_alerts() {
    insta::assert_snapshot!(faults("alert", "tags: db\nlastOccuredAt: -1d\nis-seen: true\nteam: a\nservices: shop\nresponders: ada"), @r"
    error: kind `alert` has no field `tags`
      --> map.yaml:6:9
       |
     6 |         tags: db
       |         ^^^^
      hint: did you mean `tag`?

    error: kind `alert` has no field `lastOccuredAt`
      --> map.yaml:7:9
       |
     7 |         lastOccuredAt: -1d
       |         ^^^^^^^^^^^^^
      hint: did you mean `lastOccurredAt`?

    error: kind `alert` has no field `is-seen`
      --> map.yaml:8:9
       |
     8 |         is-seen: true
       |         ^^^^^^^
      hint: did you mean `isSeen`?

    error: kind `alert` has no field `team`
      --> map.yaml:9:9
       |
     9 |         team: a
       |         ^^^^
      hint: did you mean `teams`?

    error: `services` is a field of kind `incident`, not of `alert`
      --> map.yaml:10:9
        |
     10 |         services: shop
        |         ^^^^^^^^
      hint: the fields are `createdAt`, `lastOccurredAt`, `snoozedUntil`, `message`, `status`, `isSeen`, `acknowledged`, `snoozed`, `priority`, `owner`, `teams`, `acknowledgedBy`, `closedBy`, `alertId`, `tinyId`, `alias`, `count`, `description`, `source`, `entity`, `recipients`, `tag`, `integration.name`, `integration.type`, `actions`, `details.key`, `details.value`; `query` takes a text in the search language itself

    error: kind `alert` has no field `responders`
      --> map.yaml:11:9
        |
     11 |         responders: ada
        |         ^^^^^^^^^^
    ");
}

#[test]
fn fields_that_are_none_of_incidents() {
    insta::assert_snapshot!(faults("incident", "isSeen: true\nacknowledged: true\nowner: ada\nlast_occurred_at: -1d\nexpand: rotation"), @r"
    error: `isSeen` is a field of kind `alert`, not of `incident`
      --> map.yaml:6:9
       |
     6 |         isSeen: true
       |         ^^^^^^
      hint: the fields are `createdAt`, `message`, `status`, `priority`, `teams`, `id`, `tinyId`, `description`, `tag`, `actions`, `details.key`, `details.value`, `services`, `postmortemRequired`, `postmortemStatus`, `postmortemPublishDueDate`; `query` takes a text in the search language itself

    error: `acknowledged` is a field of kind `alert`, not of `incident`
      --> map.yaml:7:9
       |
     7 |         acknowledged: true
       |         ^^^^^^^^^^^^

    error: `owner` is a field of kind `alert`, not of `incident`
      --> map.yaml:8:9
       |
     8 |         owner: ada
       |         ^^^^^

    error: `last_occurred_at` is a field of kind `alert`, not of `incident`
      --> map.yaml:9:9
       |
     9 |         last_occurred_at: -1d
       |         ^^^^^^^^^^^^^^^^

    error: kind `incident` has no field `expand`
      --> map.yaml:10:9
        |
     10 |         expand: rotation
        |         ^^^^^^
    ");
}

#[test]
fn values_that_cannot_be() {
    insta::assert_snapshot!(
        faults(
            "alert",
            "status: resolved\nisSeen: maybe\ncreatedAt: yesterday\nlastOccurredAt: [2026-11-19, 2026-11-20]\n\
             snoozedUntil: +2h\nmessage: ''\npriority: [P1, P9]\nowner: {name: ada}\nteams: [[a]]\ncount: 9..5\n\
             query: (tag:db\nentity: []"
        ),
        @r#"
        error: the filter `status` cannot work: `resolved` is none of the values of this field
          --> map.yaml:6:17
           |
         6 |         status: resolved
           |                 ^^^^^^^^
          hint: the values are `open`, `closed`

        error: the filter `isSeen` cannot work: `maybe` is neither `true` nor `false`
          --> map.yaml:7:17
           |
         7 |         isSeen: maybe
           |                 ^^^^^
          hint: write `true` or `false`

        error: the filter `createdAt` cannot work: `yesterday` is no time
          --> map.yaml:8:20
           |
         8 |         createdAt: yesterday
           |                    ^^^^^^^^^
          hint: write a date (`2026-11-20`), a time (`2026-11-20T08:00:00+01:00`), seconds or milliseconds since 1970, or a relative time (`-7d`), after `>`, `>=`, `<` or `<=`, or with `..` between two

        error: the filter `lastOccurredAt` cannot work: one value must stand here, not a list
          --> map.yaml:9:25
           |
         9 |         lastOccurredAt: [2026-11-19, 2026-11-20]
           |                         ^^^^^^^^^^^^^^^^^^^^^^^^
          hint: times and numbers can be a range, such as `2026-11-01..2026-11-20`; `query` takes a text in the search language itself

        error: the filter `snoozedUntil` cannot work: `+2h` is a single moment, at which nothing happens
          --> map.yaml:10:23
            |
         10 |         snoozedUntil: +2h
            |                       ^^^
          hint: write `">= +2h"` or `"<= +2h"`

        error: the filter `message` cannot work: the value is empty
          --> map.yaml:11:18
            |
         11 |         message: ''
            |                  ^^
          hint: give it a value, or leave the field out

        error: the filter `priority` cannot work: `P9` is none of the values of this field
          --> map.yaml:12:19
            |
         12 |         priority: [P1, P9]
            |                   ^^^^^^^^
          hint: the values are `P1`, `P2`, `P3`, `P4`, `P5`

        error: the filter `owner` must be a text, a number, `true`, `false` or a list of these, not an object
          --> map.yaml:13:16
            |
         13 |         owner: {name: ada}
            |                ^^^^^^^^^^^

        error: the filter `teams` must be a text, a number, `true`, `false` or a list of these, not a list with a list in it
          --> map.yaml:14:16
            |
         14 |         teams: [[a]]
            |                ^^^^^

        error: the filter `count` cannot work: nothing lies within `9..5`: it ends before it begins
          --> map.yaml:15:16
            |
         15 |         count: 9..5
            |                ^^^^
          hint: write the earlier or smaller end first

        error: the filter `query` cannot work: a parenthesis is not closed
          --> map.yaml:16:16
            |
         16 |         query: (tag:db
            |                ^^^^^^^

        error: the filter `entity` cannot work: the value is empty
          --> map.yaml:17:17
            |
         17 |         entity: []
            |                 ^^
          hint: give it a value, or leave the field out
        "#
    );
    insta::assert_snapshot!(faults("incident", "status: acked\nquery: 7\npostmortemRequired: [true, false]"), @r"
    error: the filter `status` cannot work: `acked` is none of the values of this field
      --> map.yaml:6:17
       |
     6 |         status: acked
       |                 ^^^^^
      hint: the values are `open`, `resolved`, `closed`

    error: the filter `query` must be a text in the search language, not a number
      --> map.yaml:7:16
       |
     7 |         query: 7
       |                ^

    error: the filter `postmortemRequired` cannot work: one value must stand here, not a list
      --> map.yaml:8:29
       |
     8 |         postmortemRequired: [true, false]
       |                             ^^^^^^^^^^^^^
      hint: times and numbers can be a range, such as `2026-11-01..2026-11-20`; `query` takes a text in the search language itself
    ");
}

#[test]
fn a_field_twice_and_a_filter_without_end() {
    insta::assert_snapshot!(faults("alert", "isSeen: true\nis_seen: false"), @r"
    error: `is_seen` is asked for twice, first as `isSeen`
      --> map.yaml:7:9
       |
     7 |         is_seen: false
       |         ^^^^^^^
    ");
    let long = format!("message: {}", "x".repeat(5000));
    let message = &compiled("alert", &long).expect_err("it is too long")[0].message;
    insta::assert_snapshot!(message, @"this filter cannot work: the query is 5008 bytes long; at most 4096 can be sent");
}

#[test]
fn every_form_a_mapping_writes() {
    assert_eq!(query("alert", "{}"), "");
    assert_eq!(query("alert", "status:\nowner: null\nisSeen: true"), "isSeen:true");
    assert_eq!(
        query("alert", "teams: payments, search\nis_seen: False\nstatus: open\ncreated_at: 2025-11-20"),
        "createdAt >= 1763596800000 AND createdAt < 1763683200000 AND status:open AND isSeen:false AND \
         teams:(payments OR search)"
    );
    assert_eq!(
        query("incident", "services: [shop, 'cart & co']\ntinyId: 88"),
        "tinyId:88 AND services:(shop OR \"cart & co\")"
    );
    assert_eq!(
        query("alert", "createdAt: 1763596800000\nmessage: 404"),
        "createdAt:1763596800000 AND message:404"
    );
    assert_eq!(
        query("alert", "createdAt: '>= 1763596800'\ncount: 3.."),
        "createdAt >= 1763596800000 AND count >= 3"
    );
    assert_eq!(
        query("alert", "integration.name: Prom\ndetails.key: region"),
        "integration.name:Prom AND details.key:region"
    );
    assert_eq!(query("incident", "status: open\nquery: tag:a OR tag:b"), "status:open AND (tag:a OR tag:b)");
}

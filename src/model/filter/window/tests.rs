use super::*;

const NOON: i64 = 1_763_640_000_000;

fn time(text: &str) -> Result<(Option<i64>, Option<i64>), ValueFault> {
    let window = Window::of_time(text)?.resolve(Timestamp::from_millisecond(NOON).unwrap());
    Ok((window.from, window.until))
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "..",
        ">=",
        "> ",
        "yesterday",
        "2026",
        "2026-11",
        "20261120",
        "2026-13-01",
        "2026-02-30",
        "31-02-2026",
        "20/11/2026",
        "11/20/2026",
        "2026-11-20T25:00:00Z",
        "2026-11-20T",
        "2026-11-20 and more",
        "1763596800000000000",
        "-1763596800000",
        "0000000000000",
        "99999999999999999999999999",
        "1763596800.5",
        "9999-12-31",
        "-7",
        "-d",
        "-7y",
        "-7 d",
        "--7d",
        "-7.5d",
        "-99999999999999999999d",
        "-9223372036854775807w",
        "=2026-11-20",
        "2026-11-20..later",
        "2026-11-20..2026-11-21..2026-11-22",
        "٢٠٢٦-١١-٢٠",
        "-7д",
    ] {
        let fault = time(text).expect_err(text);
        assert!(matches!(fault, ValueFault::NoTime(_)), "{text}: {fault:?}");
    }
}

#[test]
fn what_can_never_be_is_refused() {
    for text in ["2026-11-20..2026-11-19", "-1d..-7d", "1763640000001..1763640000000"] {
        assert!(matches!(time(text), Err(ValueFault::EndsBeforeItBegins(_))), "{text}");
    }
    for text in ["now", "+2h", "-0d"] {
        assert!(matches!(time(text), Err(ValueFault::NeedsComparison(_))), "{text}");
    }
}

#[test]
fn every_usual_form_of_a_time() {
    // 2025-11-20T00:00:00Z
    const DAY: i64 = NOON - 12 * HOUR_MS;
    let table: &[(&str, Option<i64>, Option<i64>)] = &[
        ("2025-11-20", Some(DAY), Some(DAY + DAY_MS)),
        (" 20-11-2025 ", Some(DAY), Some(DAY + DAY_MS)),
        ("2025-11-20T12:00:00Z", Some(NOON), Some(NOON + 1)),
        ("2025-11-20T12:00Z", Some(NOON), Some(NOON + 1)),
        ("2025-11-20T13:00:00+01:00", Some(NOON), Some(NOON + 1)),
        ("2025-11-20 12:00:00.5Z", Some(NOON + 500), Some(NOON + 501)),
        ("2025-11-20T12:00:00", Some(NOON), Some(NOON + 1)),
        ("2025-11-20T12:00", Some(NOON), Some(NOON + 1)),
        ("20-11-2025T12:00:00", Some(NOON), Some(NOON + 1)),
        ("1763640000", Some(NOON), Some(NOON + 1)),
        ("1763640000000", Some(NOON), Some(NOON + 1)),
        ("> 2025-11-20", Some(DAY + DAY_MS), None),
        (">=2025-11-20", Some(DAY), None),
        ("< 2025-11-20", None, Some(DAY)),
        ("<=  2025-11-20", None, Some(DAY + DAY_MS)),
        ("> 1763640000000", Some(NOON + 1), None),
        (">= 1763640000000", Some(NOON), None),
        ("< 1763640000000", None, Some(NOON)),
        ("<= 1763640000000", None, Some(NOON + 1)),
        ("2025-11-20..2025-11-21", Some(DAY), Some(DAY + 2 * DAY_MS)),
        ("20-11-2025 .. 2025-11-20T12:00:00Z", Some(DAY), Some(NOON + 1)),
        ("2025-11-20..", Some(DAY), None),
        ("..2025-11-20", None, Some(DAY + DAY_MS)),
        ("-1d", Some(NOON - DAY_MS), None),
        ("-2w", Some(NOON - 14 * DAY_MS), None),
        (">= -90m", Some(NOON - 90 * MINUTE_MS), None),
        ("< -30s", None, Some(NOON - 30 * SECOND_MS)),
        ("> now", Some(NOON + 1), None),
        ("..+2h", None, Some(NOON + 2 * HOUR_MS + 1)),
        ("-2d..-1d", Some(NOON - 2 * DAY_MS), Some(NOON - DAY_MS + 1)),
        ("2025-11-20..now", Some(DAY), Some(NOON + 1)),
        // Before anything happened, and before the epoch.
        (">= 1969-12-31", Some(0), None),
        ("< -106751991167d", None, Some(0)),
    ];
    for (text, from, until) in table {
        assert_eq!(time(text).expect(text), (*from, *until), "{text}");
    }
}

#[test]
fn instants_are_rounded_down() {
    for (text, expected) in [
        ("1970-01-01T00:00:00.0019Z", 1),
        ("1969-12-31T23:59:59.9991Z", -1),
        ("1969-12-31T23:59:59.999Z", -1),
        ("1970-01-01T00:00:00Z", 0),
    ] {
        assert_eq!(milliseconds(text.parse().unwrap()), expected, "{text}");
    }
}

#[test]
fn numbers() {
    for text in ["", "few", "-1", "1.5", "> ", "..", "1..two", "9223372036854775807", "1e3"] {
        assert!(matches!(Window::of_count(text), Err(ValueFault::NoCount(_))), "{text}");
    }
    assert!(matches!(Window::of_count("9..5"), Err(ValueFault::EndsBeforeItBegins(_))));
    assert!(matches!(Window::of_count("6..5"), Err(ValueFault::EndsBeforeItBegins(_))));
    for (text, from, until) in [
        ("5", Some(5), Some(6)),
        ("0", Some(0), Some(1)),
        ("> 5", Some(6), None),
        (">= 5", Some(5), None),
        ("<5", None, Some(5)),
        ("<= 5", None, Some(6)),
        ("5..9", Some(5), Some(10)),
        ("5..5", Some(5), Some(6)),
        ("..9", None, Some(10)),
    ] {
        assert_eq!(Window::of_count(text), Ok(Window { from, until }), "{text}");
    }
}

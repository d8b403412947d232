//! `strftime`, as in glibc: <https://man7.org/linux/man-pages/man3/strftime.3.html>.

use super::Fields;
use super::parse::{day_name, month_name};

/// How a directive asks to be padded.
#[derive(Clone, Copy, PartialEq)]
enum Padding {
    Usual,
    None,
    Spaces,
    Zeros,
}

/// Padding wider than this serves nobody.
pub(super) const MAX_WIDTH: usize = 1024;

/// The text; directives that are not known are copied.
pub(super) fn print(fields: &Fields, zone: &str, format: &str) -> String {
    let mut out = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let flags = after.trim_start_matches(['_', '-', '0', '^', '#']);
        let (flags, unflagged) = after.split_at(after.len() - flags.len());
        let digits = unflagged.trim_start_matches(|char: char| char.is_ascii_digit());
        let (width, unsized_) = unflagged.split_at(unflagged.len() - digits.len());
        let plain = unsized_.strip_prefix(['E', 'O']).unwrap_or(unsized_);
        let directive = plain.chars().next();
        let padding = flags.chars().rev().find_map(|flag| match flag {
            '-' => Some(Padding::None),
            '_' => Some(Padding::Spaces),
            '0' => Some(Padding::Zeros),
            _ => None,
        });
        let width = width.parse::<usize>().map_or(0, |width| width.min(MAX_WIDTH));
        let text = directive
            .and_then(|directive| field(fields, zone, directive, padding.unwrap_or(Padding::Usual), width));
        if let (Some(mut text), Some(directive)) = (text, directive) {
            if flags.contains('^') || (flags.contains('#') && directive != 'p') {
                text = text.to_uppercase();
            } else if flags.contains('#') {
                text = text.to_lowercase();
            }
            out.push_str(&text);
            rest = &plain[directive.len_utf8()..];
        } else {
            out.push('%');
            rest = after;
        }
    }
    out + rest
}

/// One directive; `None` when there is no such.
fn field(fields: &Fields, zone: &str, directive: char, padding: Padding, width: usize) -> Option<String> {
    let number = |number: i64, usual: usize, fill: char| {
        let (fill, usual) = match padding {
            Padding::Usual => (fill, usual),
            Padding::None => (fill, 0),
            Padding::Spaces => (' ', usual),
            Padding::Zeros => ('0', usual),
        };
        padded(&number.to_string(), width.max(usual), fill)
    };
    let text = |text: &str| padded(text, width, if padding == Padding::Zeros { '0' } else { ' ' });
    let nested = |format: &str| text(&print(fields, zone, format));
    let half_day = (fields.hour + 11) % 12 + 1;
    let monday_based = (fields.weekday + 6) % 7;
    let (iso_year, iso_week) = iso_week(fields);
    Some(match directive {
        'a' => text(&day_name(fields.weekday)[..3]),
        'A' => text(day_name(fields.weekday)),
        'b' | 'h' => text(&month_name(fields.month)[..3]),
        'B' => text(month_name(fields.month)),
        'c' => nested("%a %b %e %H:%M:%S %Y"),
        'C' => number(fields.year.div_euclid(100), 2, '0'),
        'd' => number(fields.day, 2, '0'),
        'D' | 'x' => nested("%m/%d/%y"),
        'e' => number(fields.day, 2, ' '),
        'F' => nested("%Y-%m-%d"),
        'g' => number(iso_year.rem_euclid(100), 2, '0'),
        'G' => number(iso_year, 0, '0'),
        'H' => number(fields.hour, 2, '0'),
        'I' => number(half_day, 2, '0'),
        'j' => number(fields.yearday + 1, 3, '0'),
        'k' => number(fields.hour, 2, ' '),
        'l' => number(half_day, 2, ' '),
        'm' => number(fields.month + 1, 2, '0'),
        'M' => number(fields.minute, 2, '0'),
        'n' => text("\n"),
        'p' => text(if fields.hour < 12 { "AM" } else { "PM" }),
        'P' => text(if fields.hour < 12 { "am" } else { "pm" }),
        'r' => nested("%I:%M:%S %p"),
        'R' => nested("%H:%M"),
        's' => number(fields.to_epoch(), 0, '0'),
        'S' => number(fields.second, 2, '0'),
        't' => text("\t"),
        'T' | 'X' => nested("%H:%M:%S"),
        'u' => number(monday_based + 1, 1, '0'),
        'U' => number((fields.yearday + 7 - fields.weekday) / 7, 2, '0'),
        'V' => number(iso_week, 2, '0'),
        'w' => number(fields.weekday, 1, '0'),
        'W' => number((fields.yearday + 7 - monday_based) / 7, 2, '0'),
        'y' => number(fields.year.rem_euclid(100), 2, '0'),
        'Y' => number(fields.year, 0, '0'),
        'z' => text("+0000"),
        'Z' => text(zone),
        '%' => text("%"),
        _ => return None,
    })
}

fn padded(text: &str, width: usize, fill: char) -> String {
    let missing = width.saturating_sub(text.chars().count());
    let fill = |count| std::iter::repeat_n(fill, count).collect::<String>();
    match text.strip_prefix('-') {
        // Zeros go behind the sign.
        Some(digits) => format!("-{}{digits}", fill(missing)),
        None => format!("{}{text}", fill(missing)),
    }
}

/// Year and week of ISO 8601: the week belongs to the year of its Thursday.
fn iso_week(fields: &Fields) -> (i64, i64) {
    let thursday = fields.yearday - (fields.weekday + 6) % 7 + 3;
    let days_of = |year| if super::is_leap(year) { 366 } else { 365 };
    if thursday < 0 {
        let year = fields.year - 1;
        (year, (thursday + days_of(year)) / 7 + 1)
    } else if thursday >= days_of(fields.year) {
        (fields.year + 1, 1)
    } else {
        (fields.year, thursday / 7 + 1)
    }
}

//! `strptime`, as in glibc: <https://man7.org/linux/man-pages/man3/strptime.3.html>.

use super::Fields;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// What jq leaves in the fields for the day of the week and of the year when nothing tells them.
const UNKNOWN_WEEKDAY: i64 = 8;
const UNKNOWN_YEARDAY: i64 = 367;

/// The name's full form.
pub(super) fn month_name(month: i64) -> &'static str {
    usize::try_from(month).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or("?")
}

/// The name's full form.
pub(super) fn day_name(weekday: i64) -> &'static str {
    usize::try_from(weekday).ok().and_then(|at| DAYS.get(at)).copied().unwrap_or("?")
}

/// The fields and what is left of the text; `None` when it does not match.
pub(super) fn parse<'t>(text: &'t str, format: &str) -> Option<(Fields, &'t str)> {
    let fields =
        Fields { year: 1900, weekday: UNKNOWN_WEEKDAY, yearday: UNKNOWN_YEARDAY, ..Fields::default() };
    let mut parser = Parser { rest: text, fields, known: Known::default() };
    parser.format(format)?;
    Some((parser.completed(), parser.rest))
}

/// What the text told besides the plain fields.
#[derive(Default)]
struct Known {
    date: Option<()>,
    month: Option<()>,
    day: Option<()>,
    weekday: Option<()>,
    yearday: Option<()>,
    century: Option<i64>,
    year_of_century: Option<i64>,
    /// Hours of the half of a day, and whether it is the second half.
    half_day: Option<()>,
    afternoon: Option<bool>,
}

struct Parser<'t> {
    rest: &'t str,
    fields: Fields,
    known: Known,
}

impl Parser<'_> {
    fn format(&mut self, format: &str) -> Option<()> {
        let mut chars = format.chars();
        while let Some(char) = chars.next() {
            if char.is_ascii_whitespace() {
                self.skip_space();
            } else if char != '%' {
                self.rest = self.rest.strip_prefix(char)?;
            } else {
                let directive =
                    chars.by_ref().find(|char| !matches!(char, 'E' | 'O' | '-' | '_' | '0' | '^' | '#'))?;
                self.directive(directive)?;
            }
        }
        Some(())
    }

    fn directive(&mut self, directive: char) -> Option<()> {
        match directive {
            '%' => self.rest = self.rest.strip_prefix('%')?,
            'n' | 't' => self.skip_space(),
            'Y' => {
                self.fields.year = self.number(0, 9999, 4)?;
                (self.known.century, self.known.year_of_century) = (None, None);
                self.known.date = Some(());
            }
            'C' => self.known.century = Some(self.number(0, 99, 2)?),
            'y' => {
                self.known.year_of_century = Some(self.number(0, 99, 2)?);
                self.known.date = Some(());
            }
            'm' => {
                self.fields.month = self.number(1, 12, 2)? - 1;
                (self.known.month, self.known.date) = (Some(()), Some(()));
            }
            'b' | 'B' | 'h' => {
                self.fields.month = self.name(&MONTHS)?;
                (self.known.month, self.known.date) = (Some(()), Some(()));
            }
            'd' | 'e' => {
                self.fields.day = self.number(1, 31, 2)?;
                (self.known.day, self.known.date) = (Some(()), Some(()));
            }
            'j' => {
                self.fields.yearday = self.number(1, 366, 3)? - 1;
                self.known.yearday = Some(());
            }
            'a' | 'A' => {
                self.fields.weekday = self.name(&DAYS)?;
                self.known.weekday = Some(());
            }
            'u' => {
                self.fields.weekday = self.number(1, 7, 1)? % 7;
                self.known.weekday = Some(());
            }
            'w' => {
                self.fields.weekday = self.number(0, 6, 1)?;
                self.known.weekday = Some(());
            }
            'H' | 'k' => {
                self.fields.hour = self.number(0, 23, 2)?;
                self.known.half_day = None;
            }
            'I' | 'l' => {
                self.fields.hour = self.number(1, 12, 2)? % 12;
                self.known.half_day = Some(());
            }
            'M' => self.fields.minute = self.number(0, 59, 2)?,
            'S' => self.fields.second = self.number(0, 61, 2)?,
            'p' | 'P' => {
                let half = self.rest.get(..2)?.to_ascii_uppercase();
                self.known.afternoon = Some(match half.as_str() {
                    "AM" => false,
                    "PM" => true,
                    _ => return None,
                });
                self.rest = &self.rest[2..];
            }
            'U' | 'W' => drop(self.number(0, 53, 2)?),
            'V' => drop(self.number(1, 53, 2)?),
            'g' => drop(self.number(0, 99, 2)?),
            'G' => drop(self.number(0, 9999, 4)?),
            's' => {
                let (digits, rest) = self.rest.split_at(self.digits(usize::MAX));
                self.fields = Fields::of_epoch(digits.parse().ok()?)?;
                self.rest = rest;
            }
            'z' => self.offset()?,
            // A zone is read over, whatever it is.
            'Z' => {
                self.skip_space();
                let end = self.rest.find(|char: char| char.is_ascii_whitespace());
                self.rest = &self.rest[end.unwrap_or(self.rest.len())..];
            }
            'D' | 'x' => self.format("%m/%d/%y")?,
            'F' => self.format("%Y-%m-%d")?,
            'T' | 'X' => self.format("%H:%M:%S")?,
            'R' => self.format("%H:%M")?,
            'r' => self.format("%I:%M:%S %p")?,
            'c' => self.format("%a %b %e %H:%M:%S %Y")?,
            _ => return None,
        }
        Some(())
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn digits(&self, most: usize) -> usize {
        self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count()
    }

    fn number(&mut self, least: i64, greatest: i64, digits: usize) -> Option<i64> {
        self.rest = self.rest.trim_start_matches(' ');
        let (number, rest) = self.rest.split_at(self.digits(digits));
        self.rest = rest;
        number.parse().ok().filter(|number| (least..=greatest).contains(number))
    }

    /// A full name or its first three letters, in any case.
    fn name(&mut self, names: &[&str]) -> Option<i64> {
        let begins =
            |name: &str| self.rest.get(..name.len()).is_some_and(|text| text.eq_ignore_ascii_case(name));
        let (at, length) = names.iter().enumerate().find_map(|(at, name)| {
            let form = [*name, &name[..3]].into_iter().find(|form| begins(form))?;
            Some((at, form.len()))
        })?;
        self.rest = &self.rest[length..];
        i64::try_from(at).ok()
    }

    /// `Z`, `+hh`, `+hhmm` or `+hh:mm`; read over.
    fn offset(&mut self) -> Option<()> {
        self.skip_space();
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Some(());
        }
        self.rest = self.rest.strip_prefix(['+', '-'])?;
        let hours = self.digits(2);
        self.rest = &self.rest[hours..];
        let minutes = self.rest.strip_prefix(':').unwrap_or(self.rest);
        let count = minutes.bytes().take(2).take_while(u8::is_ascii_digit).count();
        match (hours, count) {
            (2, 2) => self.rest = &minutes[2..],
            (2, 0) => {}
            _ => return None,
        }
        Some(())
    }

    /// The fields with what follows from others.
    fn completed(&self) -> Fields {
        let mut fields = self.fields;
        if self.known.half_day.is_some() && self.known.afternoon == Some(true) {
            fields.hour += 12;
        }
        match (self.known.century, self.known.year_of_century) {
            (Some(century), year) => fields.year = century * 100 + year.unwrap_or(fields.year % 100),
            (None, Some(year)) => fields.year = if year >= 69 { 1900 + year } else { 2000 + year },
            (None, None) => {}
        }
        let told_day = self.known.month.is_some() && self.known.day.is_some();
        if self.known.date.is_some() && !told_day && self.known.yearday.is_some() {
            let first = super::days_before(fields.year, 0);
            if let Some(date) = Fields::of_epoch((first + fields.yearday) * super::SECONDS_PER_DAY) {
                (fields.month, fields.day) = (date.month, date.day);
            }
        }
        let days = super::days_before(fields.year, fields.month) + fields.day - 1;
        if self.known.weekday.is_none() && (self.known.date.is_some() || fields.day > 0) {
            fields.weekday = (days + 4).rem_euclid(7);
        }
        if self.known.yearday.is_none() && (self.known.date.is_some() || fields.day > 0) {
            fields.yearday = days - super::days_before(fields.year, 0);
        }
        fields
    }
}

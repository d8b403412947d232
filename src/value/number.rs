//! Numbers as jq has them: a double, and the spelling it came with where the double alone would lose it.
//!
//! jq keeps the literal of a number that nobody calculated with, in the canonical form of its decimal library
//! (`1e3` reads `1E+3`, `1.50` stays `1.50`); see "number literals" in the jq manual, <https://jqlang.org/manual/>.

use std::cmp::Ordering;
use std::sync::Arc;

/// Exponents beyond this are no decimal for jq either: such a literal is just its double.
const MAX_EXPONENT: i64 = 999_999_999;

/// Integers from here on share their double with others, so that comparing them takes the spelling: 2^53.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;

/// A number: a double, plus its decimal spelling where the two differ (`1.50`, `1e3`, integers from 2^53 on).
#[derive(Clone, Debug)]
pub struct Number(Repr);

#[derive(Clone, Debug)]
enum Repr {
    Double(f64),
    Literal(Arc<(f64, Box<str>)>),
}

impl Number {
    /// A number from its JSON text; `.5`, `1.` and leading zeros are read as well, as jq programs may write them.
    /// `None` when the text is no number.
    pub fn from_literal(text: &str) -> Option<Self> {
        let decimal = Decimal::parse(text)?;
        let double: f64 = text.parse().ok()?;
        if decimal.exponent.abs() > MAX_EXPONENT {
            return Some(Self::from(double));
        }
        let canonical = decimal.to_text();
        Some(if double.abs() < EXACT_BELOW && canonical == double_text(double) {
            Self::from(double)
        } else {
            Self(Repr::Literal(Arc::new((double, canonical.into()))))
        })
    }

    /// A number from a text that jq takes for one: a sign of either kind, leading zeros, a missing side of the point,
    /// and `nan`, `inf` and `infinity` in any case.
    pub fn from_lenient(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let named = |double: f64| Self::from(if negative { -double } else { double });
        match rest.to_ascii_lowercase().as_str() {
            "nan" => Some(named(f64::NAN)),
            "inf" | "infinity" => Some(named(f64::INFINITY)),
            _ if rest.starts_with('-') => None,
            _ if negative => Self::from_literal(text),
            _ => Self::from_literal(rest),
        }
    }

    /// The value as a double.
    pub fn as_f64(&self) -> f64 {
        match &self.0 {
            Repr::Double(double) => *double,
            Repr::Literal(literal) => literal.0,
        }
    }

    /// The decimal spelling, where it is kept.
    pub fn literal(&self) -> Option<&str> {
        match &self.0 {
            Repr::Double(_) => None,
            Repr::Literal(literal) => Some(&literal.1),
        }
    }

    /// The text that jq's `tostring` gives: the kept spelling, else the shortest text that reads back as the double;
    /// NaN is `null`, infinities are the largest double.
    pub fn to_text(&self) -> String {
        self.literal().map_or_else(|| double_text(self.as_f64()), str::to_owned)
    }

    /// The negative: of the spelling where it is kept, else of the double. Zero has no sign then, as in jq's decimals.
    #[must_use]
    pub fn negated(&self) -> Self {
        match self.literal() {
            None => Self::from(0.0 - self.as_f64()),
            Some(text) => {
                let mut decimal = Decimal::parse(text).unwrap_or_default();
                decimal.negative = !decimal.negative && decimal.digits != "0";
                Self(Repr::Literal(Arc::new((-self.as_f64(), decimal.to_text().into()))))
            }
        }
    }

    /// Order by value: by decimals where both spellings are kept, else by doubles. NaN comes before every number,
    /// itself included, as in jq's sorting.
    pub fn order(&self, other: &Self) -> Ordering {
        if let (Some(a), Some(b)) = (self.literal(), other.literal())
            && let (Some(a), Some(b)) = (Decimal::parse(a), Decimal::parse(b))
        {
            return a.order(&b);
        }
        let (a, b) = (self.as_f64(), other.as_f64());
        a.partial_cmp(&b).unwrap_or(if a.is_nan() { Ordering::Less } else { Ordering::Greater })
    }
}

impl From<f64> for Number {
    fn from(double: f64) -> Self {
        Self(Repr::Double(double))
    }
}

/// Equal by value, whatever the spelling.
impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.order(other) == Ordering::Equal
    }
}

/// The shortest text that reads back as this double, in the notation of jq: exponents below 10^-5 and where more than
/// fifteen zeros would follow the digits.
fn double_text(double: f64) -> String {
    if double.is_nan() {
        return "null".to_owned();
    }
    let scientific = format!("{:e}", double.clamp(f64::MIN, f64::MAX));
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let digits = mantissa.replace('.', "");
    let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    let point = exponent + 1;
    if point <= -4 || point > count + 15 {
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{mantissa}e{exponent_sign}{:02}", exponent.abs());
    }
    format!("{sign}{}", plain(&digits, exponent + 1 - count))
}

/// `digits` times ten to the power of `exponent`, without an exponent.
fn plain(digits: &str, exponent: i64) -> String {
    let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
    let point = i64::try_from(digits.len()).unwrap_or(i64::MAX) + exponent;
    if exponent >= 0 {
        format!("{digits}{}", zeros(exponent))
    } else if point <= 0 {
        format!("0.{}{digits}", zeros(-point))
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        format!("{whole}.{fraction}")
    }
}

/// A decimal: digits without leading zeros, times ten to the power of `exponent`.
#[derive(Default)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => {
                let written = &rest[at + 1..];
                let digits = written.strip_prefix(['+', '-']).unwrap_or(written);
                if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return None;
                }
                // More digits than an i64 has: beyond every limit anyway.
                let size = digits.parse().unwrap_or(i64::MAX / 2);
                (&rest[..at], if written.starts_with('-') { -size } else { size })
            }
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let digits = format!("{whole}{fraction}");
        let digits = match digits.trim_start_matches('0') {
            "" => "0",
            significant => significant,
        };
        let exponent = exponent - i64::try_from(fraction.len()).ok()?;
        Some(Self { negative, digits: digits.to_owned(), exponent })
    }

    /// The canonical text of a decimal: "to-scientific-string" of the General Decimal Arithmetic specification,
    /// <https://speleotrove.com/decimal/daconvs.html>.
    fn to_text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let adjusted = self.adjusted();
        if self.exponent <= 0 && adjusted >= -6 {
            return format!("{sign}{}", plain(&self.digits, self.exponent));
        }
        let (first, rest) = self.digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let exponent_sign = if adjusted < 0 { '-' } else { '+' };
        format!("{sign}{first}{point}{rest}E{exponent_sign}{}", adjusted.abs())
    }

    /// The exponent of the first digit.
    fn adjusted(&self) -> i64 {
        self.exponent + i64::try_from(self.digits.len()).unwrap_or(i64::MAX / 2) - 1
    }

    fn order(&self, other: &Self) -> Ordering {
        let key = |decimal: &Self| match (decimal.digits.as_str(), decimal.negative) {
            ("0", _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        };
        let signs = key(self).cmp(&key(other));
        if signs != Ordering::Equal || key(self) == 0 {
            return signs;
        }
        let significant = |decimal: &Self| decimal.digits.trim_end_matches('0').to_owned();
        let sizes =
            self.adjusted().cmp(&other.adjusted()).then_with(|| significant(self).cmp(&significant(other)));
        if self.negative { sizes.reverse() } else { sizes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `tostring` gives for numbers as they were written (jq 1.8.2).
    #[test]
    fn an_untouched_number_keeps_its_decimal_spelling() {
        let cases = [
            ("1e15", "1E+15"),
            ("1E-5", "0.00001"),
            ("0.0000001", "1E-7"),
            ("-0", "-0"),
            ("-0.0", "-0.0"),
            ("0.10", "0.10"),
            ("1.0", "1.0"),
            ("12e3", "1.2E+4"),
            ("0e10", "0E+10"),
            ("00012", "12"),
            ("1.e3", "1E+3"),
            (".5", "0.5"),
            ("1e1000", "1E+1000"),
            ("12345678901234567890123456789e5", "1.2345678901234567890123456789E+33"),
            ("1e999999999999", "1.7976931348623157e+308"),
            ("42", "42"),
        ];
        for (written, expected) in cases {
            assert_eq!(
                Number::from_literal(written).map(|n| n.to_text()).as_deref(),
                Some(expected),
                "{written}"
            );
        }
    }

    /// What `tostring` gives after arithmetic (jq 1.8.2).
    #[test]
    fn a_calculated_number_has_the_shortest_spelling() {
        let cases = [
            (1e15, "1000000000000000"),
            (1e16, "1e+16"),
            (123_456_789_012_345_680.0, "123456789012345680"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.2345e-5, "1.2345e-05"),
            (1.5e300, "1.5e+300"),
            (-1e17, "-1e+17"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::INFINITY, "1.7976931348623157e+308"),
            (f64::NAN, "null"),
            (-0.0, "-0"),
        ];
        for (double, expected) in cases {
            assert_eq!(Number::from(double).to_text(), expected);
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".", "e3", "1e", "1e+", "0x10", "1_000", " 1", "nan", "--1", "1.2.3"] {
            assert!(Number::from_literal(text).is_none(), "{text}");
        }
    }

    #[test]
    fn long_spellings_are_compared_digit_by_digit() {
        let number = |text| Number::from_literal(text).expect("a number");
        assert_eq!(number("100000000000000000001").order(&number("100000000000000000002")), Ordering::Less);
        assert_eq!(
            number("-100000000000000000001").order(&number("-100000000000000000002")),
            Ordering::Greater
        );
        assert_eq!(number("1.50").order(&number("1.5")), Ordering::Equal);
        assert_eq!(number("1e1000").order(&number("1e999")), Ordering::Greater);
        assert_eq!(Number::from(f64::NAN).order(&Number::from(f64::NAN)), Ordering::Less);
    }
}

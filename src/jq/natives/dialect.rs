//! Regular expressions from jq's dialect (Oniguruma with Perl syntax and named groups) to ours.
//!
//! <https://github.com/kkos/oniguruma/blob/master/doc/SYNTAX.md> says what each syntax of Oniguruma has; only what
//! means something else here, or nothing, is changed.

use std::iter::Peekable;
use std::str::Chars;

/// The pattern in our dialect; `Err` with what jq says of it.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let mut translation = Translation { rest: pattern.chars().peekable(), out: String::new() };
    while let Some(char) = translation.rest.next() {
        translation.outside(char)?;
    }
    Ok(translation.out)
}

struct Translation<'p> {
    rest: Peekable<Chars<'p>>,
    out: String,
}

/// Where an escape stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Outside,
    Class,
}

impl Translation<'_> {
    fn literal(&mut self, char: char) {
        if !char.is_alphanumeric() && char.is_ascii() {
            self.out.push('\\');
        }
        self.out.push(char);
    }

    /// Whether the rest begins like this.
    fn ahead(&self, text: &str) -> bool {
        self.rest.clone().take(text.chars().count()).eq(text.chars())
    }

    fn skip(&mut self, count: usize) {
        self.rest.by_ref().take(count).for_each(drop);
    }

    /// The text up to a closing character, which is read too.
    fn until(&mut self, close: char) -> Option<String> {
        let text: String = self.rest.clone().take_while(|char| *char != close).collect();
        let count = text.chars().count();
        self.rest.clone().nth(count)?;
        self.skip(count + 1);
        Some(text)
    }

    fn outside(&mut self, char: char) -> Result<(), String> {
        match char {
            '\\' => self.escape(Place::Outside)?,
            '[' => self.class()?,
            // At the end, or before a newline at the end.
            '$' => self.out.push_str(r"(?:$|(?=\n\z))"),
            '{' if !self.quantifier() => self.out.push_str(r"\{"),
            '{' => {
                let bounds = self.until('}').unwrap_or_default();
                if let Some((least, most)) = bounds.split_once(',')
                    && most
                        .parse::<u32>()
                        .is_ok_and(|most| least.parse::<u32>().is_ok_and(|least| most < least))
                {
                    return Err("upper is smaller than lower in repeat range".to_owned());
                }
                self.out.extend(["{", &bounds, "}"]);
            }
            ']' | '}' => self.literal(char),
            '(' if self.ahead("?#") => {
                self.until(')').ok_or("end pattern in group")?;
            }
            '(' if self.ahead("?P<") => return Err("undefined group option".to_owned()),
            '(' if self.ahead("?<") && self.rest.clone().nth(2).is_some_and(|char| char.is_ascii_digit()) => {
                return Err("invalid group name <>".to_owned());
            }
            '(' if self.ahead("?'") => {
                self.skip(2);
                let name = self.until('\'').ok_or("end pattern in group")?;
                self.out.extend(["(?<", &name, ">"]);
            }
            other => self.out.push(other),
        }
        Ok(())
    }

    /// Whether `{` opens a repetition: `{n}`, `{n,}` or `{n,m}`.
    fn quantifier(&self) -> bool {
        let body: String = self.rest.clone().take_while(|char| *char != '}').collect();
        let closed = self.rest.clone().nth(body.chars().count()).is_some();
        let (least, most) = body.split_once(',').unwrap_or((&body, ""));
        let digits = |text: &str| text.chars().all(|char| char.is_ascii_digit());
        closed && !least.is_empty() && digits(least) && digits(most)
    }

    /// An escape whose backslash has been read.
    fn escape(&mut self, place: Place) -> Result<(), String> {
        let Some(char) = self.rest.next() else { return Err("end pattern at escape".to_owned()) };
        match char {
            'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'n' | 'r' | 't' | 'x' | 'f' | 'v' | 'a' => {
                self.out.extend(['\\', char]);
            }
            'e' => self.out.push_str(r"\x1B"),
            'p' | 'P' if self.rest.peek() == Some(&'{') => {
                self.skip(1);
                let name = self.until('}').ok_or("invalid character property name {p}")?;
                self.property(&name, if char == 'P' { Sense::Not } else { Sense::Is });
            }
            '0'..='7' if place == Place::Class || char == '0' || self.octal() => {
                let mut digits = char.to_string();
                while digits.len() < 3
                    && let Some(digit) = self.rest.next_if(|char| char.is_digit(8))
                {
                    digits.push(digit);
                }
                self.code_point(&digits, 8)?;
            }
            'o' if self.rest.peek() == Some(&'{') => {
                self.skip(1);
                let digits = self.until('}').ok_or("invalid code point value")?;
                self.code_point(&digits, 8)?;
            }
            'c' => {
                let control = self.rest.next().and_then(|char| u8::try_from(char).ok());
                let control = control.ok_or("end pattern at control")? & 0x1f;
                self.out.push(char::from(control));
            }
            'b' if place == Place::Class => self.out.push_str(r"\x08"),
            'Q' if place == Place::Outside => {
                while !self.rest.clone().eq("".chars()) && !self.ahead(r"\E") {
                    let char = self.rest.next().unwrap_or_default();
                    self.literal(char);
                }
                self.skip(2);
            }
            'Z' if place == Place::Outside => self.out.push_str(r"(?=\n?\z)"),
            'N' if place == Place::Outside => self.out.push_str(r"[^\n]"),
            'O' if place == Place::Outside => self.out.push_str("(?s:.)"),
            'A' | 'z' | 'G' | 'K' | 'R' | 'X' | 'b' | 'B' | 'k' | 'g' | '1'..='9'
                if place == Place::Outside =>
            {
                self.out.extend(['\\', char]);
            }
            // Any other letter stands for itself.
            other => self.literal(other),
        }
        Ok(())
    }

    /// Whether two more octal digits follow: not a reference to a group then.
    fn octal(&self) -> bool {
        self.rest.clone().take(2).filter(|char| char.is_digit(8)).count() == 2
    }

    fn code_point(&mut self, digits: &str, radix: u32) -> Result<(), String> {
        let char = u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        self.literal(char.ok_or("invalid code point value")?);
        Ok(())
    }

    fn property(&mut self, name: &str, sense: Sense) {
        let (name, sense) = match name.strip_prefix('^') {
            Some(name) => (name, sense.inverted()),
            None => (name, sense),
        };
        match named_class(&name.to_ascii_lowercase()) {
            Some(class) => self.named(class, sense),
            None => self.out.extend([if sense == Sense::Is { r"\p{" } else { r"\P{" }, name, "}"]),
        }
    }

    fn named(&mut self, class: &str, sense: Sense) {
        let negation = if sense == Sense::Is { "" } else { "^" };
        self.out.extend(["[", negation, class, "]"]);
    }

    /// `alpha:]` or its kind.
    fn bracket_type(&mut self) -> Result<(), String> {
        let name = self.until(':').ok_or("premature end of char-class")?;
        if self.rest.next() != Some(']') {
            return Err("premature end of char-class".to_owned());
        }
        let (name, sense) = match name.strip_prefix('^') {
            Some(name) => (name, Sense::Not),
            None => (name.as_str(), Sense::Is),
        };
        self.named(named_class(name).ok_or("invalid POSIX bracket type")?, sense);
        Ok(())
    }

    /// A character class whose opening bracket has been read.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        if self.rest.next_if_eq(&']').is_some() {
            self.out.push_str(r"\]");
        }
        let mut before = Item::Other;
        loop {
            before = match self.rest.next() {
                None => return Err("premature end of char-class".to_owned()),
                Some(']') => break,
                Some('[') if self.rest.peek() == Some(&':') => {
                    self.skip(1);
                    self.bracket_type()?;
                    Item::Other
                }
                Some('\\') => {
                    let set = matches!(self.rest.peek(), Some('d' | 'D' | 'w' | 'W' | 's' | 'S' | 'p' | 'P'));
                    self.escape(Place::Class)?;
                    if set { Item::Other } else { Item::Char }
                }
                // A range, unless it stands at an edge or behind no single character.
                Some('-') if before == Item::Char && self.rest.peek() != Some(&']') => {
                    self.out.push('-');
                    Item::Other
                }
                Some(char) => {
                    self.literal(char);
                    Item::Char
                }
            };
        }
        self.out.push(']');
        Ok(())
    }
}

/// What the last part of a character class was.
#[derive(Clone, Copy, PartialEq)]
enum Item {
    Char,
    Other,
}

/// Whether a property is asked for or excluded.
#[derive(Clone, Copy, PartialEq)]
enum Sense {
    Is,
    Not,
}

impl Sense {
    fn inverted(self) -> Self {
        match self {
            Self::Is => Self::Not,
            Self::Not => Self::Is,
        }
    }
}

/// What the bracket types of POSIX stand for, with all of Unicode.
fn named_class(name: &str) -> Option<&'static str> {
    Some(match name {
        "alpha" => r"\p{Alphabetic}",
        "digit" => r"\p{Nd}",
        "alnum" => r"\p{Alphabetic}\p{Nd}",
        "upper" => r"\p{Uppercase}",
        "lower" => r"\p{Lowercase}",
        "space" => r"\s",
        "blank" => r"\p{Zs}\t",
        "cntrl" => r"\p{Cc}",
        "punct" => r"\p{P}\p{S}",
        "graph" => r"\P{C}&&[^\s]",
        "print" => r"\P{C}\p{Zs}",
        "xdigit" => "0-9A-Fa-f",
        "word" => r"\w",
        "ascii" => r"\x00-\x7F",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::translate;

    #[test]
    fn what_means_something_else_is_changed() {
        let cases = [
            (r"a$", r"a(?:$|(?=\n\z))"),
            (r"\h\u00e9\pL", "hu00e9pL"),
            ("{a}b{,2}c{1,2}", r"\{a\}b\{,2\}c{1,2}"),
            ("[]a]", r"[\]a]"),
            ("[a&&b[c]", r"[a\&\&b\[c]"),
            ("[+--]", r"[\+-\-]"),
            ("[a-z_-]", r"[a-z\_\-]"),
            (r"[-a\w-.]", r"[\-a\w\-\.]"),
            ("[[:alpha:][:^space:]]", r"[[\p{Alphabetic}][^\s]]"),
            (r"\Qa.b\Ec", r"a\.bc"),
            (r"\101\1\o{102}\cA", "A\\1B\u{1}"),
            ("(?'n'a)(?#note)", "(?<n>a)"),
            (r"\p{^Alpha}\P{Lu}", r"[^\p{Alphabetic}]\P{Lu}"),
        ];
        for (pattern, expected) in cases {
            assert_eq!(translate(pattern).as_deref(), Ok(expected), "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in ["[", "[a", "[[:alpha:", "[[:foo:]]", "(?P<n>a)", "(?<1>a)", "a{2,1}", "a\\", "(?#"] {
            assert!(translate(pattern).is_err(), "{pattern}");
        }
    }
}

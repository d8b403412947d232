//! What in a text is a key, a phone number or a mail address.

use fancy_regex::Regex;

/// A pattern whose first group is what must go.
#[derive(Debug)]
pub(super) struct Pattern {
    /// Without looking around, so that it runs in linear time and most texts are done with.
    hint: Regex,
    pattern: Regex,
}

impl Pattern {
    /// A text that the pattern matches has the hint in it.
    fn new([hint, pattern]: [&str; 2]) -> Self {
        let compiled = |text| Regex::new(text).expect("the pattern is a constant, which a test compiles");
        Self { hint: compiled(hint), pattern: compiled(pattern) }
    }

    /// Keys, tokens and passwords in the forms in which texts have them.
    pub(super) fn keys() -> Vec<Self> {
        [
            // `apiKey=…`, `"password": "…"`, `X-Auth-Token: …`
            [r"(?i)(?:key|secret|token|passw|passphrase|credential)[^:=]*[:=]", r#"(?i)(?:api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key|integration[_-]?key|routing[_-]?key|secret|token|passw(?:or)?d|passphrase|credential)[a-z0-9_-]*\\?["']?\s*[:=]\s*\\?["']?(?!(?:Bearer|Basic|GenieKey)\s)([^\s"'&,;<>\\]{3,})"#],
            [r"(?i)(?:GenieKey|Bearer|Basic)\s", r"(?i)\b(?:GenieKey|Bearer|Basic)\s+((?=[^\s]*[0-9=])[A-Za-z0-9._~+/=-]{8,})"],
            [r"A[KS]IA", r"\b((?:AKIA|ASIA)[0-9A-Z]{16})\b"],
            [r"gh[pousr]_|github_pat_|glpat-|xox|sk_live_|sk-|SG\.", r"\b((?:gh[pousr]_|github_pat_|glpat-|xox[a-z]-|sk_live_|sk-|SG\.)[A-Za-z0-9_.-]{16,})"],
            [r"eyJ", r"\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)"],
            [r"PRIVATE KEY", r"(-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z))"],
            [r"hooks", r"hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9/_-]+)"],
            // The password in `https://user:password@host`.
            [r"://", r"://[^\s/@:]*:([^\s/@]+)@"],
        ]
        .map(Self::new)
        .into()
    }

    /// International phone numbers: `+` or `00`, then 8 to 15 digits with the usual marks between. A mail address may
    /// have such a part before its `@`.
    pub(super) fn phone_numbers() -> Vec<Self> {
        [
            [r"\+\(?[1-9]", r"(\+\(?[1-9](?:[ ().\-/\x{a0}]{0,3}[0-9]){7,14})(?![0-9@])"],
            [r"00[1-9]", r"(?<![\w.-])(00[1-9](?:[ ().\-/]?[0-9]){7,13})(?![\w@-])"],
        ]
        .map(Self::new)
        .into()
    }

    /// Mail addresses.
    pub(super) fn mail() -> Self {
        Self::new(["@", r"([\w.%+'-]+@[\w-]+(?:\.[\w-]+)+)"])
    }

    /// The text with each find replaced; nothing where there is none.
    pub(super) fn replace(
        &self,
        text: &str,
        with: impl Fn(&str) -> String,
        count: &mut u64,
    ) -> Option<String> {
        if !self.hint.is_match(text).unwrap_or(true) {
            return None;
        }
        let mut out = String::new();
        let mut copied = 0;
        // Looking ahead gives up on texts that are made to make it; then the text is taken away whole.
        for found in self.pattern.captures_iter(text) {
            let Ok(found) = found else {
                *count += 1;
                return Some(with(text));
            };
            let Some(part) = found.get(1) else { continue };
            out.push_str(&text[copied..part.start()]);
            let put = with(part.as_str());
            *count += u64::from(put != part.as_str());
            out.push_str(&put);
            copied = part.end();
        }
        (copied > 0).then(|| out + &text[copied..])
    }
}

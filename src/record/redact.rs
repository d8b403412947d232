//! What must not be in a recording is taken out: keys and phone numbers always, persons on request.

use std::sync::atomic::{AtomicU64, Ordering};

use super::pseudonym::Pseudonyms;
use super::text::Pattern;
use crate::opsgenie::recording::Redactions;
use crate::secret::Secret;
use crate::value::{Object, Value};

/// What stands for a key.
const KEY: &str = "[redacted key]";
/// What stands for a phone number.
const PHONE_NUMBER: &str = "[redacted phone number]";

/// Parts of the names of fields that hold a key, without `_`, `-` and case.
const KEY_NAMES: [&str; 14] = [
    "apikey",
    "accesskey",
    "privatekey",
    "accountkey",
    "integrationkey",
    "routingkey",
    "secret",
    "token",
    "password",
    "passwd",
    "passphrase",
    "credential",
    "authorization",
    "cookie",
];

/// Parts of the names of fields and of ways of contact that hold a phone number.
const PHONE_NAMES: [&str; 4] = ["phone", "mobile", "whatsapp", "msisdn"];

/// Whole names of such fields and ways.
const SHORT_PHONE_NAMES: [&str; 3] = ["voice", "sms", "fax"];

/// Names of fields that hold a person.
const PERSON_NAMES: [&str; 15] = [
    "username",
    "fullname",
    "firstname",
    "lastname",
    "displayname",
    "owner",
    "acknowledgedby",
    "closedby",
    "createdby",
    "updatedby",
    "snoozedby",
    "assignee",
    "author",
    "actor",
    "oncallrecipients",
];

/// Whether persons keep their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// As they are.
    Kept,
    /// Names and mail addresses become pseudonyms.
    Pseudonyms,
}

/// Takes out of records what must not be in a recording. The same text always becomes the same, so that joins hold.
#[derive(Debug)]
pub struct Redactor {
    /// Our own credentials, wherever they turn up.
    own: Vec<Secret>,
    keys: Vec<Pattern>,
    phone_numbers: Vec<Pattern>,
    mail: Pattern,
    persons: Option<Pseudonyms>,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    keys: AtomicU64,
    phone_numbers: AtomicU64,
    pseudonyms: AtomicU64,
}

/// What the name of a field says about the texts in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    /// Nothing.
    Text,
    Key,
    PhoneNumber,
    Person,
    /// The home of a person.
    Home,
}

impl Redactor {
    /// Takes out keys, phone numbers and `own` credentials; persons as `names` says.
    pub fn new(own: impl IntoIterator<Item = Secret>, names: Names) -> Self {
        Self {
            own: own.into_iter().filter(|secret| !secret.is_empty()).collect(),
            keys: Pattern::keys(),
            phone_numbers: Pattern::phone_numbers(),
            mail: Pattern::mail(),
            persons: (names == Names::Pseudonyms).then(Pseudonyms::default),
            counts: Counts::default(),
        }
    }

    /// Keeps the names of users in mind, to find them in other texts.
    pub fn learn(&mut self, users: &[Value]) {
        let Some(persons) = &mut self.persons else { return };
        for user in users {
            for name in ["fullName", "username"] {
                if let Some(name) = user.get(name).as_str() {
                    persons.learn(name.trim());
                }
            }
        }
    }

    /// How much was taken out so far.
    pub fn redactions(&self) -> Redactions {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Redactions {
            keys: count(&self.counts.keys),
            phone_numbers: count(&self.counts.phone_numbers),
            pseudonyms: self.persons.as_ref().map(|_| count(&self.counts.pseudonyms)),
        }
    }

    /// A record without what must not be in a recording.
    pub fn redacted(&self, record: &Value) -> Value {
        self.value(record, Inside::Text)
    }

    fn value(&self, value: &Value, inside: Inside) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(_) => match inside {
                Inside::Key => counted(&self.counts.keys, KEY.to_owned()).into(),
                Inside::PhoneNumber => counted(&self.counts.phone_numbers, PHONE_NUMBER.to_owned()).into(),
                Inside::Text | Inside::Person | Inside::Home => value.clone(),
            },
            Value::String(text) => self.string(text, inside).map_or_else(|| value.clone(), Value::from),
            Value::Array(items) => items.iter().map(|item| self.value(item, inside)).collect(),
            Value::Object(object) => {
                let fields = object.iter().map(|(key, value)| {
                    let inside = if matches!(inside, Inside::Text | Inside::Person) {
                        self.inside(key, object, value)
                    } else {
                        inside
                    };
                    (key.clone(), self.value(value, inside))
                });
                Value::object(fields.collect())
            }
        }
    }

    /// What the field `key` of an object holds.
    fn inside(&self, key: &str, object: &Object, value: &Value) -> Inside {
        let name = plain(key);
        if name == "key" || KEY_NAMES.iter().any(|part| name.contains(part)) {
            return Inside::Key;
        }
        // A contact: `{"method": "sms", "to": "1-5550100"}`.
        let of_contact = || {
            let ways =
                ["method", "contactMethod", "type"].into_iter().filter_map(|name| object.get(name)?.as_str());
            ways.into_iter().any(|way| is_phone(&plain(way)))
        };
        if is_phone(&name) || (matches!(&*name, "to" | "value" | "number") && of_contact()) {
            return Inside::PhoneNumber;
        }
        if self.persons.is_none() {
            return Inside::Text;
        }
        let is_user = || object.get("type").and_then(Value::as_str) == Some("user");
        let named = || value.as_str().is_some() && (name == "user" || (name == "name" && is_user()));
        if PERSON_NAMES.contains(&&*name) || name == "skypeusername" || named() {
            return Inside::Person;
        }
        if name == "useraddress" { Inside::Home } else { Inside::Text }
    }

    /// A text without what must not be there; nothing where it may stay as it is.
    fn string(&self, text: &str, inside: Inside) -> Option<String> {
        let own = self.own.iter().any(|secret| text.contains(secret.expose()));
        match inside {
            _ if text.is_empty() => None,
            Inside::Key => Some(counted(&self.counts.keys, KEY.to_owned())),
            Inside::PhoneNumber if text.chars().filter(char::is_ascii_digit).count() >= MIN_DIGITS => {
                Some(counted(&self.counts.phone_numbers, PHONE_NUMBER.to_owned()))
            }
            _ if !own && is_id(text) => None,
            Inside::Person => Some(self.person(text)),
            Inside::Home => Some(counted(&self.counts.pseudonyms, "[redacted]".to_owned())),
            Inside::Text | Inside::PhoneNumber => self.text(text),
        }
    }

    fn text(&self, text: &str) -> Option<String> {
        let (mut keys, mut phone_numbers, mut pseudonyms) = (0, 0, 0);
        let mut changed: Option<String> = None;
        for secret in &self.own {
            let now = changed.as_deref().unwrap_or(text);
            if now.contains(secret.expose()) {
                changed = Some(now.replace(secret.expose(), KEY));
                keys += 1;
            }
        }
        for pattern in &self.keys {
            let now = changed.as_deref().unwrap_or(text);
            let done = |found: &str| found == KEY || KEY.starts_with(found);
            let with = |found: &str| if done(found) { found.to_owned() } else { KEY.to_owned() };
            changed = pattern.replace(now, with, &mut keys).or(changed);
        }
        for pattern in &self.phone_numbers {
            let now = changed.as_deref().unwrap_or(text);
            changed = pattern.replace(now, |_| PHONE_NUMBER.to_owned(), &mut phone_numbers).or(changed);
        }
        if let Some(persons) = &self.persons {
            let now = changed.as_deref().unwrap_or(text);
            changed = self.mail.replace(now, |mail| persons.mail(mail), &mut pseudonyms).or(changed);
            let now = changed.as_deref().unwrap_or(text);
            changed = persons.without_names(now, &mut pseudonyms).or(changed);
        }
        for (counter, count) in [
            (&self.counts.keys, keys),
            (&self.counts.phone_numbers, phone_numbers),
            (&self.counts.pseudonyms, pseudonyms),
        ] {
            counter.fetch_add(count, Ordering::Relaxed);
        }
        changed
    }

    /// A text that is a person and nothing else.
    fn person(&self, text: &str) -> String {
        let Some(persons) = self.persons.as_ref().filter(|_| !text.contains('@')) else {
            return self.text(text).unwrap_or_else(|| text.to_owned());
        };
        counted(&self.counts.pseudonyms, persons.name(text))
    }
}

fn counted(counter: &AtomicU64, text: String) -> String {
    counter.fetch_add(1, Ordering::Relaxed);
    text
}

/// A name without case, `_` and `-`.
fn plain(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn is_phone(name: &str) -> bool {
    SHORT_PHONE_NAMES.contains(&name) || PHONE_NAMES.iter().any(|part| name.contains(part))
}

/// What has fewer digits is no phone number, whatever its field is called.
const MIN_DIGITS: usize = 5;

/// Ids look like `4513b7ea-3b91-438f-b7e4-e3e54af9147c-1682083200000`, and other records name them.
fn is_id(text: &str) -> bool {
    const SHORTEST: usize = 32;
    text.len() >= SHORTEST && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    fn redacted(json: &str) -> String {
        // Its patterns take long to compile.
        static REDACTOR: LazyLock<Redactor> =
            LazyLock::new(|| Redactor::new([Secret::new("our-own-secret")], Names::Kept));
        REDACTOR.redacted(&Value::parse(json.as_bytes()).unwrap()).to_string()
    }

    /// A text as it is recorded.
    fn text(text: &str) -> String {
        let json = Value::from(text).to_string();
        let out = Value::parse(redacted(&json).as_bytes()).unwrap();
        out.as_str().unwrap().to_owned()
    }

    #[test]
    fn keys_are_found_in_texts() {
        let shown: Vec<String> = [
            "apiKey=1f2e3d rest",
            r#"{"password": "hunter2", "user": "ada"}"#,
            r#"{\"client_secret\": \"hunter2\"}"#,
            "X-Auth-Token: abc.def",
            "https://x.test/?access_token=abc&id=5",
            "Authorization: Basic b3BzOmh1bnRlcjI=",
            "GenieKey 0b6f6a0e-6c1a-4a35-9f5e-5f0a52b6a8f1",
            "ghp_0123456789abcdefABCDEF0123456789abcd",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_",
            "postgres://ops:hunter2@db/x",
            "see -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- there",
            "https://hooks.slack.com/services/T00/B00/XXXX",
            "our-own-secret inside",
        ]
        .map(text)
        .into();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        apiKey=[redacted key] rest
        {"password": "[redacted key]", "user": "ada"}
        {\"client_secret\": \"[redacted key]\"}
        X-Auth-Token: [redacted key]
        https://x.test/?access_token=[redacted key]&id=5
        Authorization: Basic [redacted key]
        GenieKey [redacted key]
        [redacted key]
        [redacted key]
        postgres://ops:[redacted key]@db/x
        see [redacted key] there
        https://hooks.slack.com/services/[redacted key]
        [redacted key] inside
        "#);
    }

    #[test]
    fn phone_numbers_are_found_in_texts() {
        let shown: Vec<String> = [
            "+4915112345678",
            "call +1 (555) 010-9999x22 now",
            "+44 (0) 20.7946.0018, or 0049 151 12345678.",
            "tel:+15550109999",
        ]
        .map(text)
        .into();
        insta::assert_snapshot!(shown.join("\n"), @r"
        [redacted phone number]
        call [redacted phone number]x22 now
        [redacted phone number], or [redacted phone number].
        tel:[redacted phone number]
        ");
    }

    #[test]
    fn what_is_neither_stays() {
        for plain in [
            "2023-04-21T13:20:00.123+02:00",
            "0b6f6a0e-6c1a-4a35-9f5e-5f0a52b6a8f1",
            "580e9625-ecc7-42b0-8836-3d3637438bc4-169486700232",
            "00123456-7890-4123-8123-123456789012",
            "https://app.opsgenie.com/alert/detail/00123456-7890-4123-8123-123456789012/details",
            "disk +10% in 24h, +1000000 requests",
            "ada+12345678@corp.test",
            "the token has expired",
            "Bearer authentication failed",
            "keyboard: broken",
        ] {
            assert_eq!(text(plain), plain);
        }
        for json in [
            r#"{"monkey":"a","tinyId":"1791","invoiceNumber":"INV-123456","voice":true,"sms":null}"#,
            r#"{"type":"team","id":"x","name":"Platform"}"#,
        ] {
            assert_eq!(redacted(json), json);
        }
    }

    #[test]
    fn fields_are_known_by_their_names() {
        let json = r#"{"key":"x","Api-Key":["a",{"b":"c"}],"sessionToken":5,"empty_secret":"","phone":"030 123456",
            "contact":{"method":"whatsapp","to":"1-5550100"},"note":{"method":"email","to":"1-5550100"}}"#;
        insta::assert_snapshot!(redacted(json), @r#"{"key":"[redacted key]","Api-Key":["[redacted key]",{"b":"[redacted key]"}],"sessionToken":"[redacted key]","empty_secret":"","phone":"[redacted phone number]","contact":{"method":"whatsapp","to":"[redacted phone number]"},"note":{"method":"email","to":"1-5550100"}}"#);
    }

    #[test]
    fn the_same_person_is_the_same_pseudonym_everywhere() {
        let mut redactor = Redactor::new([], Names::Pseudonyms);
        let users = r#"[{"fullName":"Ada King","username":"ada@corp.test"},{"fullName":"Ada King Noel","username":"noel"}]"#;
        let users = Value::parse(users.as_bytes()).unwrap();
        redactor.learn(users.as_array().unwrap());
        let json = r#"{"owner":"ada@corp.test","text":"Ada King, Ada King Noel; not Ada Kingdom. noel <ada@corp.test>",
            "user":{"type":"user","name":"Ada King"},"onCallRecipients":["ada@corp.test","noel"]}"#;
        let out = redactor.redacted(&Value::parse(json.as_bytes()).unwrap());
        let mail = out.get("owner").as_str().unwrap();
        let king = out.get("user").get("name").as_str().unwrap();
        let oncalls = out.get("onCallRecipients").as_array().unwrap();
        let noel = oncalls[1].as_str().unwrap();
        assert_eq!(oncalls[0].as_str(), Some(mail));
        let text = out.get("text").as_str().unwrap();
        let longer = text.strip_prefix(&format!("{king}, ")).and_then(|rest| rest.split_once(';'));
        let (longer, rest) = longer.unwrap();
        assert!(longer.starts_with("Person ") && longer != king, "{text}");
        assert_eq!(rest, format!(" not Ada Kingdom. {noel} <{mail}>"));
    }

    proptest! {
        #[test]
        fn no_phone_number_survives_in_any_text(
            before in "[a-z ,:(]{0,8}",
            country in "[1-9][0-9]{0,2}",
            groups in prop::collection::vec("[ .\\-/]?[0-9]{2,4}", 3..5),
            after in "([ ,.;)a-z][a-z ]{0,8})?",
        ) {
            let number = format!("+{country}{}", groups.concat());
            let digits = number.chars().filter(char::is_ascii_digit).count();
            prop_assume!((8..=15).contains(&digits));
            let shown = text(&format!("{before}{number}{after}"));
            let left: String = shown.chars().filter(char::is_ascii_digit).collect();
            prop_assert_eq!(left, "", "{}", shown);
        }

        #[test]
        fn no_key_survives_under_its_name(name in "(api_key|Token|db-password|clientSecret)", key in "[A-Za-z0-9+/_-]{12,40}") {
            for text in [format!("{name}={key}"), format!("{name}: {key}"), format!("x \"{name}\":\"{key}\"")] {
                prop_assert!(!self::text(&text).contains(&key), "{}", text);
            }
            let json = format!(r#"{{"a":[{{"{name}":"{key}"}}]}}"#);
            prop_assert!(!redacted(&json).contains(&key));
        }
    }
}

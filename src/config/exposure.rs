//! What a mapping may see of the environment: never a credential.
//!
//! Port's integration shows every variable to `env` and `$ENV` of a mapping, its own credentials included.

use std::collections::BTreeMap;

use super::names;
use super::settings::Settings;

/// Words in the name of a variable whose value is nobody's business.
const TELLING: [&str; 13] = [
    "SECRET",
    "TOKEN",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "APIKEY",
    "API_KEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "ACCOUNT_KEY",
    "CONNECTION_STRING",
    "COOKIE",
];

/// Shorter credentials are compared whole: as a part they would be found everywhere.
const MIN_PART_LENGTH: usize = 6;

impl Settings {
    /// The variables that a mapping may read: none when that is off; else those that are no credential, by name or by
    /// what they hold.
    pub fn visible_environment(&self, environment: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        if !self.disclosure.environment {
            return BTreeMap::new();
        }
        let is_visible = |(name, value): &(&String, &String)| !is_telling(name) && !self.is_told_by(value);
        environment.iter().filter(is_visible).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Whether a value holds one of our credentials, or somebody's in an address.
    pub(super) fn is_told_by(&self, value: &str) -> bool {
        let holds = |secret: &str| {
            value.trim() == secret || (secret.len() >= MIN_PART_LENGTH && value.contains(secret))
        };
        self.secrets().iter().any(|secret| !secret.is_empty() && holds(secret.expose()))
            || holds_a_password(value)
    }
}

fn is_telling(name: &str) -> bool {
    let upper = name.to_uppercase();
    let is_ours = || names::secrets().any(|secret| is_at_or_above(&upper, &secret.variable()));
    names_a_secret(name) || is_ours()
}

/// Whether a name tells that what it names is nobody's business.
pub fn names_a_secret(name: &str) -> bool {
    let upper = name.to_uppercase();
    TELLING.iter().any(|word| upper.contains(word))
}

/// Whether a variable is the one or a group that may hold it, as `OCEAN__PORT` holds `OCEAN__PORT__CLIENT_ID`.
fn is_at_or_above(name: &str, variable: &str) -> bool {
    variable.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(names::DELIMITER))
}

/// Whether there is an address with a password, such as `postgres://user:password@host`.
pub fn holds_a_password(value: &str) -> bool {
    value.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or(rest);
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
    })
}

#[cfg(test)]
mod tests {
    use crate::config::Settings;
    use crate::config::sources::of_environment;

    #[test]
    fn credentials_are_not_seen_by_name_or_by_value() {
        let sources = of_environment([
            ("OCEAN__PORT__CLIENT_ID", "the-client-id"),
            ("ocean__port", r#"{"client_secret":"the\"secret"}"#),
            ("OCEAN__INTEGRATION", r#"{"config":{"api_token":"the-token"}}"#),
            ("OCEAN__INTEGRATION__IDENTIFIER", "mine"),
            ("COPY", "Bearer the-token"),
            ("DATABASE_URL", "postgres://me:word@db/x"),
            ("GITHUB_TOKEN", "x"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
            ("Storage_Account_Key", "x"),
            ("HOMEPAGE", "https://example.com/@me:you"),
            ("REGION", "eu"),
        ]);
        let (settings, _) = Settings::resolve(&sources).expect("these settings are right");
        let seen = settings.visible_environment(&sources.environment);
        assert_eq!(seen.keys().collect::<Vec<_>>(), ["HOMEPAGE", "OCEAN__INTEGRATION__IDENTIFIER", "REGION"]);
    }

    #[test]
    fn nothing_is_seen_when_that_is_off() {
        let sources = of_environment([
            ("OCEAN__PORT__CLIENT_ID", "a"),
            ("OCEAN__PORT__CLIENT_SECRET", "b"),
            ("OCEAN__INTEGRATION__CONFIG__API_TOKEN", "c"),
            ("OCEAN__ALLOW_ENVIRONMENT_VARIABLES_JQ_ACCESS", "no"),
            ("REGION", "eu"),
        ]);
        let (settings, _) = Settings::resolve(&sources).expect("these settings are right");
        assert!(settings.visible_environment(&sources.environment).is_empty());
    }
}

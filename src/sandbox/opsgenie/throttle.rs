//! Token buckets per domain, as "Rate Limiting" on docs.opsgenie.com describes them.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::envelope::Refusal;

/// Requests that share a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Domain {
    /// Listings of alerts and users.
    Search,
    /// Everything about incidents.
    Incident,
    /// Teams, schedules, services, single users.
    Configuration,
    /// Who is on call.
    ScheduleOnCalls,
    /// Single alerts.
    Alert,
}

impl Domain {
    fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Incident => "incident",
            Self::Configuration => "configuration",
            Self::ScheduleOnCalls => "schedule-oncalls",
            Self::Alert => "alert",
        }
    }
}

/// A bucket that fills at a steady rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Requests served per second in the long run.
    pub per_second: f64,
    /// Requests served at once after a rest.
    pub burst: f64,
    /// What an empty bucket names as its period: 1 or 60 seconds.
    pub period_secs: u64,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    bucket: Bucket,
    tokens: f64,
    at: Instant,
}

/// The buckets in force.
#[derive(Clone, Debug, Default)]
pub struct Throttle {
    levels: BTreeMap<Domain, Level>,
    /// How often a request was refused.
    pub refused: u64,
    /// How often a request was let through in a limited domain.
    pub served: u64,
}

impl Throttle {
    /// Limits one domain from now on; the bucket starts full.
    pub fn limit(&mut self, domain: Domain, bucket: Bucket) {
        let level = Level { bucket, tokens: bucket.burst, at: Instant::now() };
        self.levels.insert(domain, level);
    }

    /// Limits every domain alike.
    pub fn limit_all(&mut self, bucket: Bucket) {
        for domain in
            [Domain::Search, Domain::Incident, Domain::Configuration, Domain::ScheduleOnCalls, Domain::Alert]
        {
            self.limit(domain, bucket);
        }
    }

    /// Lifts every limit.
    pub fn lift(&mut self) {
        self.levels.clear();
    }

    pub(super) fn draw(&mut self, domain: Domain) -> Result<(), Refusal> {
        self.draw_at(domain, Instant::now())
    }

    fn draw_at(&mut self, domain: Domain, now: Instant) -> Result<(), Refusal> {
        let Some(level) = self.levels.get_mut(&domain) else {
            return Ok(());
        };
        let rested: Duration = now.saturating_duration_since(level.at);
        level.at = now;
        let refilled = level.tokens + rested.as_secs_f64() * level.bucket.per_second;
        level.tokens = refilled.min(level.bucket.burst);
        if level.tokens >= 1.0 {
            level.tokens -= 1.0;
            self.served += 1;
            return Ok(());
        }
        self.refused += 1;
        Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "You are making too many requests!")
            .header("X-RateLimit-State", "THROTTLED")
            .header("X-RateLimit-Reason", "ACCOUNT")
            .header("X-RateLimit-Period-In-Sec", &level.bucket.period_secs.to_string()))
    }

    pub(super) fn json(&self) -> Value {
        let limits = self.levels.iter().map(|(domain, level)| {
            let per_minute = level.bucket.per_second * 60.0;
            json!({ "domain": domain.name(), "limits": [
                { "limit": level.bucket.burst.max(level.bucket.per_second), "periodInSeconds": 1 },
                { "limit": per_minute, "periodInSeconds": 60 },
            ] })
        });
        json!({ "rateLimits": limits.collect::<Value>() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_serves_its_burst_and_then_its_rate() {
        let mut throttle = Throttle::default();
        throttle.limit(Domain::Search, Bucket { per_second: 20.0, burst: 5.0, period_secs: 1 });
        let begin = Instant::now();
        let served = |throttle: &mut Throttle, at: Duration| {
            (0..10).filter(|_| throttle.draw_at(Domain::Search, begin + at).is_ok()).count()
        };
        assert_eq!(served(&mut throttle, Duration::ZERO), 5);
        assert_eq!(served(&mut throttle, Duration::from_millis(100)), 2);
        assert_eq!(served(&mut throttle, Duration::from_secs(10)), 5);
        assert!(throttle.draw_at(Domain::Incident, begin).is_ok());
        assert_eq!(throttle.refused, 18);
    }
}

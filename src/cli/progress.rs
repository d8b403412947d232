//! The line on a terminal that says how far a pass is. It is gone when the pass is done.

use std::fmt::Write as _;
use std::pin::pin;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::sync::{Seen, Stage, Watch};
use crate::telemetry;

/// A pass that is done by then needs no line.
const PATIENCE: Duration = Duration::from_millis(300);
/// Between two looks: often enough to be seen moving.
const BEAT: Duration = Duration::from_millis(100);

/// Waits for a pass and shows meanwhile how far it is, if standard error is a terminal.
pub(super) async fn beside<T>(watch: &Watch, pass: impl Future<Output = T>) -> T {
    let mut pass = pin!(pass);
    let line = telemetry::screen().add(ProgressBar::new_spinner());
    if line.is_hidden() {
        return pass.await;
    }
    line.set_style(ProgressStyle::default_spinner());
    let mut beat = interval_at(Instant::now() + PATIENCE, BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            done = &mut pass => {
                line.finish_and_clear();
                return done;
            }
            _ = beat.tick() => {
                line.set_message(text(&watch.seen(), line.elapsed()));
                line.tick();
            }
        }
    }
}

fn text(seen: &Seen, elapsed: Duration) -> String {
    let mut text = String::from(match seen.stage {
        Stage::SetUp => "setting up",
        Stage::Streaming => "carrying",
        Stage::Removing => "looking for what is stale",
    });
    for (nth, (kind, count)) in seen.listed.iter().enumerate() {
        let between = if nth == 0 { "  " } else { " · " };
        let _infallible = write!(text, "{between}{kind} {count}");
    }
    let _infallible = write!(text, "  {} s", elapsed.as_secs());
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn a_person_sees_it_move() {
        let tell = |stage, listed: &[(Kind, u64)]| {
            let seen = Seen { stage, listed: listed.iter().copied().collect() };
            text(&seen, Duration::from_millis(2700))
        };
        let told = [
            tell(Stage::SetUp, &[]),
            tell(Stage::Streaming, &[(Kind::Service, 200), (Kind::Alert, 12_400)]),
            tell(Stage::Removing, &[(Kind::Service, 200)]),
        ];
        insta::assert_snapshot!(told.join("\n"), @"
        setting up  2 s
        carrying  alert 12400 · service 200  2 s
        looking for what is stale  service 200  2 s
        ");
    }
}

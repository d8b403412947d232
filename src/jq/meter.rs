//! What an evaluation has used up: steps, time, stack, memory. jaq-core cannot be interrupted from outside, and its
//! operators get no context, so the evaluation under way on a thread is metered in a place of that thread.
//!
//! Once something is used up, every further step fails. A program may catch the failure of one step, but not go on:
//! whatever it does next is a step too, and at the end the stop is what counts.

use std::cell::Cell;
use std::fmt;
use std::time::{Duration, Instant};

use jaq_core::Exn;

use super::val::Val;

/// Steps between two looks at the clock.
const STEPS_PER_LOOK: u64 = 1024;

/// Stack that dropping a link of one of jaq-core's lists may take: they are dropped by recursion.
const BYTES_PER_LINK: usize = 1024;

/// Bytes that are handled at the cost of one step.
const BYTES_PER_STEP: usize = 256;

/// What one evaluation may use; past any of it, the evaluation is stopped. The defaults are far from what a mapping
/// needs: an expression takes some hundred steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Filters run, items produced, comparisons made.
    pub steps: u64,
    /// Wall time.
    pub time: Duration,
    /// Bytes of text and lists made on the way, whether they are still there or not.
    pub made_bytes: usize,
    /// Bytes of the JSON text of the output, about.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 5_000_000,
            time: Duration::from_secs(10),
            made_bytes: 256 << 20,
            output_bytes: 16 << 20,
        }
    }
}

/// Why an evaluation was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Steps,
    Time,
    Bytes,
    /// More stack than this thread lends.
    Stack,
    Regex,
    OutputBytes,
    OutputDepth,
}

/// What was exceeded, for a person.
impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steps => "it took too many steps",
            Self::Time => "it took too long",
            Self::Bytes => "it made too much data",
            Self::Stack => "it went too deep",
            Self::Regex => "a regular expression backtracked too often",
            Self::OutputBytes => "its output is too large",
            Self::OutputDepth => "its output is nested too deeply",
        })
    }
}

struct Meter {
    steps_left: Cell<u64>,
    bytes_left: Cell<usize>,
    time: Cell<Duration>,
    /// Set at the first look at the clock: most evaluations are over before it.
    end: Cell<Option<Instant>>,
    stack_start: Cell<usize>,
    stack_bytes: Cell<usize>,
    /// Stack that will be needed to drop what is held.
    linked_bytes: Cell<usize>,
    stop: Cell<Option<Stop>>,
}

thread_local! {
    static METER: Meter = const {
        Meter {
            steps_left: Cell::new(u64::MAX),
            bytes_left: Cell::new(usize::MAX),
            time: Cell::new(Duration::MAX),
            end: Cell::new(None),
            stack_start: Cell::new(0),
            stack_bytes: Cell::new(usize::MAX),
            linked_bytes: Cell::new(0),
            stop: Cell::new(None),
        }
    };
}

impl Meter {
    /// Looks at the clock.
    fn is_late(&self) -> bool {
        let now = Instant::now();
        if self.end.get().is_none() {
            self.end.set(now.checked_add(self.time.get()));
        }
        self.end.get().is_some_and(|end| now > end)
    }
}

/// An evaluation under way; nothing is metered after it.
pub(super) struct Running(());

/// Starts metering an evaluation on this thread, which may use so much of the stack from here on.
pub(super) fn start(limits: Limits, stack_bytes: usize) -> Running {
    METER.with(|meter| {
        meter.steps_left.set(limits.steps);
        meter.bytes_left.set(limits.made_bytes);
        meter.time.set(limits.time);
        meter.end.set(None);
        meter.stack_start.set(stack_address());
        meter.stack_bytes.set(stack_bytes);
        meter.linked_bytes.set(0);
        meter.stop.set(None);
    });
    Running(())
}

/// Why the evaluation was stopped, if it was.
pub(super) fn stopped(_running: &Running) -> Option<Stop> {
    METER.with(|meter| meter.stop.get())
}

impl Drop for Running {
    fn drop(&mut self) {
        METER.with(|meter| {
            meter.steps_left.set(u64::MAX);
            meter.bytes_left.set(usize::MAX);
            meter.time.set(Duration::MAX);
            meter.stack_bytes.set(usize::MAX);
            meter.stop.set(None);
        });
    }
}

/// Counts steps.
pub(super) fn spend(steps: u64) -> Result<(), Stop> {
    METER.with(|meter| {
        if let Some(stop) = meter.stop.get() {
            return Err(stop);
        }
        let left = meter.steps_left.get();
        let stop = if left < steps {
            Some(Stop::Steps)
        } else if meter.stack_start.get().abs_diff(stack_address()).max(meter.linked_bytes.get())
            > meter.stack_bytes.get()
        {
            Some(Stop::Stack)
        } else if left / STEPS_PER_LOOK != (left - steps) / STEPS_PER_LOOK && meter.is_late() {
            Some(Stop::Time)
        } else {
            None
        };
        meter.steps_left.set(left.saturating_sub(steps));
        meter.stop.set(stop);
        stop.map_or(Ok(()), Err)
    })
}

/// Counts a step that makes a list of jaq-core longer: that of closures or of a path.
pub(super) fn link() -> Result<(), Stop> {
    METER.with(|meter| meter.linked_bytes.set(meter.linked_bytes.get() + BYTES_PER_LINK));
    spend(1)
}

/// Counts the steps of looking through so many bytes.
pub(super) fn read(bytes: usize) -> Result<(), String> {
    spend(1 + (bytes / BYTES_PER_STEP) as u64).map_err(|stop| stop.to_string())
}

/// Counts bytes that are about to be made.
pub(super) fn make(bytes: usize) -> Result<(), String> {
    read(bytes)?;
    METER.with(|meter| match meter.bytes_left.get().checked_sub(bytes) {
        Some(left) => {
            meter.bytes_left.set(left);
            Ok(())
        }
        None => Err(stop(Stop::Bytes)),
    })
}

/// Stops the evaluation. The text for the step that fails.
pub(super) fn stop(stop: Stop) -> String {
    METER.with(|meter| meter.stop.set(meter.stop.get().or(Some(stop))));
    stop.to_string()
}

/// A stop as jaq-core passes it on: past every `try`.
pub(super) fn halt<'a>(_stop: Stop) -> Exn<'a, Val> {
    Exn::halt(0)
}

/// About where the stack is now.
#[inline(never)]
fn stack_address() -> usize {
    let here = 0_u8;
    (&raw const here).addr()
}

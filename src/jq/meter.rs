//! What an evaluation has used up: steps, time, stack. jaq-core cannot be interrupted from outside, and its operators
//! get no context, so the evaluation under way on a thread is metered in a place of that thread.

use std::cell::Cell;
use std::time::{Duration, Instant};

use jaq_core::Exn;

use super::val::Val;

/// Steps between two looks at the clock.
const STEPS_PER_LOOK: u64 = 1024;

/// Why an evaluation was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// More steps than allowed.
    Steps,
    /// More time than allowed.
    Time,
    /// More stack than this thread lends.
    Stack,
}

/// What one evaluation may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    pub(super) steps: u64,
    pub(super) time: Duration,
    pub(super) stack_bytes: usize,
}

struct Meter {
    steps_left: Cell<u64>,
    end: Cell<Option<Instant>>,
    stack_start: Cell<usize>,
    stack_bytes: Cell<usize>,
    stop: Cell<Option<Stop>>,
}

thread_local! {
    static METER: Meter = const {
        Meter {
            steps_left: Cell::new(u64::MAX),
            end: Cell::new(None),
            stack_start: Cell::new(0),
            stack_bytes: Cell::new(usize::MAX),
            stop: Cell::new(None),
        }
    };
}

/// Starts metering an evaluation on this thread.
pub(super) fn start(allowance: Allowance) {
    METER.with(|meter| {
        meter.steps_left.set(allowance.steps);
        meter.end.set(Instant::now().checked_add(allowance.time));
        meter.stack_start.set(stack_address());
        meter.stack_bytes.set(allowance.stack_bytes);
        meter.stop.set(None);
    });
}

/// Why the evaluation was stopped, if it was.
pub(super) fn stopped() -> Option<Stop> {
    METER.with(|meter| meter.stop.get())
}

/// Counts steps. Once an allowance is used up, every further call fails too.
pub(super) fn spend(steps: u64) -> Result<(), Stop> {
    METER.with(|meter| {
        if let Some(stop) = meter.stop.get() {
            return Err(stop);
        }
        let left = meter.steps_left.get();
        let stop = if left < steps {
            Some(Stop::Steps)
        } else if meter.stack_start.get().abs_diff(stack_address()) > meter.stack_bytes.get() {
            Some(Stop::Stack)
        } else if left / STEPS_PER_LOOK != (left - steps) / STEPS_PER_LOOK
            && meter.end.get().is_some_and(|end| Instant::now() > end)
        {
            Some(Stop::Time)
        } else {
            None
        };
        meter.steps_left.set(left.saturating_sub(steps));
        meter.stop.set(stop);
        stop.map_or(Ok(()), Err)
    })
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

//! Signals: the first one stops cleanly, the second one at once.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::report::Signal;

/// Whether and by what a run was asked to stop.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop {
    /// Cancelled by the first signal.
    pub(super) first: CancellationToken,
    /// Cancelled by the second.
    pub(super) second: CancellationToken,
    signal: Arc<OnceLock<Signal>>,
}

impl Stop {
    /// Listens for SIGINT and SIGTERM from now on. Must be called on a runtime.
    pub(super) fn on_signals() -> std::io::Result<Self> {
        let stop = Self::default();
        let told = stop.clone();
        let mut signals = Signals::new()?;
        tokio::spawn(async move {
            let signal = signals.next().await;
            if told.signal.set(signal).is_ok() {
                tracing::warn!(%signal, "stopping; once more stops at once");
            }
            told.first.cancel();
            signals.next().await;
            told.second.cancel();
        });
        Ok(stop)
    }

    /// The signal that asked for the stop.
    pub(super) fn signal(&self) -> Option<Signal> {
        self.signal.get().copied()
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        // Without a handler there is nothing to wait for; the default of the system ends the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }
}

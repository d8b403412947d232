//! Which of several replicas runs passes: the one that holds a lease of Kubernetes, or the lock file of the state directory
//! they share. All of them take webhooks.

#[cfg(feature = "kubernetes")]
mod kubernetes;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use tokio::sync::watch;

use crate::state::StateError;

const FILE: &str = "leader.lock";

/// How often one that waits tries again.
const RETRY: Duration = Duration::from_secs(2);

/// Whether this replica runs passes. Dropping it gives the lock back.
#[derive(Debug)]
pub(super) struct Lease {
    leads: watch::Receiver<bool>,
    _task: Option<tokio_util::task::AbortOnDropHandle<()>>,
}

impl Lease {
    /// Alone: without a state directory nobody shares anything.
    pub(super) fn alone() -> Self {
        Self { leads: watch::channel(true).1, _task: None }
    }

    /// Competes for the lock file of a folder.
    pub(super) fn compete(folder: &Path) -> Result<Self, StateError> {
        let path = folder.join(FILE);
        let at = || StateError::at("open the lock file", &path);
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(at())?;
        let (tell, leads) = watch::channel(false);
        if take(&file) {
            tell.send_replace(true);
            let hold = async move {
                let _held = (file, tell);
                std::future::pending::<()>().await;
            };
            return Ok(Self {
                leads,
                _task: Some(tokio_util::task::AbortOnDropHandle::new(tokio::spawn(hold))),
            });
        }
        tracing::info!("another replica runs the passes; this one takes webhooks and waits");
        let wait = async move {
            while !take(&file) {
                tokio::time::sleep(RETRY).await;
            }
            tracing::info!("this replica runs the passes from now on");
            tell.send_replace(true);
            let _held = (file, tell);
            std::future::pending::<()>().await;
        };
        Ok(Self { leads, _task: Some(tokio_util::task::AbortOnDropHandle::new(tokio::spawn(wait))) })
    }

    /// Competes for a lease of Kubernetes.
    #[cfg(feature = "kubernetes")]
    pub(super) fn of_kubernetes(name: &str) -> Self {
        let (tell, leads) = watch::channel(false);
        let pod = std::env::var("HOSTNAME").unwrap_or_default();
        // A pod that starts again is another holder.
        let identity = format!("{pod}_{}", uuid::Uuid::new_v4());
        let task = tokio::spawn(kubernetes::compete(name.to_owned(), identity, tell));
        Self { leads, _task: Some(tokio_util::task::AbortOnDropHandle::new(task)) }
    }

    /// Whether this replica runs passes now.
    pub(super) fn leads(&self) -> bool {
        *self.leads.borrow()
    }

    /// Waits until it does.
    pub(super) async fn gained(&self) {
        let mut leads = self.leads.clone();
        if leads.wait_for(|leads| *leads).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

fn take(file: &File) -> bool {
    match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(error)) => {
            // Some network file systems have no locks: then nobody would ever run a pass.
            tracing::warn!(%error, "the lock file cannot be locked: this replica runs passes in any case");
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_leads_and_another_follows_when_it_is_gone() {
        let folder = tempfile::TempDir::new().unwrap();
        let first = Lease::compete(folder.path()).unwrap();
        let second = Lease::compete(folder.path()).unwrap();
        assert!(first.leads() && !second.leads());
        drop(first);
        tokio::time::timeout(Duration::from_secs(30), second.gained()).await.unwrap();
        assert!(second.leads());
    }
}

//! Stopping a computation from outside.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Instant;

/// A cancel flag and a deadline; clones share the flag. Both are looked at before every token and
/// between the layers.
#[derive(Clone, Debug, Default)]
pub struct Control {
    /// Set to stop.
    pub cancelled: Arc<AtomicBool>,
    /// When to stop, if at all.
    pub deadline: Option<Instant>,
}

impl Control {
    /// A control with a deadline.
    pub fn with_deadline(deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..Self::default() }
    }

    /// Asks the computation to stop.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// An error if the computation is to stop.
    pub(crate) fn check(&self) -> Result<(), Stopped> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Stopped::Cancelled);
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(Stopped::DeadlinePassed),
            _ => Ok(()),
        }
    }
}

/// Why a computation is to stop.
pub(crate) enum Stopped {
    Cancelled,
    DeadlinePassed,
}

//! Stopping and pausing a computation from outside.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

/// A cancel flag, a pause and a deadline; clones share the flag and the pause. All are looked at before every token and
/// between the layers.
#[derive(Clone, Debug, Default)]
pub struct Control {
    /// Set to stop. A computation that is paused sees it only by [`Self::cancel`].
    pub cancelled: Arc<AtomicBool>,
    /// When to stop, if at all. Time goes on in a pause.
    pub deadline: Option<Instant>,
    pause: Arc<Pause>,
}

/// Whether a computation is to wait, and what wakes it.
#[derive(Debug, Default)]
struct Pause {
    /// What `is_paused` says, without the lock.
    hint: AtomicBool,
    is_paused: Mutex<bool>,
    changed: Condvar,
}

impl Control {
    /// A control with a deadline.
    pub fn with_deadline(deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..Self::default() }
    }

    /// Asks the computation to stop.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
        self.set_paused(false);
    }

    /// Asks the computation to wait where it is, with all that it has in memory, until [`Self::resume`].
    pub fn pause(&self) {
        self.set_paused(true);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.set_paused(false);
    }

    /// Whether it is asked to wait.
    pub fn is_paused(&self) -> bool {
        self.pause.hint.load(Ordering::Relaxed)
    }

    fn set_paused(&self, paused: bool) {
        *self.pause.is_paused.lock().unwrap_or_else(PoisonError::into_inner) = paused;
        self.pause.hint.store(paused, Ordering::Relaxed);
        self.pause.changed.notify_all();
    }

    /// An error if the computation is to stop. Waits while it is paused.
    pub(crate) fn check(&self) -> Result<(), Stopped> {
        if self.pause.hint.load(Ordering::Relaxed) {
            self.wait();
        }
        self.check_without_pause()
    }

    /// As [`Self::check`], without the wait: for tasks of the engine's threads. Others need these threads while this one is paused.
    pub(crate) fn check_without_pause(&self) -> Result<(), Stopped> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Stopped::Cancelled);
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(Stopped::DeadlinePassed),
            _ => Ok(()),
        }
    }

    /// Returns when the pause is over, or the deadline has passed.
    fn wait(&self) {
        let mut is_paused = self.pause.is_paused.lock().unwrap_or_else(PoisonError::into_inner);
        while *is_paused && !self.cancelled.load(Ordering::Relaxed) {
            let Some(deadline) = self.deadline else {
                is_paused = self.pause.changed.wait(is_paused).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            is_paused = self.pause.changed.wait_timeout(is_paused, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Why a computation is to stop.
pub(crate) enum Stopped {
    Cancelled,
    DeadlinePassed,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    /// A thread that looks at the control again and again, and says how often it has.
    fn looks(control: &Control) -> (mpsc::Receiver<()>, thread::JoinHandle<Stopped>) {
        // No more than the receiver takes, so what comes after a pause is new.
        let (sender, receiver) = mpsc::sync_channel(0);
        let control = control.clone();
        let looking = thread::spawn(move || loop {
            if let Err(stopped) = control.check() {
                return stopped;
            }
            let _ = sender.send(());
        });
        (receiver, looking)
    }

    #[test]
    fn a_pause_holds_until_it_is_over_and_a_cancelled_one_ends() {
        let control = Control::default();
        let (looked, looking) = looks(&control);
        looked.recv().expect("it goes on");
        control.pause();
        // One look may have been under way.
        let _ = looked.recv_timeout(Duration::from_millis(100));
        assert_eq!(looked.recv_timeout(Duration::from_millis(100)), Err(mpsc::RecvTimeoutError::Timeout));
        control.resume();
        looked.recv().expect("it goes on");
        control.pause();
        let _ = looked.recv_timeout(Duration::from_millis(100));
        control.cancel();
        // Whoever waits to be heard is let go.
        drop(looked);
        assert!(matches!(looking.join(), Ok(Stopped::Cancelled)));
    }

    #[test]
    fn a_deadline_ends_a_pause() {
        let control = Control::with_deadline(Instant::now());
        control.pause();
        assert!(matches!(control.check(), Err(Stopped::DeadlinePassed)));
    }
}

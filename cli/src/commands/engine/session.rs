//! What stops a command of the engine.

use crate::error::{Error, Result};
use std::sync::{
    atomic::{AtomicBool, Ordering},
    Arc,
};
use strike_inference::Control;

/// The control of a computation, and whether something goes on that does not look at it. Clones are the same session.
#[derive(Clone, Default)]
pub struct Session {
    /// Stops computations.
    pub control: Control,
    is_loading: Arc<AtomicBool>,
}

impl Session {
    /// Asks the command to stop.
    pub fn stop(&self) {
        self.control.cancel();
    }

    /// Whether the command was asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.control.cancelled.load(Ordering::SeqCst)
    }

    /// Whether a model is being loaded: that does not end by itself when the command is to stop.
    pub fn is_loading(&self) -> bool {
        self.is_loading.load(Ordering::SeqCst)
    }

    /// Loads something, unless the command is to stop before or after.
    pub fn load<T>(&self, load: impl FnOnce() -> Result<T>) -> Result<T> {
        self.is_loading.store(true, Ordering::SeqCst);
        let loaded = if self.is_stopped() { Err(Error::interrupted()) } else { load() };
        self.is_loading.store(false, Ordering::SeqCst);
        if self.is_stopped() {
            return Err(Error::interrupted());
        }
        loaded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::INTERRUPTED;

    #[test]
    fn nothing_is_loaded_for_a_command_that_is_to_stop() {
        let session = Session::default();
        assert!(session.load(|| Ok(session.is_loading())).unwrap());
        assert!(!session.is_loading());
        let stopped = session.load(|| {
            session.stop();
            Ok(7)
        });
        assert_eq!(stopped.unwrap_err().exit_code, INTERRUPTED);
        let mut is_loaded = false;
        let refused = session.load(|| {
            is_loaded = true;
            Ok(())
        });
        assert_eq!((refused.unwrap_err().name.as_str(), is_loaded), ("Interrupted", false));
        assert!(!session.is_loading());
    }
}

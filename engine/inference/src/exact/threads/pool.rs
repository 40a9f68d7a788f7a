//! Working memory that is kept between jobs.

use std::sync::Mutex;

/// Most that are kept; beyond, memory is freed.
const KEPT: usize = 4;

/// What jobs have given back.
pub(crate) struct Pool<T>(Mutex<Vec<T>>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Default> Pool<T> {
    /// One that was given back, else a new one.
    pub fn take(&self) -> T {
        self.0.lock().ok().and_then(|mut spare| spare.pop()).unwrap_or_default()
    }

    pub fn give_back(&self, item: T) {
        if let Ok(mut spare) = self.0.lock() {
            if spare.len() < KEPT {
                spare.push(item);
            }
        }
    }
}

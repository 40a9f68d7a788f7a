//! How much strangers get: fetches at once, and the size of an answer.

use crate::error::Error;
use serde::Serialize;
use std::{io, sync::Arc};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Bytes of an answer around what it tells of an output.
const ENVELOPE: usize = 1_024;

/// Bounds that all callers of a process share; clones are the same bounds.
#[derive(Clone)]
pub struct Bounds {
    /// Calls that fetch outputs.
    pub(crate) outputs: Arc<Semaphore>,
    /// Calls that fetch inputs.
    pub(crate) inputs: Arc<Semaphore>,
    answer: usize,
}

impl Bounds {
    /// Up to `fetches` calls fetch outputs from other nodes at once, and as many inputs; others are told to come again. An answer has up
    /// to `answer` bytes.
    pub fn new(fetches: usize, answer: usize) -> Self {
        let turns = || Arc::new(Semaphore::new(fetches));
        Self { outputs: turns(), inputs: turns(), answer }
    }

    /// Room for what an answer tells of an output.
    pub(crate) fn room(&self) -> Room {
        Room(self.answer.saturating_sub(ENVELOPE))
    }
}

/// A turn to fetch, held until the fetch is over.
pub(crate) fn turn(turns: &Semaphore) -> Result<SemaphorePermit<'_>, Error> {
    turns.try_acquire().map_err(|_| Error::FetchesBusy)
}

/// Bytes of an answer that are left.
#[derive(Clone, Copy)]
pub(crate) struct Room(usize);

impl Room {
    /// The bytes.
    pub fn bytes(self) -> usize {
        self.0
    }

    /// Whether a value fits as JSON; takes as much room. Nothing is kept of the JSON.
    pub fn take(&mut self, value: &impl Serialize) -> bool {
        serde_json::to_writer(self, value).is_ok()
    }

    /// Whether an output of binary32 numbers fits as `vectors` vectors, likewise.
    pub fn take_vectors(&mut self, output: &[u8], vectors: usize) -> bool {
        // Every number, and every vector, has a comma or a bracket behind it; every vector, and all of them, a bracket in front.
        let Some(left) = self.0.checked_sub(vectors.saturating_mul(2).saturating_add(1)) else { return false };
        self.0 = left;
        let (numbers, _) = output.as_chunks::<4>();
        numbers.iter().all(|bytes| self.take(&f32::from_le_bytes(*bytes)) && self.take(&0u8))
    }
}

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::WriteZero)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

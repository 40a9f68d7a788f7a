//! Every bound of the worker, and the target of its log lines.

use std::time::Duration;
use strike_primitives::BlockNumber;

/// Target of the worker's log lines.
pub const LOG_TARGET: &str = "strike-worker";

/// How much the worker takes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Runs at once. Each uses as many cores as the engine does.
    pub runs: usize,
    /// Duties remembered at once: those with the nearest deadlines.
    pub duties: usize,
    /// Inputs fetched at once, in the background.
    pub inputs: usize,
    /// Outputs to check fetched at once, in the background.
    pub outputs: usize,
    /// Longest run. Deadlines in blocks end a run too; this one holds when the chain stands still.
    pub run_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { runs: 1, duties: 1_024, inputs: 4, outputs: 8, run_time: Duration::from_secs(3_600) }
    }
}

/// Most pages of duties read with one block. Where there are more, the next block's reading goes on from there.
pub(crate) const MAX_DUTY_PAGES: usize = 64;
/// Most duties read in full with one block.
pub(crate) const MAX_DUTIES_READ: usize = 512;

/// A duty that is due within so many blocks overtakes a run that has as many more: half of the shortest deadline of an order.
pub(crate) const DUE_SOON: BlockNumber = 15;
/// Longest pause after a failed run, in blocks.
pub(crate) const MAX_RETRY_PAUSE: BlockNumber = 32;
/// Longest pause between two fetches of the same input, in blocks.
pub(crate) const MAX_FETCH_PAUSE: BlockNumber = 4;

/// Outputs kept in memory because they could not be written, in bytes together.
pub(crate) const MAX_UNSAVED_BYTES: usize = 64 << 20;
/// Results kept in memory because their output could not be written.
pub(crate) const MAX_UNSAVED_RESULTS: usize = 1_024;

/// Longest transaction that is searched for this node's signature, in bytes: longer than any with a commitment.
pub(crate) const MAX_TRANSACTION_BYTES: usize = 2_048;

/// Files of the tokenizers kept in memory, in bytes together. The one used last stays, however large it is.
pub(crate) const MAX_TOKENIZER_BYTES: usize = 128 << 20;
/// Calls that load a tokenizer or wait for one to be loaded; more are refused. Each holds a thread of the JSON-RPC
/// server.
pub(crate) const MAX_TOKENIZER_CALLS: usize = 16;
/// How long it is remembered that a tokenizer could not be loaded.
pub(crate) const TOKENIZER_FAILURE_TIME: Duration = Duration::from_secs(60);

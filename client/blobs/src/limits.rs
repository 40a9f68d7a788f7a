//! Every bound of the blobs of a node, and the target of the log lines. What a message may hold is in
//! [`crate::message`].

use std::time::Duration;
use strike_primitives::{job::MAX_BLOB_INPUT, BlockNumber};

/// Target of the log lines.
pub const LOG_TARGET: &str = "strike-blobs";

/// How much a store keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Largest blob, in bytes.
    pub blob: u64,
    /// All blobs together, as [`Self::cost`] counts them. At least as much as the largest blob costs.
    pub disk: u64,
    /// All blobs together, by number: each takes some 200 bytes of memory.
    pub files: usize,
}

impl Limits {
    /// What a blob of `length` bytes costs: the blocks of the file system that its file takes up, and what the file system
    /// keeps of a file however short it is.
    pub const fn cost(length: u64) -> u64 {
        length.div_ceil(DISK_BLOCK).saturating_mul(DISK_BLOCK).saturating_add(FILE_COST)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { blob: 64 << 20, disk: 4 << 30, files: 1 << 19 }
    }
}

/// The unit in which file systems give room to files, in bytes.
const DISK_BLOCK: u64 = 4_096;
/// What a file costs beside its blocks, in bytes: its inode, and its name in a folder.
const FILE_COST: u64 = 1_024;

/// Unfinished downloads that nobody goes on with and that are kept for later.
pub(crate) const MAX_IDLE_DOWNLOADS: usize = 64;

/// How much is fetched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FetchLimits {
    /// Blobs of each kind fetched at once: inputs that nobody has hold up no output.
    pub running: usize,
    /// Calls for blobs of each kind that fetch or wait for it; more are refused.
    pub waiting: usize,
    /// Calls among these for the same blob.
    pub callers: usize,
    /// Connected peers asked for one blob.
    pub connected: usize,
    /// Peers asked for one blob that announce themselves at one place.
    pub located: usize,
    /// Peers asked at once whether they have it, those that are slow not counted.
    pub asked_at_once: usize,
    /// How many times a peer is asked that is busy and gives nothing.
    pub tries: usize,
    /// How long what takes.
    pub times: FetchTimes,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            running: 8,
            waiting: 16,
            callers: 4,
            connected: 64,
            located: 20,
            asked_at_once: 8,
            tries: 4,
            times: FetchTimes::default(),
        }
    }
}

/// How long what takes in a fetch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FetchTimes {
    /// A call, at most.
    pub patience: Duration,
    /// A peer that takes longer is slow: the next one is asked beside it, and it is asked last for
    /// [`Self::slow_remembered`].
    pub slow: Duration,
    /// A peer's answer to whether it has the blob, at most.
    pub question: Duration,
    /// A peer's answer with chunks, at most.
    pub chunks: Duration,
    /// From the first question to connected peers until others are located, unless all have answered before.
    pub head_start: Duration,
    /// Until a peer that is busy is asked again.
    pub pause: Duration,
    /// For how long a blob is not asked for again that nobody had.
    pub missed: Duration,
    /// For how long a blob is not asked for again that could not be had in time.
    pub unfinished: Duration,
    /// For how long slow peers are asked last.
    pub slow_remembered: Duration,
}

impl Default for FetchTimes {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(30),
            slow: Duration::from_secs(1),
            question: Duration::from_secs(3),
            chunks: Duration::from_secs(6),
            head_start: Duration::from_millis(500),
            pause: Duration::from_secs(2),
            missed: Duration::from_secs(5),
            unfinished: Duration::from_secs(2),
            slow_remembered: Duration::from_secs(600),
        }
    }
}

/// Blobs remembered that could not be had.
pub(crate) const MAX_MISSED_BLOBS: usize = 256;
/// Slow peers remembered.
pub(crate) const MAX_SLOW_PEERS: usize = 256;

/// How fast a bucket fills and how much it holds, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// What may be taken at once after a pause.
    pub burst: u64,
    /// What may be taken in a second in the long run.
    pub per_second: u64,
}

/// How much a node gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServeLimits {
    /// To one peer, in bytes.
    pub each: Quota,
    /// To all peers together, in bytes.
    pub all: Quota,
    /// Peers that are told apart. Of more than these, the peer that took least is forgotten.
    pub peers: usize,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            each: Quota { burst: 8 << 20, per_second: 4 << 20 },
            all: Quota { burst: 32 << 20, per_second: 16 << 20 },
            peers: 1_024,
        }
    }
}

/// What a request costs beside the bytes that are read for it, in bytes.
pub(crate) const REQUEST_COST: u64 = 16 << 10;

/// How much is kept for requesters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UploadLimits {
    /// Longest upload, in bytes.
    pub length: u64,
    /// Uploads.
    pub count: usize,
    /// All uploads together, in bytes: below what the store keeps.
    pub bytes: u64,
    /// How fast they may come, in bytes.
    pub rate: Quota,
    /// Blocks that an upload is kept for which no job uses.
    pub unused: BlockNumber,
}

impl Default for UploadLimits {
    fn default() -> Self {
        Self {
            length: MAX_BLOB_INPUT,
            count: 1_024,
            bytes: 1 << 30,
            rate: Quota { burst: 16 << 20, per_second: 1 << 20 },
            unused: 600,
        }
    }
}

/// Jobs of one upload that are remembered. Of more than these the newest count.
pub(crate) const MAX_JOBS_OF_UPLOAD: usize = 64;
/// Jobs that the chain is asked for in one page.
pub(crate) const JOBS_A_PAGE: u32 = 64;
/// Blocks between two sweeps for blobs of forgotten jobs. A job that is open this long has named its output, or never will:
/// deadlines wait for finality, and so do these blocks, which are final ones.
pub(crate) const SWEEP_PAUSE: BlockNumber = 4_800;
/// Pages read at one time. What an older job uses is kept like an upload that no job uses.
pub(crate) const MAX_JOB_PAGES: usize = 64;

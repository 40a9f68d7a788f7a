//! Content-addressed files of a node: outputs it made or checked, inputs left with it, and what it fetched from others.
//!
//! A blob is named by its kind and its typed root ([`strike_primitives::artifact`]). It is verified on every read, and
//! written whole or not at all. When the disk limit is reached, the blobs stored longest ago go first.
//!
//! - [`BlobStore`]: the files.
//! - [`Server`]: answers other nodes' requests, within limits.
//! - [`Fetcher`]: asks other nodes, over whatever [`Exchange`] there is; the network itself is the node's.
//! - [`Uploads`]: inputs that requesters left here for their jobs.
//! - [`ForgottenBlobs`]: those that no job on the chain needs any longer, which go.

mod fetch;
mod limits;
pub mod message;
mod serve;
mod store;
#[cfg(test)]
mod tests;

pub use fetch::{BlobQuery, BlobSource, Exchange, FetchError, Fetcher};
pub use limits::{FetchLimits, FetchTimes, Limits, Quota, ServeLimits, UploadLimits, LOG_TARGET};
pub use message::Misconduct;
pub use serve::{Answer, ForgottenBlobs, JobBlobs, JobInputs, KeptJobs, Page, Server, UploadError, Uploads};
pub use store::{blob_root, BlobError, BlobStore, Download, Progress};

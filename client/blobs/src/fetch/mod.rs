//! Blobs from other nodes.

pub(crate) mod exchange;
pub(crate) mod fetcher;
mod recent_failures;
mod search;
mod single_flight;
pub(crate) mod source;

pub use exchange::Exchange;
pub use fetcher::Fetcher;
pub use source::{BlobQuery, BlobSource, FetchError};

//! The files of a node on its disk.

pub(crate) mod blob_store;
pub(crate) mod disk;
pub(crate) mod download;
mod downloads;
pub(crate) mod error;
mod index;
pub(crate) mod ledger;

pub use blob_store::{blob_root, BlobStore};
pub use download::{Download, Progress};
pub use error::BlobError;

//! What this node does for others: it answers other nodes, and keeps inputs for requesters.

mod forgotten;
pub(crate) mod rate_limit;
pub(crate) mod server;
pub(crate) mod uploads;

pub use forgotten::{ForgottenBlobs, JobBlobs, KeptJobs, Page};
pub use server::{Answer, Server};
pub use uploads::{JobInputs, UploadError, Uploads};

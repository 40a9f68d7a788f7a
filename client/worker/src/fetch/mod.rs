//! What duties need of other nodes: fetched in the background, before a duty is started.

pub(crate) mod inputs;
pub(crate) mod outputs;
pub(crate) mod prefetch;

//! What the worker reads of the chain, and where it leaves results for the off-chain worker.

pub(crate) mod doppelganger;
pub(crate) mod duties;
pub(crate) mod mailbox;
pub(crate) mod view;

//! What the end-to-end tests share: networks of real processes, the `strike` command as a process, and the books of a chain.

pub mod command;
pub mod development;
pub mod ledger;
pub mod network;
pub mod observer;

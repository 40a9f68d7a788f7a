//! What the end-to-end tests share: networks of real processes, the `strike` command as a process, attestations that no honest
//! node would send, random disturbances, a way to a node that fails, and the books and the history of a chain.

pub mod chaos;
pub mod command;
pub mod development;
pub mod faults;
pub mod history;
pub mod jobs;
pub mod key_holder;
pub mod ledger;
pub mod namespaces;
pub mod network;
pub mod observer;
pub mod proxy;
pub mod slow_clock;
pub mod snapshot;
pub mod transactions;

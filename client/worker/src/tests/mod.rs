//! Tests by behaviour. The schedule alone, each part alone, and the task over a chain, storage and engine of paper.

mod embed;
mod engine;
mod inputs;
mod mailbox;
mod outputs;
mod perform;
mod schedule;
pub(crate) mod support;
mod twin;
mod worker;

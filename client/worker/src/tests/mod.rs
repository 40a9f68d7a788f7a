//! Tests by behaviour. The schedule alone, each part alone, and the task over a chain, storage and engine of paper.

mod doppelganger;
mod duties;
mod embed;
mod engine;
mod inputs;
mod loading;
mod mailbox;
mod outputs;
mod prefetch;
mod runner;
mod schedule;
pub(crate) mod support;
mod threads;
mod worker;

//! The Strike node: it authors and finalizes blocks, serves RPC, and does the work its keys owe.
//!
//! Everything lives in this library and [`run`] is all a binary needs, so that a second binary (tests have one) is no
//! more than another `main`.
//!
//! - [`cli`]: arguments and subcommands;
//! - [`chain_spec`]: the built-in chains;
//! - [`client`]: the client, the database and the pool, by their types;
//! - [`service`]: database, network, consensus, off-chain workers, put together;
//! - `startup`: what a node is started with, looked at before it starts;
//! - [`rpc`]: what the node answers beside what every Substrate node answers.

// The SDK's error is large; it is returned once in a process's life.
#![allow(clippy::result_large_err)]

pub mod chain_spec;
pub mod cli;
pub mod client;
mod command;
mod limits;
pub mod rpc;
pub mod service;
mod startup;

pub use command::{exit, run, run_with};
pub use sc_cli::{Error, Result};

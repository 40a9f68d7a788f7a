//! The `strike` command: what requesters, providers and developers use a Strike chain with.
//!
//! - [`args`]: the command line;
//! - [`commands`]: one module a command group;
//! - [`present`]: sentences for people, JSON for programs;
//! - [`output`], [`error`]: how it is printed, and how a command fails.
//!
//! Calls, queries and following jobs are of `strike-chain`, local networks of `strike-localnet`, the engine of `strike-inference`.

pub mod args;
pub mod commands;
pub mod error;
pub mod output;
pub mod present;

//! The `strike` command: what requesters, providers and developers use a Strike chain with.
//!
//! - [`args`]: the command line;
//! - [`commands`]: one module a command group;
//! - [`chain`]: calls, reads and following jobs over JSON-RPC;
//! - [`localnet`]: a network of real node processes on this machine, also the harness of the end-to-end tests;
//! - [`keys`]: secrets and accounts;
//! - [`narrate`], [`views`], [`output`], [`error`]: what is printed for people and for programs, and how it fails.

pub mod args;
pub mod chain;
pub mod commands;
pub mod error;
pub mod keys;
pub mod localnet;
pub mod narrate;
pub mod output;
pub mod views;

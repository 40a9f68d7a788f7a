#![doc = include_str!("../README.md")]

mod network;
mod options;
mod plan;
mod prepare;
mod process;

pub use network::Network;
pub use options::{Host, Options, Ports, Provider, Validator, VALIDATORS};
pub use process::{tail, NodeProcess};

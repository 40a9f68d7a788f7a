//! A network of real `strike-node` processes on this machine.
//!
//! Four validators, of which one may die, and providers that are no validators; each its own process, with its own base
//! path, keys, ports and log file. `strike localnet` is one user of it, the end-to-end tests are the other.
//!
//! ```no_run
//! # async fn example() -> strike_cli::error::Result<()> {
//! use strike_cli::localnet::{Network, Options};
//! let mut network = Network::start(Options::new("target/debug/strike-node".into())).await?;
//! network.wait_until_finalizing().await?;
//! network.node_mut("dave")?.kill().await;
//! network.stop().await;
//! # Ok(())
//! # }
//! ```

pub mod demo;
mod network;
mod offer;
mod options;
mod process;

pub use network::Network;
pub use offer::offer;
pub use options::{Host, Options, Ports, Provider, Validator, VALIDATORS};
pub use process::{tail, NodeProcess};

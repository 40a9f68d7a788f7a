//! Random disturbances of a network: a schedule that a seed decides, and the harness that carries it out.

mod harness;
mod schedule;

pub use harness::{Downtime, Harness, PROVIDER, RPC};
pub use schedule::{schedule, Action, Disturbance, Target, LONG_OUTAGE};

#![doc = include_str!("../README.md")]

mod audits;
mod bonds;
mod clock;
mod market;
mod payouts;
mod provenance;
mod registry;
mod tables;

pub use audits::FakeAudits;
pub use bonds::{vault, FakeBonds};
pub use clock::FakeClock;
pub use market::FakeMarket;
pub use payouts::{till, FakePayouts};
pub use provenance::FakeProvenance;
pub use registry::FakeRegistry;
pub use tables::*;

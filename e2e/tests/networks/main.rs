//! The end-to-end tests, in one program: each would link the whole node again.

mod blobs;
mod chaos;
mod development;
mod doppelgangers;
mod embeddings;
mod fates;
mod inputs;
mod interrupts;
mod lost_writes;
mod memory;
mod missing_model;
mod partition;
#[cfg(feature = "fault-injection")]
mod provider_faults;
mod quorum;
mod settlement;
mod slow_clock;
mod startup;
mod upgrade;
#[cfg(feature = "fault-injection")]
mod validator_faults;

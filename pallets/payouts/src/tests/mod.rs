//! Behaviour: what is delivered, what waits, what is claimed.

mod claims;
mod deliveries;
mod sequences;

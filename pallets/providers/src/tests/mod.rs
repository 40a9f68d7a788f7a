//! Tests by behaviour.

mod exposure;
mod genesis;
mod leaving;
mod reading;
mod registration;
mod updates;

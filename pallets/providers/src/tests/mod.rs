//! Tests by behaviour.

mod bonds;
mod genesis;
mod leaving;
mod queries;
mod registration;
mod updates;

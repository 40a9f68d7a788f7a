//! Tests by behaviour.

mod genesis;
mod ownership;
mod reading;
mod registration;
mod royalties;

//! Tests by behaviour.

mod genesis;
mod ownership;
mod queries;
mod registration;
mod royalties;

//! The exact class against the definitions, honest work on all machines, and lies that must be found.

mod adversaries;
mod decoder;
mod definitions;
mod encoder;
mod fixtures;
mod honest;
mod operators;
mod sameness;

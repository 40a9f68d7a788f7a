//! Causal decoders of every family: `docs/arithmetic.md`, "Decoder".

mod adapter;
pub(crate) mod attend;
pub(crate) mod cache;
pub(crate) mod forward;
pub(crate) mod model;
pub(crate) mod network;
pub(crate) mod workspace;

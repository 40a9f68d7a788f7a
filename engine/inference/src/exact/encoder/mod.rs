//! Text encoders of the BERT family: `docs/arithmetic.md`, "Encoder".

pub(crate) mod forward;
pub(crate) mod model;
pub(crate) mod network;

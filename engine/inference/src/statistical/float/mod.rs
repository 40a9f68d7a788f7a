//! Models in f32 on candle: the reference that the exact class is compared with.
//!
//! The architecture decides everything; no family is known here. What transformers computes in f32 comes out up to the order
//! of additions, which depends on the machine: nothing of this is for bits.

mod attention;
mod decoder;
mod encoder;
mod error;
mod linear;
mod loader;
mod model;
mod rotary;
mod rounding;

pub use error::ReferenceError;
pub use model::{Device, Reference, ReferenceOptions};
pub use rounding::Rounding;

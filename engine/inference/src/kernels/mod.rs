//! The arithmetic of `strike-arithmetic` on vectors. Everything here is tested against it bit for bit.
//!
//! Modules are named as the reference's that they compute: `activations`, `attention`, `functions`, `half`, `linear`, `norm`,
//! `pooling`, `rotary`, `sampler`. `lanes` and `rows` are what they are made of.

pub(crate) mod activations;
pub(crate) mod attention;
pub(crate) mod blake2b;
pub(crate) mod embedding;
pub(crate) mod functions;
pub(crate) mod half;
pub(crate) mod lanes;
pub(crate) mod linear;
pub(crate) mod norm;
pub(crate) mod pooling;
pub(crate) mod rotary;
pub(crate) mod rows;
pub(crate) mod sampler;
#[cfg(test)]
mod tests;

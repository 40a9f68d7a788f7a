//! The arithmetic of `strike-arithmetic` on vectors. Everything here is tested against it bit for bit.

pub(crate) mod attention;
pub(crate) mod blake2b;
pub(crate) mod choice;
pub(crate) mod elementwise;
pub(crate) mod embedding;
pub(crate) mod lanes;
pub(crate) mod linear;
pub(crate) mod quantize;

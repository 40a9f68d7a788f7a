//! The frozen arithmetic of the exact class, `arith 1`: the scalar reference of every operation.
//!
//! Specified in `docs/arithmetic.md`, section by section as the modules here. Every function is generic over [`Float`]: the
//! engine's kernels are tested against it with native `f32`, a runtime recomputes single elements with software floats
//! (feature `soft`). Both give the same bits, because only operations that IEEE 754 defines to the last bit are used:
//! addition, subtraction, multiplication, division and square root in binary32, rounded to nearest even, each on its own,
//! subnormals kept; and the same in binary64 for rotary angles.
//!
//! | module | what |
//! |---|---|
//! | [`half`] | binary16 to and from binary32 |
//! | [`weights`] | numbers to canonical Q8_0 blocks |
//! | [`activations`] | numbers to activation blocks |
//! | [`linear`] | products of activations with weights |
//! | [`equalization`] | powers of two between an encoder's norms and its weights |
//! | [`norm`] | sums in lanes, RMSNorm, LayerNorm |
//! | [`functions`] | exp, tanh, erf, SiLU, GELU, soft cap |
//! | [`rotary`] | sine and cosine of rotary angles, and the rotation |
//! | [`attention`] | scores, softmax and values over tiles of 128 keys |
//! | [`pooling`] | from token states to an embedding |
//! | [`sampler`] | from logits to a token |
//! | `soft` | software floats (feature `soft`) |
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod activations;
pub mod attention;
pub mod equalization;
pub mod float;
pub mod functions;
pub mod half;
pub mod linear;
pub mod norm;
pub mod pooling;
pub mod rotary;
pub mod sampler;
#[cfg(feature = "soft")]
pub mod soft;
pub mod weights;

pub use float::{Double, Float};

/// Version of the arithmetic; part of every model root.
pub const ARITHMETIC: u32 = 1;

/// The arithmetic left the finite numbers: a defined end of a job, the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotFinite;

impl core::fmt::Display for NotFinite {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("a number is infinite or not a number")
    }
}

impl core::error::Error for NotFinite {}

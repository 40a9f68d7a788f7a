//! The frozen arithmetic of the exact class, `arith 1`: the scalar reference of every operation.
//!
//! Specified in `docs/arithmetic.md`.
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod half;
pub mod weights;

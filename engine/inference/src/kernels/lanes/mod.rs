//! Sixteen f32 side by side, on every instruction set, and running code on one of them.
//!
//! All operations work on each lane alone and round as IEEE 754 says, so code written with them gives the same bits everywhere.

mod dispatch;
mod functions;
mod kernel;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use dispatch::run;
pub(crate) use functions::{exp, gelu_erf, gelu_tanh, nearest, silu, soft_cap};
pub(crate) use kernel::{Kernel, Lanes, LANES};

//! Stands in for the crate `wasm-opt` where a runtime is built for development.
//!
//! `substrate-wasm-builder` runs two passes of Binaryen over each runtime: it lowers sign extensions and, in release builds, strips debug
//! sections. A runtime for `wasm32v1-none` has neither in a development build, and building Binaryen takes one core 15 to 25 minutes. So this
//! crate copies the file.
//!
//! The feature `binaryen` runs Binaryen. Release builds need it: `strike-runtime-wasm` turns it on with `on-chain-release-build`.
//! Only what the builder calls is here.

#[cfg(feature = "binaryen")]
pub use binaryen::{OptimizationOptions, Pass};

#[cfg(not(feature = "binaryen"))]
mod copy;

#[cfg(not(feature = "binaryen"))]
pub use copy::{NotWasm, OptimizationOptions, Pass};

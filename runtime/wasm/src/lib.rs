//! The Wasm of the Strike runtime, as this crate's build script makes it. A crate of its own, so that whoever needs the runtime's
//! types alone builds no Wasm.

// Written by the build script, without documentation.
#[allow(missing_docs)]
mod wasm {
    include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));
}
pub use wasm::{WASM_BINARY, WASM_BINARY_BLOATY, WASM_BINARY_PATH};

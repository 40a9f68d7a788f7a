//! The runtime needs nothing beyond the first version of Wasm: what lets `tools/wasm-opt` copy it where Binaryen would lower it.

use wasmparser::{Validator, WasmFeatures};

fn needs_nothing_more(wasm: &[u8]) -> bool {
    Validator::new_with_features(WasmFeatures::WASM1).validate_all(wasm).is_ok()
}

#[test]
fn the_runtime_has_no_sign_extensions_nor_anything_newer() {
    let wasm = strike_runtime_wasm::WASM_BINARY_BLOATY.expect("the runtime was built");
    assert!(needs_nothing_more(wasm));
}

#[test]
fn a_sign_extension_would_be_found() {
    // One function: `i32.const 0`, `i32.extend8_s`, `end`; then the same without the extension.
    let head = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0";
    let with = [&head[..], b"\x0a\x07\x01\x05\0\x41\0\xc0\x0b"].concat();
    let without = [&head[..], b"\x0a\x06\x01\x04\0\x41\0\x0b"].concat();
    assert!(needs_nothing_more(&without) && !needs_nothing_more(&with));
}

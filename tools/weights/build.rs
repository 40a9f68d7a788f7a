//! Builds the runtime's Wasm with its benchmarks.

use std::path::Path;

fn main() {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runtime/Cargo.toml");
    let runtime = runtime.canonicalize().expect("the runtime lies beside this folder's parent");
    substrate_wasm_builder::WasmBuilder::new()
        .with_project(runtime)
        .expect("the path is that of a manifest")
        .enable_feature("runtime-benchmarks")
        .import_memory()
        .export_heap_base()
        .build();
}

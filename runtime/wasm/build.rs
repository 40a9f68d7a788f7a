//! Builds the runtime, which lies above this crate, to Wasm.

use std::path::Path;

fn main() {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let runtime = runtime.canonicalize().expect("the runtime lies above this crate");
    let builder = substrate_wasm_builder::WasmBuilder::new()
        .with_project(runtime)
        .expect("the path is that of a manifest")
        .import_memory()
        .export_heap_base();

    // The metadata hash binds token symbol and decimals, so that an offline signer shows amounts it can trust.
    #[cfg(feature = "metadata-hash")]
    let builder = builder.enable_metadata_hash("STRIKE", 12);

    builder.build();
}

//! Builds the runtime to Wasm, so that the native crate can embed it.

fn main() {
    #[cfg(all(feature = "std", not(feature = "metadata-hash")))]
    substrate_wasm_builder::WasmBuilder::build_using_defaults();

    // The metadata hash binds token symbol and decimals, so that an offline signer shows amounts it can trust.
    #[cfg(all(feature = "std", feature = "metadata-hash"))]
    substrate_wasm_builder::WasmBuilder::init_with_defaults().enable_metadata_hash("STRIKE", 12).build();
}

//! The model families that are read, a file each. They differ in the names of their tensors and in what their configurations
//! leave out; what is common to them stands in `from_json.rs`, `from_gguf.rs` and `open/tensor_map.rs`.

mod bert;
pub(crate) mod family;
mod gemma;
mod llama;
mod phi;
mod qwen;

use family::Family;

fn all() -> impl Iterator<Item = &'static Family> {
    let files: [&'static [Family]; 5] =
        [&llama::FAMILIES, &qwen::FAMILIES, &phi::FAMILIES, &gemma::FAMILIES, &bert::FAMILIES];
    files.into_iter().flatten()
}

/// The family of a `model_type`.
pub(super) fn by_model_type(name: &str) -> Option<&'static Family> {
    all().find(|family| family.model_types.contains(&name))
}

/// The family of a `general.architecture`.
pub(super) fn by_gguf_name(name: &str) -> Option<&'static Family> {
    all().find(|family| family.gguf_name == Some(name))
}

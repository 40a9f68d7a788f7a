//! A model's files, opened: from their tensors to the canonical ones.

mod equalized;
pub(crate) mod files;
pub(crate) mod float;
pub(crate) mod model;
mod opened;
mod reader;
mod rows;
pub(crate) mod size;
mod tensor_map;

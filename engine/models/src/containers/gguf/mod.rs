//! GGUF files, versions 2 and 3: metadata and the directory of tensors.
//!
//! Source: `docs/gguf.md` of the ggml repository. All counts and lengths are checked against the file and against the limits
//! of this module before anything is allocated by them.

mod header;
mod metadata;

use std::collections::HashMap;
use std::path::Path;

pub use header::{ARRAY_LIMIT, ENTRY_LIMIT, HEADER_LIMIT, STRING_LIMIT, TENSOR_LIMIT};
pub use metadata::{Array, Metadata, Value};

use crate::containers::encoding::Encoding;
use crate::containers::source::Source;
use crate::containers::store::{Location, Store};
use crate::error::ModelError;

const READ: &str = "F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K";

/// An open GGUF file.
pub struct File {
    metadata: Metadata,
    pub(crate) store: Store,
    /// Tensors of types that are not read, with the type's name.
    pub(crate) unsupported: HashMap<String, String>,
}

impl File {
    /// Opens a file and reads its header.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        Self::read(Source::open(path)?)
    }

    /// The header of a file in memory.
    pub fn from_bytes(name: &str, contents: impl Into<std::borrow::Cow<'static, [u8]>>) -> Result<Self, ModelError> {
        Self::read(Source::memory(name, contents.into()))
    }

    fn read(source: Source) -> Result<Self, ModelError> {
        let header = header::read(&source)?;
        let mut tensors = HashMap::with_capacity(header.tensors.len());
        let mut places = Vec::with_capacity(header.tensors.len());
        let mut unsupported = HashMap::new();
        for tensor in header.tensors {
            let malformed =
                |reason: &str| ModelError::malformed(source.name(), format!("tensor {}: {reason}", tensor.name));
            let encoding = match tensor.kind {
                0 => Encoding::F32,
                1 => Encoding::F16,
                2 => Encoding::Q4_0,
                3 => Encoding::Q4_1,
                6 => Encoding::Q5_0,
                7 => Encoding::Q5_1,
                8 => Encoding::Q8_0,
                10 => Encoding::Q2K,
                11 => Encoding::Q3K,
                12 => Encoding::Q4K,
                13 => Encoding::Q5K,
                14 => Encoding::Q6K,
                30 => Encoding::Bf16,
                other => {
                    unsupported.insert(tensor.name, type_name(other));
                    continue;
                }
            };
            let columns = tensor.shape.last().copied().unwrap_or(1);
            encoding.bytes(columns).ok_or_else(|| malformed("a row is no whole number of blocks"))?;
            let count = tensor.shape.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
            let length =
                count.and_then(|count| encoding.bytes(count)).ok_or_else(|| malformed("its shape is too large"))?;
            let offset = header.data.checked_add(tensor.offset);
            let end = offset.and_then(|offset| offset.checked_add(length as u64));
            match (offset, end) {
                (Some(offset), Some(end)) if end <= source.len() => {
                    places.push((offset, end));
                    let location = Location { source: 0, encoding, shape: tensor.shape, offset };
                    tensors.insert(tensor.name, location);
                }
                _ => return Err(malformed("its data lie beyond the end of the file")),
            }
        }
        // Else a small file would have many large tensors.
        places.retain(|(offset, end)| offset < end);
        places.sort_unstable();
        if places.windows(2).any(|pair| pair[1].0 < pair[0].1) {
            return Err(ModelError::malformed(source.name(), "the data of two tensors overlap"));
        }
        let metadata = header.metadata;
        Ok(Self { metadata, store: Store { sources: vec![source], tensors }, unsupported })
    }

    /// A missing tensor that is there in a type that is not read is an unsupported tensor.
    pub(crate) fn unsupported_or(&self, error: ModelError) -> ModelError {
        match error {
            ModelError::MissingTensor { file, tensor } => match self.unsupported.get(&tensor) {
                Some(found) => ModelError::UnsupportedType { file, tensor, found: found.clone(), expected: READ },
                None => ModelError::MissingTensor { file, tensor },
            },
            other => other,
        }
    }

    /// The metadata.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

/// Name of a type as ggml numbers them.
fn type_name(kind: u32) -> String {
    let names = [
        (9, "Q8_1"),
        (15, "Q8_K"),
        (16, "IQ2_XXS"),
        (17, "IQ2_XS"),
        (18, "IQ3_XXS"),
        (19, "IQ1_S"),
        (20, "IQ4_NL"),
        (21, "IQ3_S"),
        (22, "IQ2_S"),
        (23, "IQ4_XS"),
        (24, "I8"),
        (25, "I16"),
        (26, "I32"),
        (27, "I64"),
        (28, "F64"),
        (29, "IQ1_M"),
        (34, "TQ1_0"),
        (35, "TQ2_0"),
        (39, "MXFP4"),
    ];
    let known = names.into_iter().find(|(number, _)| *number == kind);
    known.map_or_else(|| format!("type {kind}"), |(_, name)| name.to_owned())
}

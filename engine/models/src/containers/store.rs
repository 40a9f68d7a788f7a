//! The tensors of a model's files, whichever container holds them.

use std::collections::HashMap;

use crate::containers::encoding::Encoding;
use crate::containers::source::Source;
use crate::error::ModelError;

/// Where a tensor lies. Offset and shape were checked against the file's length.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    /// Index into [`Store::sources`].
    pub source: usize,
    pub encoding: Encoding,
    /// Rows first.
    pub shape: Vec<usize>,
    /// From the start of the file.
    pub offset: u64,
}

/// Files and the directory of their tensors.
pub(crate) struct Store {
    pub sources: Vec<Source>,
    pub tensors: HashMap<String, Location>,
}

impl Store {
    pub fn contains(&self, tensor: &str) -> bool {
        self.tensors.contains_key(tensor)
    }

    /// The tensor and its file.
    pub fn tensor(&self, name: &str) -> Result<(&Location, &Source), ModelError> {
        match self.tensors.get(name) {
            Some(location) => Ok((location, &self.sources[location.source])),
            None => Err(ModelError::MissingTensor { file: self.name(), tensor: name.to_owned() }),
        }
    }

    /// Name of the file, or of the first of several.
    pub fn name(&self) -> String {
        self.sources.first().map_or_else(String::new, |source| source.name().to_owned())
    }

    /// All numbers of a tensor of at most `limit` numbers, as f32.
    pub fn floats(&self, name: &str, limit: usize) -> Result<Vec<f32>, ModelError> {
        let (location, source) = self.tensor(name)?;
        let too_many = || ModelError::malformed(source.name(), format!("tensor {name} has more than {limit} numbers"));
        let count = location.shape.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
        let count = count.filter(|count| *count <= limit).ok_or_else(too_many)?;
        let length = location.encoding.bytes(count).ok_or_else(too_many)?;
        let mut scratch = Vec::new();
        let bytes = source.bytes(location.offset, length, &mut scratch)?;
        let mut values = vec![0.0; count];
        location.encoding.widen(bytes, &mut values).map_err(|()| ModelError::UnsupportedType {
            file: source.name().to_owned(),
            tensor: name.to_owned(),
            found: location.encoding.name().to_owned(),
            expected: "F32, F16, BF16",
        })?;
        match values.iter().all(|value| value.is_finite()) {
            true => Ok(values),
            false => {
                Err(ModelError::NotFiniteWeight { file: source.name().to_owned(), tensor: name.to_owned(), row: 0 })
            }
        }
    }
}

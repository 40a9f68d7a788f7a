//! Ranges of the numbers of a configuration.

use crate::error::ModelError;

pub(super) const MAX_VOCAB: u64 = 1 << 19;
pub(super) const MAX_CONTEXT: u64 = 1 << 20;
pub(super) const MAX_HIDDEN: u64 = 1 << 15;
pub(super) const MAX_FFN: u64 = 1 << 17;
pub(super) const MAX_LAYERS: u64 = 256;
pub(super) const MAX_HEADS: u64 = 256;
pub(super) const MAX_PARAMETERS: u64 = 100_000_000_000;

/// Checks numbers, naming the file they are from.
#[derive(Clone, Copy)]
pub(crate) struct Bounds<'a> {
    pub file: &'a str,
}

impl Bounds<'_> {
    pub fn required<T>(self, field: &str, found: Option<T>) -> Result<T, ModelError> {
        found.ok_or_else(|| ModelError::MissingField { file: self.file.to_owned(), field: field.to_owned() })
    }

    pub fn integer(self, field: &str, found: u64, low: u64, high: u64) -> Result<usize, ModelError> {
        match (low..=high).contains(&found) {
            true => Ok(found as usize),
            false => self.out_of_range(field, found, format!("{low} to {high}")),
        }
    }

    /// A number in a range, as f64 of the nearest f32: GGUF files store f32, and both containers shall say the same.
    pub fn number(self, field: &str, found: f64, low: f64, high: f64) -> Result<f64, ModelError> {
        match (low..=high).contains(&found) {
            true => Ok(f64::from(found as f32)),
            false => self.out_of_range(field, found, format!("{low:e} to {high:e}")),
        }
    }

    pub fn out_of_range<T>(self, field: &str, found: impl ToString, expected: String) -> Result<T, ModelError> {
        let (file, field) = (self.file.to_owned(), field.to_owned());
        Err(ModelError::ConfigOutOfRange { file, field, found: found.to_string(), expected })
    }

    pub fn unsupported<T>(self, field: &str, found: impl ToString) -> Result<T, ModelError> {
        let (file, field) = (self.file.to_owned(), field.to_owned());
        Err(ModelError::UnsupportedConfig { file, field, found: found.to_string() })
    }
}

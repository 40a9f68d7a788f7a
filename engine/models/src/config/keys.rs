//! Values of GGUF metadata by their keys.

use super::bounds::Bounds;
use crate::containers::gguf::Metadata;
use crate::error::ModelError;

/// Keys that begin with the architecture's name.
pub(crate) struct Keys<'a> {
    pub metadata: &'a Metadata,
    pub bounds: Bounds<'a>,
    pub name: &'a str,
}

impl Keys<'_> {
    pub fn key(&self, field: &str) -> String {
        format!("{}.{field}", self.name)
    }

    pub fn integer(&self, field: &str) -> Result<Option<u64>, ModelError> {
        self.metadata.unsigned(&self.key(field))
    }

    pub fn float(&self, field: &str) -> Result<Option<f64>, ModelError> {
        self.metadata.float(&self.key(field))
    }

    pub fn required(&self, field: &str) -> Result<u64, ModelError> {
        self.bounds.required(&self.key(field), self.integer(field)?)
    }

    /// The window that the file gives; 0 is none.
    pub fn window(&self) -> Result<Option<u64>, ModelError> {
        Ok(self.integer("attention.sliding_window")?.filter(|window| *window > 0))
    }
}

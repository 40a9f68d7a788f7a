//! A model of whichever kind its configuration says.

use std::path::Path;

use strike_models::architecture::Architecture;
use strike_models::OpenOptions;
use strike_tokenizers::Tokenizer;

use crate::exact::decoder::model::ExactModel;
use crate::exact::encoder::model::{ExactEncoder, Sentences};
use crate::exact::error::LoadError;
use crate::exact::loaded::Loaded;

/// A model that generates or one that embeds.
pub enum AnyModel {
    /// It generates.
    Decoder(ExactModel),
    /// It embeds.
    Encoder(ExactEncoder),
}

impl AnyModel {
    /// As [`ExactModel::open`] or [`ExactEncoder::open`]. The files are read once.
    pub fn open(path: &Path, options: &OpenOptions<'_>) -> Result<Self, LoadError> {
        let loaded = Loaded::open(path, options)?;
        match loaded.source.architecture() {
            Architecture::Decoder(_) => ExactModel::new(loaded).map(Self::Decoder),
            Architecture::Encoder(_) => ExactEncoder::new(loaded, Sentences::read(path)?).map(Self::Encoder),
        }
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        match self {
            Self::Decoder(model) => model.tokenizer(),
            Self::Encoder(model) => model.tokenizer(),
        }
    }

    /// Whether the weights are those that were opened. `false` once somebody wrote to the cache file that they are mapped from: what
    /// was computed with them may be wrong, and the model is to be opened again. It costs one call of the system.
    pub fn is_intact(&self) -> bool {
        match self {
            Self::Decoder(model) => model.is_intact(),
            Self::Encoder(model) => model.is_intact(),
        }
    }

    /// Bytes of the weights in memory or mapped.
    pub fn weight_bytes(&self) -> u64 {
        match self {
            Self::Decoder(model) => model.weight_bytes(),
            Self::Encoder(model) => model.weight_bytes(),
        }
    }
}

impl std::fmt::Debug for AnyModel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The roots name it; the weights would fill a disk.
        let (kind, root) = match self {
            Self::Decoder(model) => ("Decoder", model.model_root()),
            Self::Encoder(model) => ("Encoder", model.model_root()),
        };
        formatter.debug_tuple(kind).field(&root).finish()
    }
}

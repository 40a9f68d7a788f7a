//! The three files of a model in memory.

use std::borrow::Cow;
use std::path::Path;

use crate::config::raw;
use crate::containers::safetensors;
use crate::containers::source::read_whole;
use crate::error::ModelError;

/// The contents of a model's files in memory.
#[derive(Clone, Debug)]
pub struct ModelFiles {
    /// Contents of `config.json`.
    pub config: Cow<'static, [u8]>,
    /// Contents of `model.safetensors`.
    pub weights: Cow<'static, [u8]>,
    /// Contents of `tokenizer.json`; kept for the tokenizer, not read here.
    pub tokenizer: Cow<'static, [u8]>,
}

/// The parameters in one file, in the safetensors format.
pub const WEIGHTS_FILE: &str = safetensors::WEIGHTS_FILE;
/// Shapes and constants of the model, in the format of Hugging Face transformers.
pub const CONFIG_FILE: &str = raw::CONFIG_FILE;
/// The tokenizer, in the format of Hugging Face tokenizers.
pub const TOKENIZER_FILE: &str = "tokenizer.json";
/// Bytes of the largest accepted [`TOKENIZER_FILE`]. Those of Gemma 3 have 33 MiB.
pub const TOKENIZER_LIMIT: u64 = 64 << 20;

/// Weights of eight thousand million parameters in f32: what fits in memory twice on a large machine.
const WEIGHTS_LIMIT: u64 = 32 << 30;

impl ModelFiles {
    /// Reads the three files of a folder. They are at most 1 MiB, 32 GiB and 64 MiB.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        let read = |file, limit| read_whole(&folder.join(file), limit).map(Cow::Owned);
        Ok(Self {
            config: read(CONFIG_FILE, raw::CONFIG_LIMIT)?,
            weights: read(WEIGHTS_FILE, WEIGHTS_LIMIT)?,
            tokenizer: read(TOKENIZER_FILE, TOKENIZER_LIMIT)?,
        })
    }

    /// The files with their names.
    pub fn named(&self) -> [(&'static str, &[u8]); 3] {
        [
            (CONFIG_FILE, self.config.as_ref()),
            (WEIGHTS_FILE, self.weights.as_ref()),
            (TOKENIZER_FILE, self.tokenizer.as_ref()),
        ]
    }
}

//! The named files of a model bundle.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use crate::ModelError;

/// Shapes and constants of the model, in the format of Hugging Face transformers.
pub const CONFIG_FILE: &str = "config.json";
/// The parameters, in the safetensors format.
pub const WEIGHTS_FILE: &str = "model.safetensors";
/// The tokenizer, in the format of Hugging Face tokenizers.
pub const TOKENIZER_FILE: &str = "tokenizer.json";

const CONFIG_LIMIT: u64 = 1 << 20;
const TOKENIZER_LIMIT: u64 = 64 << 20;
/// f32 weights of eight thousand million parameters: what fits in memory twice on a large machine.
const WEIGHTS_LIMIT: u64 = 32 << 30;

/// The contents of the files of a model.
#[derive(Clone, Debug)]
pub struct ModelFiles {
    /// Contents of [`CONFIG_FILE`].
    pub config: Cow<'static, [u8]>,
    /// Contents of [`WEIGHTS_FILE`].
    pub weights: Cow<'static, [u8]>,
    /// Contents of [`TOKENIZER_FILE`].
    pub tokenizer: Cow<'static, [u8]>,
}

impl ModelFiles {
    /// The model that is compiled in.
    pub fn builtin() -> Self {
        Self {
            config: Cow::Borrowed(include_bytes!("../../models/builtin/config.json")),
            weights: Cow::Borrowed(include_bytes!("../../models/builtin/model.safetensors")),
            tokenizer: Cow::Borrowed(include_bytes!("../../models/builtin/tokenizer.json")),
        }
    }

    /// Reads the three files of a directory.
    ///
    /// They are copied into memory, because a mapped file could change under a running model.
    pub fn read(directory: &Path) -> Result<Self, ModelError> {
        let read = |file, limit| read_limited(directory, file, limit).map(Cow::Owned);
        Ok(Self {
            config: read(CONFIG_FILE, CONFIG_LIMIT)?,
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

    /// Refuses files that no accepted model has, before anything is parsed.
    pub(crate) fn check_sizes(&self) -> Result<(), ModelError> {
        let limits = [CONFIG_LIMIT, WEIGHTS_LIMIT, TOKENIZER_LIMIT];
        for ((file, contents), limit) in self.named().into_iter().zip(limits) {
            if contents.len() as u64 > limit {
                return Err(ModelError::FileTooLarge { file, found: contents.len() as u64, limit });
            }
        }
        Ok(())
    }
}

impl From<&ModelFiles> for strike_models::ModelFiles {
    fn from(files: &ModelFiles) -> Self {
        let ModelFiles { config, weights, tokenizer } = files.clone();
        Self { config, weights, tokenizer }
    }
}

fn read_limited(directory: &Path, file: &'static str, limit: u64) -> Result<Vec<u8>, ModelError> {
    let unreadable = |source| ModelError::Unreadable { file, source };
    let opened = std::fs::File::open(directory.join(file)).map_err(unreadable)?;
    let found = opened.metadata().map_err(unreadable)?.len();
    if found > limit {
        return Err(ModelError::FileTooLarge { file, found, limit });
    }
    let mut contents = Vec::new();
    // The file may grow between the two calls.
    opened.take(limit).read_to_end(&mut contents).map_err(unreadable)?;
    Ok(contents)
}

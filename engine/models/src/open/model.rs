//! Opening a model.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::architecture::layout::TensorShape;
use crate::architecture::tensors::TensorName;
use crate::architecture::Architecture;
use crate::architecture::SpecialTokens;
use crate::cache::mapped::Image;
use crate::cache::{self, CacheFailure, CacheFile, CacheUse, Check};
use crate::canonical::import::{import, ImportError, Progress, TensorReader};
use crate::canonical::matrix::Matrix;
use crate::canonical::root;
use crate::containers::{gguf, safetensors};
use crate::error::ModelError;
use crate::open::files::ModelFiles;
use crate::open::opened::Opened;

/// A model in canonical form.
pub struct Model {
    architecture: Architecture,
    special: SpecialTokens,
    image: Image,
    weight_bytes: u64,
}

/// How a model is opened.
pub struct OpenOptions<'a> {
    /// Where the canonical form is kept for the next time.
    pub cache: CacheUse,
    /// When the data of a cache file are hashed before they are used. Its header and directory always are.
    pub check: Check,
    /// Called during an import with the bytes that are done and all bytes, from several threads.
    pub progress: Option<&'a (dyn Fn(u64, u64) + Sync)>,
    /// Set to end the opening: an import ends with [`ModelError::Cancelled`] before its next panel, and leaves nothing behind.
    pub cancel: Option<&'a AtomicBool>,
    /// Called where no cache file can be written, before the model is imported into memory instead.
    pub on_cache_failure: Option<&'a (dyn Fn(&CacheFailure) + Sync)>,
}

impl Default for OpenOptions<'_> {
    /// The usual cache folder, always checked, without progress.
    fn default() -> Self {
        Self { cache: CacheUse::default(), check: Check::Always, progress: None, cancel: None, on_cache_failure: None }
    }
}

impl Model {
    /// Opens a folder (`config.json`, `model.safetensors` or its shards) or one GGUF file.
    ///
    /// The first time, the weights are imported into the cache; later they are mapped from there. Presence and shape of all
    /// tensors are checked either way.
    pub fn open(path: &Path, options: &OpenOptions<'_>) -> Result<Self, ModelError> {
        let cache = cache_file(options, || match path.is_dir() {
            true => safetensors::paths(path),
            false => Ok(vec![path.to_owned()]),
        })?;
        Self::load(Opened::path(path)?, cache.as_ref(), options)
    }

    /// A model whose files are in memory, such as the one that is compiled in. Its panels are in memory too.
    pub fn from_files(files: &ModelFiles) -> Result<Self, ModelError> {
        let options = OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() };
        Self::load(Opened::files(files)?, None, &options)
    }

    /// A GGUF file in memory. Its panels are in memory too.
    pub fn from_gguf_bytes(name: &str, contents: impl Into<Cow<'static, [u8]>>) -> Result<Self, ModelError> {
        let options = OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() };
        Self::load(Opened::gguf(gguf::File::from_bytes(name, contents)?)?, None, &options)
    }

    fn load(opened: Opened, cache: Option<&CacheFile>, options: &OpenOptions<'_>) -> Result<Self, ModelError> {
        let (check, on_failure) = (options.check, options.on_cache_failure);
        let progress = Progress { tell: options.progress, cancel: options.cancel };
        let image = cache::open(cache, &opened.layout, &opened.reader(), check, progress, on_failure)?;
        Ok(Self::new(opened.architecture, opened.special, image))
    }

    /// A model of tensors that no file has.
    pub(crate) fn from_reader(
        architecture: Architecture,
        special: SpecialTokens,
        layout: &[TensorShape],
        reader: &dyn TensorReader,
    ) -> Result<Self, ModelError> {
        match import(layout, reader, None, Progress::default()) {
            Ok(imported) => Ok(Self::new(architecture, special, Image::from_memory(imported))),
            Err(ImportError::Model(error)) => Err(error),
            Err(ImportError::Target(source)) => Err(ModelError::Unreadable { file: "memory".to_owned(), source }),
        }
    }

    fn new(architecture: Architecture, special: SpecialTokens, image: Image) -> Self {
        let weight_bytes = image.panel_bytes();
        Self { architecture, special, image, weight_bytes }
    }

    /// What the model computes.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Tokens that begin and end a text.
    pub fn special_tokens(&self) -> &SpecialTokens {
        &self.special
    }

    /// A weight matrix; `None` if the architecture has no such matrix.
    pub fn matrix(&self, name: TensorName) -> Option<Matrix<'_>> {
        self.image.matrix(name)
    }

    /// A norm or a bias; `None` if the architecture has no such vector.
    pub fn vector(&self, name: TensorName) -> Option<&[f32]> {
        self.image.vector(name)
    }

    /// The root of all canonical tensors: the same for every container and packing.
    pub fn weights_root(&self) -> [u8; 32] {
        self.image.weights_root
    }

    /// What names the model: [`root::model_root`].
    pub fn model_root(&self, tokenizer_root: &[u8; 32]) -> [u8; 32] {
        root::model_root(&self.architecture, &self.image.weights_root, tokenizer_root, &self.special)
    }

    /// Whether the tensors are those that were opened. `false` once somebody wrote to the cache file that they are mapped from: what
    /// was computed with them may be wrong, and the model is to be opened again. It costs one call of the system.
    pub fn is_intact(&self) -> bool {
        self.image.is_intact()
    }

    /// Bytes of all panels.
    pub fn weight_bytes(&self) -> u64 {
        self.weight_bytes
    }
}

/// The cache file of these sources. The fingerprint is taken before they are read, so that a change in between makes the next
/// opening import again.
fn cache_file(
    options: &OpenOptions<'_>,
    files: impl FnOnce() -> Result<Vec<PathBuf>, ModelError>,
) -> Result<Option<CacheFile>, ModelError> {
    match &options.cache {
        CacheUse::Off => Ok(None),
        CacheUse::On(folder) => CacheFile::new(folder, files()?).map(Some),
    }
}

//! Opening a model.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::architecture::Architecture;
use crate::cache::{self, CacheFile};
use crate::config::{self, PoolingContents, PoolingFiles, SpecialTokens, CONFIG_FILE, CONFIG_LIMIT, GENERATION_FILE};
use crate::image::Image;
use crate::import::{import, ImportError, Provider};
use crate::layout::{layout, TensorShape};
use crate::origin::{prefix, Naming};
use crate::provider::FileProvider;
use crate::source::{read_whole, Source};
use crate::store::Store;
use crate::tensors::{Matrix, TensorName};
use crate::{gguf, root, safetensors_files, ModelError};

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
    /// Whether the data of a cache file are hashed before they are used; else only its header and directory are.
    pub checked: bool,
    /// Called during an import with the bytes that are done and all bytes, from several threads.
    pub progress: Option<&'a (dyn Fn(u64, u64) + Sync)>,
}

/// Where the canonical form of a model is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheUse {
    /// In this folder; in memory if it cannot be written to.
    On(PathBuf),
    /// In memory.
    Off,
}

impl Default for CacheUse {
    /// `$STRIKE_CACHE`, or `.cache/strike/models` in the user's home.
    fn default() -> Self {
        cache::default_folder().map_or(Self::Off, Self::On)
    }
}

impl Default for OpenOptions<'_> {
    /// The usual cache folder, checked, without progress.
    fn default() -> Self {
        Self { cache: CacheUse::default(), checked: true, progress: None }
    }
}

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

impl Model {
    /// Opens a folder (`config.json`, `model.safetensors` or its shards) or one GGUF file.
    ///
    /// The first time, the weights are imported into the cache; later they are mapped from there. Presence and shape of all
    /// tensors are checked either way.
    pub fn open(path: &Path, options: &OpenOptions<'_>) -> Result<Self, ModelError> {
        match path.is_dir() {
            true => Self::open_folder(path, options),
            false => Self::open_gguf(path, options),
        }
    }

    /// A model whose files are in memory, such as the one that is compiled in. Its panels are in memory too.
    pub fn from_files(files: &ModelFiles) -> Result<Self, ModelError> {
        if files.config.len() as u64 > CONFIG_LIMIT {
            let found = files.config.len() as u64;
            return Err(ModelError::FileTooLarge { file: CONFIG_FILE.to_owned(), found, limit: CONFIG_LIMIT });
        }
        let source = Source::memory(safetensors_files::WEIGHTS_FILE, files.weights.clone());
        let store = safetensors_files::single_file(source)?;
        let options = OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() };
        Self::from_safetensors(&files.config, None, PoolingFiles::default(), &store, None, &options)
    }

    fn open_folder(folder: &Path, options: &OpenOptions<'_>) -> Result<Self, ModelError> {
        let cache = cache_file(options, || safetensors_files::paths(folder))?;
        let config = read_whole(&folder.join(CONFIG_FILE), CONFIG_LIMIT)?;
        let generation = folder.join(GENERATION_FILE);
        let generation = generation.exists().then(|| read_whole(&generation, CONFIG_LIMIT)).transpose()?;
        let pooling = PoolingContents::read(folder)?;
        let store = safetensors_files::open(folder)?;
        Self::from_safetensors(&config, generation.as_deref(), pooling.files(), &store, cache.as_ref(), options)
    }

    fn from_safetensors(
        config: &[u8],
        generation: Option<&[u8]>,
        pooling: PoolingFiles<'_>,
        store: &Store,
        cache: Option<&CacheFile>,
        options: &OpenOptions<'_>,
    ) -> Result<Self, ModelError> {
        let prefix = prefix(store);
        let has_tensor = |name: &str| store.contains(&format!("{prefix}{name}"));
        let (family, architecture, special, position_offset) =
            config::from_json(config, generation, pooling, has_tensor)?;
        let naming = Naming::Transformers { family, prefix: prefix.to_owned(), position_offset };
        Self::load(architecture, special, (store, None), &naming, cache, options)
    }

    fn open_gguf(path: &Path, options: &OpenOptions<'_>) -> Result<Self, ModelError> {
        let cache = cache_file(options, || Ok(vec![path.to_owned()]))?;
        Self::from_gguf(&gguf::File::open(path)?, cache.as_ref(), options)
    }

    /// A GGUF file in memory. Its panels are in memory too.
    pub fn from_gguf_bytes(name: &str, contents: impl Into<Cow<'static, [u8]>>) -> Result<Self, ModelError> {
        let options = OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() };
        Self::from_gguf(&gguf::File::from_bytes(name, contents)?, None, &options)
    }

    fn from_gguf(file: &gguf::File, cache: Option<&CacheFile>, options: &OpenOptions<'_>) -> Result<Self, ModelError> {
        let (family, architecture, special) = config::from_gguf(file)?;
        let naming = Naming::Gguf { family };
        Self::load(architecture, special, (&file.store, Some(file)), &naming, cache, options)
    }

    fn load(
        architecture: Architecture,
        special: SpecialTokens,
        (store, gguf): (&Store, Option<&gguf::File>),
        naming: &Naming,
        cache: Option<&CacheFile>,
        options: &OpenOptions<'_>,
    ) -> Result<Self, ModelError> {
        let layout = layout(&architecture);
        let provider = FileProvider { store, gguf, naming, architecture: &architecture, layout: &layout };
        provider.check()?;
        let image = cache::open(cache, &layout, &provider, options.checked, options.progress)?;
        Ok(Self::new(architecture, special, image))
    }

    /// A model of tensors that no file has.
    pub(crate) fn from_provider(
        architecture: Architecture,
        special: SpecialTokens,
        layout: &[TensorShape],
        provider: &dyn Provider,
    ) -> Result<Self, ModelError> {
        match import(layout, provider, None, None) {
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
        CacheUse::On(folder) => Ok(Some(CacheFile::new(folder, cache::fingerprint(&files()?)?))),
    }
}

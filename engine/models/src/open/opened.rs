//! A model's files, opened: what they describe, and where its tensors lie.

use std::path::Path;
use std::sync::OnceLock;

use crate::architecture::layout::{layout, TensorShape};
use crate::architecture::Architecture;
use crate::architecture::SpecialTokens;
use crate::config::configuration::Configuration;
use crate::config::pooling::{PoolingContents, PoolingFiles};
use crate::config::raw::{CONFIG_FILE, CONFIG_LIMIT};
use crate::config::special::GENERATION_FILE;
use crate::config::{from_gguf, from_json};
use crate::containers::source::{read_whole, Source};
use crate::containers::store::Store;
use crate::containers::{gguf, safetensors};
use crate::error::ModelError;
use crate::open::files::ModelFiles;
use crate::open::reader::FileReader;
use crate::open::tensor_map::{prefix, Naming};

/// Files whose configuration was accepted and that have every tensor in its shape.
pub(crate) struct Opened {
    pub architecture: Architecture,
    pub special: SpecialTokens,
    pub layout: Vec<TensorShape>,
    /// See [`Configuration::rotary_base`].
    pub rotary_base: Option<f64>,
    container: Container,
    naming: Naming,
    equalization: OnceLock<Vec<u8>>,
}

enum Container {
    Safetensors(Store),
    Gguf(gguf::File),
}

impl Opened {
    /// A folder or a GGUF file.
    pub fn path(path: &Path) -> Result<Self, ModelError> {
        match path.is_dir() {
            true => Self::folder(path),
            false => Self::gguf(gguf::File::open(path)?),
        }
    }

    fn folder(folder: &Path) -> Result<Self, ModelError> {
        let config = read_whole(&folder.join(CONFIG_FILE), CONFIG_LIMIT)?;
        let generation = folder.join(GENERATION_FILE);
        let generation = generation.exists().then(|| read_whole(&generation, CONFIG_LIMIT)).transpose()?;
        let pooling = PoolingContents::read(folder)?;
        Self::safetensors(&config, generation.as_deref(), pooling.files(), safetensors::open(folder)?)
    }

    /// `config.json` and the one file of weights of a folder, and nothing else of it.
    pub fn weights_and_config(folder: &Path) -> Result<Self, ModelError> {
        let config = read_whole(&folder.join(CONFIG_FILE), CONFIG_LIMIT)?;
        let store = safetensors::single_file(Source::open(&folder.join(safetensors::WEIGHTS_FILE))?)?;
        Self::safetensors(&config, None, PoolingFiles::default(), store)
    }

    /// Files in memory.
    pub fn files(files: &ModelFiles) -> Result<Self, ModelError> {
        if files.config.len() as u64 > CONFIG_LIMIT {
            let found = files.config.len() as u64;
            return Err(ModelError::FileTooLarge { file: CONFIG_FILE.to_owned(), found, limit: CONFIG_LIMIT });
        }
        let source = Source::memory(safetensors::WEIGHTS_FILE, files.weights.clone());
        let store = safetensors::single_file(source)?;
        Self::safetensors(&files.config, None, PoolingFiles::default(), store)
    }

    fn safetensors(
        config: &[u8],
        generation: Option<&[u8]>,
        pooling: PoolingFiles<'_>,
        store: Store,
    ) -> Result<Self, ModelError> {
        let prefix = prefix(&store);
        let has_tensor = |name: &str| store.contains(&format!("{prefix}{name}"));
        let found = from_json::architecture(config, generation, pooling, has_tensor)?;
        let (family, position_offset) = (found.family, found.position_offset);
        let naming = Naming::Transformers { family, prefix: prefix.to_owned(), position_offset };
        Self::checked(found, Container::Safetensors(store), naming)
    }

    pub fn gguf(file: gguf::File) -> Result<Self, ModelError> {
        let found = from_gguf::architecture(&file)?;
        let naming = Naming::Gguf { family: found.family };
        Self::checked(found, Container::Gguf(file), naming)
    }

    fn checked(found: Configuration, container: Container, naming: Naming) -> Result<Self, ModelError> {
        let Configuration { architecture, special, rotary_base, .. } = found;
        let layout = layout(&architecture);
        let equalization = OnceLock::new();
        let opened = Self { architecture, special, layout, rotary_base, container, naming, equalization };
        opened.reader().check()?;
        Ok(opened)
    }

    /// The tensors.
    pub fn reader(&self) -> FileReader<'_> {
        let (store, gguf) = match &self.container {
            Container::Safetensors(store) => (store, None),
            Container::Gguf(file) => (&file.store, Some(file)),
        };
        FileReader {
            store,
            gguf,
            naming: &self.naming,
            architecture: &self.architecture,
            layout: &self.layout,
            equalization: &self.equalization,
        }
    }
}

//! The models a node can run: the built-in one and those in its model directories.

use crate::{engine::tokenizers::Tokenizers, limits::LOG_TARGET};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};
use strike_inference::{
    builtin_files,
    exact::{AnyModel, CacheFailure, ExactModel, LoadError, OpenOptions},
    Model, ModelFiles,
};
use strike_primitives::{
    artifact::{self, ArtifactId},
    job::VerificationClass,
    model_folder::{ModelFolder, UnreadableFile},
};

/// Why a model could not be found or loaded.
#[derive(Debug, thiserror::Error)]
pub enum ModelStoreError {
    /// The file system refused.
    #[error("reading {path}: {source}")]
    Io {
        /// What was read.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A file of a model could not be read.
    #[error(transparent)]
    File(#[from] UnreadableFile),
    /// A model directory has neither a model's files nor folders that have them.
    #[error(
        "{0} holds no model: config.json, model.safetensors and tokenizer.json are needed, here or one folder deeper"
    )]
    NoModel(PathBuf),
    /// The files are not those that were there when the node started.
    #[error("the model in {0} changed since the node started; restart the node")]
    Changed(PathBuf),
    /// The files are not a model that the engine runs.
    #[error("the model in {path} cannot be loaded: {source}")]
    Load {
        /// Where it is.
        path: PathBuf,
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

enum Source {
    BuiltIn,
    Directory(PathBuf),
}

/// A model in memory, in the form that a class computes with.
#[derive(Clone)]
enum Form {
    Exact(Arc<AnyModel>),
    Statistical(Arc<Model>),
}

impl Form {
    fn bytes(&self) -> u64 {
        match self {
            Self::Exact(model) => model.weight_bytes(),
            Self::Statistical(model) => model.info().memory_bytes,
        }
    }
}

/// Artifact and class.
type Key = (ArtifactId, VerificationClass);

struct Loaded {
    form: Form,
    used: u64,
}

#[derive(Default)]
struct Cache {
    models: BTreeMap<Key, Loaded>,
    clock: u64,
}

/// Models by their artifact, loaded when first needed and kept while memory allows.
pub struct ModelStore {
    sources: BTreeMap<ArtifactId, Source>,
    tokenizers: Tokenizers,
    built_in: ArtifactId,
    /// Most bytes of weights kept loaded. The model last used stays, however large it is.
    memory: u64,
    cache: Mutex<Cache>,
    /// Held while a model loads, so that two runs do not load the same one.
    loading: Mutex<()>,
}

/// The artifact that names a model of these files alone.
pub fn model_id(files: &ModelFiles) -> ArtifactId {
    artifact::bundle_of(files.named())
}

impl ModelStore {
    /// The built-in model and the models in `directories`: each either holds a model's files or folders that do. Reads
    /// every file once to know its root. Of folders, those that hold no whole model are skipped with a warning.
    pub fn open(directories: &[PathBuf], memory: u64) -> Result<Self, ModelStoreError> {
        let built_in = model_id(&builtin_files());
        let mut sources = BTreeMap::from([(built_in, Source::BuiltIn)]);
        let mut tokenizers = Tokenizers::new();
        tokenizers.add_built_in(built_in);
        for directory in directories {
            let mut found = 0usize;
            for candidate in candidates(directory)? {
                match ModelFolder::read(&candidate) {
                    Ok(ModelFolder { id, .. }) => {
                        log::info!(
                            target: LOG_TARGET,
                            "Model {} is in {}",
                            hex::encode(id.root),
                            candidate.display(),
                        );
                        tokenizers.add_folder(id, &candidate);
                        sources.entry(id).or_insert(Source::Directory(candidate));
                        found += 1;
                    }
                    Err(error) => log::warn!(target: LOG_TARGET, "Skipped a model: {error}"),
                }
            }
            if found == 0 {
                return Err(ModelStoreError::NoModel(directory.clone()));
            }
        }
        Ok(Self { sources, tokenizers, built_in, memory, cache: Mutex::default(), loading: Mutex::new(()) })
    }

    /// The built-in model.
    pub fn built_in(&self) -> ArtifactId {
        self.built_in
    }

    /// Every model this node can run.
    pub fn ids(&self) -> Vec<ArtifactId> {
        self.sources.keys().copied().collect()
    }

    /// Whether this node can run the model.
    pub fn has(&self, id: &ArtifactId) -> bool {
        self.sources.contains_key(id)
    }

    /// A model for the exact class, loaded if it is not; `None` if the node does not have it. Blocks while it loads.
    pub fn exact(&self, id: &ArtifactId) -> Result<Option<Arc<AnyModel>>, ModelStoreError> {
        match self.form(id, VerificationClass::Exact)? {
            Some(Form::Exact(model)) => Ok(Some(model)),
            _ => Ok(None),
        }
    }

    /// A model for the statistical class, as [`Self::exact`].
    pub fn statistical(&self, id: &ArtifactId) -> Result<Option<Arc<Model>>, ModelStoreError> {
        match self.form(id, VerificationClass::Statistical)? {
            Some(Form::Statistical(model)) => Ok(Some(model)),
            _ => Ok(None),
        }
    }

    /// The text of token ids of a model; `None` if the node does not have the model. Reads the model's tokenizer alone:
    /// no weights are loaded or dropped for it, and no run waits.
    pub fn detokenize(&self, id: &ArtifactId, tokens: &[u32]) -> Result<Option<String>, String> {
        match self.tokenizers.get(id, Instant::now())? {
            Some(tokenizer) => tokenizer.decode(tokens, true).map(Some).map_err(|error| error.to_string()),
            None => Ok(None),
        }
    }

    fn form(&self, id: &ArtifactId, class: VerificationClass) -> Result<Option<Form>, ModelStoreError> {
        let key = (*id, class);
        if let Some(form) = self.cached(&key) {
            return Ok(Some(form));
        }
        let Some(source) = self.sources.get(id) else {
            return Ok(None);
        };
        let _loading = self.loading.lock();
        if let Some(form) = self.cached(&key) {
            return Ok(Some(form));
        }
        let form = match class {
            VerificationClass::Exact => Form::Exact(Arc::new(load_exact(id, source)?)),
            VerificationClass::Statistical => Form::Statistical(Arc::new(load_statistical(id, source)?)),
        };
        self.keep(key, form.clone());
        Ok(Some(form))
    }

    fn cached(&self, key: &Key) -> Option<Form> {
        let mut cache = self.cache.lock();
        cache.clock += 1;
        let now = cache.clock;
        let loaded = cache.models.get_mut(key)?;
        loaded.used = now;
        Some(loaded.form.clone())
    }

    fn keep(&self, key: Key, form: Form) {
        let mut cache = self.cache.lock();
        cache.clock += 1;
        let used = cache.clock;
        cache.models.insert(key, Loaded { form, used });
        while cache.models.values().map(|loaded| loaded.form.bytes()).sum::<u64>() > self.memory {
            // A model in use stays in memory until its run ends; it only is no longer kept for the next one.
            let unused = cache
                .models
                .iter()
                .filter(|(other, _)| **other != key)
                .min_by_key(|(_, loaded)| loaded.used)
                .map(|(other, _)| *other);
            let Some(unused) = unused else { break };
            cache.models.remove(&unused);
        }
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> ModelStoreError + '_ {
    move |source| ModelStoreError::Io { path: path.to_path_buf(), source }
}

/// The directory itself if it has a configuration, else its folders, in the order of their names.
fn candidates(directory: &Path) -> Result<Vec<PathBuf>, ModelStoreError> {
    if ModelFolder::is_one(directory) {
        return Ok(vec![directory.to_path_buf()]);
    }
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(io_error(directory))? {
        let path = entry.map_err(io_error(directory))?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// Refuse a folder that is no longer the model named `id`.
fn ensure_unchanged(id: &ArtifactId, folder: &Path) -> Result<(), ModelStoreError> {
    if ModelFolder::read(folder)?.id == *id {
        Ok(())
    } else {
        Err(ModelStoreError::Changed(folder.to_path_buf()))
    }
}

/// Load a model for the exact class and verify that it is the one named `id`: the files may have changed since they
/// were found.
fn load_exact(id: &ArtifactId, source: &Source) -> Result<AnyModel, ModelStoreError> {
    let (path, model) = match source {
        Source::BuiltIn => (built_in_path(), ExactModel::builtin().map(AnyModel::Decoder)),
        Source::Directory(path) => {
            ensure_unchanged(id, path)?;
            let options = OpenOptions { on_cache_failure: Some(&in_memory), ..OpenOptions::default() };
            (path.clone(), AnyModel::open(path, &options))
        }
    };
    model.map_err(|source| ModelStoreError::Load { path, source: source.into() })
}

/// Say that an imported model is not kept on disk: it takes its size in memory, and is imported at each start.
fn in_memory(failure: &CacheFailure) {
    log::warn!(
        target: LOG_TARGET,
        "The imported model cannot be kept: {failure}; it is imported into memory. Make room there, or name another folder: \
         STRIKE_CACHE"
    );
}

/// Load a model for the statistical class and verify it likewise.
fn load_statistical(id: &ArtifactId, source: &Source) -> Result<Model, ModelStoreError> {
    let (path, files) = match source {
        Source::BuiltIn => (built_in_path(), Ok(builtin_files())),
        Source::Directory(path) => {
            ensure_unchanged(id, path)?;
            (path.clone(), ModelFiles::read(path).map_err(LoadError::from))
        }
    };
    files
        .and_then(|files| Model::from_files(&files))
        .map_err(|source| ModelStoreError::Load { path, source: source.into() })
}

fn built_in_path() -> PathBuf {
    PathBuf::from("this program")
}

//! The models a node can run: the built-in one and those in its model directories.

use crate::{
    engine::{
        fingerprint::Fingerprint,
        loaded_models::{Crowded, Key, LoadedModels},
        memory::{shown, Sizes},
        tokenizers::Tokenizers,
    },
    limits::LOG_TARGET,
};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    time::{Duration, Instant},
};
use strike_inference::{
    builtin_files,
    exact::{AnyModel, CacheFailure, ExactModel, LoadError, OpenOptions},
    memory::Tokens,
    Model, ModelFiles,
};
use strike_primitives::{
    artifact::{self, ArtifactId},
    job::VerificationClass,
    model_folder::{ModelFolder, UnreadableFile},
    Units,
};

/// How often a load that waits for another one looks whether it is to end.
const LOAD_LOOK: Duration = Duration::from_millis(50);

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
    /// Somebody wrote to the files while they were read: what is in memory may be neither the old model nor the new one.
    #[error("the model in {0} was written to while it was loaded; it is loaded again")]
    Moving(PathBuf),
    /// It was to end before it was loaded.
    #[error("cancelled")]
    Cancelled,
    /// There is not enough memory beside the runs that go on.
    #[error("it needs {} of memory, and {} are left beside the runs that go on", shown(*.need), shown(*.left))]
    NoRoom {
        /// What it needs, in bytes.
        need: u64,
        /// What is left, in bytes.
        left: u64,
    },
    /// It needs more memory than the engine may take.
    #[error(
        "it needs {} of memory, and the engine may take {}: raise --engine-memory if this machine has more",
        shown(*.need),
        shown(*.bound)
    )]
    TooLarge {
        /// What it needs, in bytes.
        need: u64,
        /// What the engine may take, in bytes.
        bound: u64,
    },
    /// Somebody wrote to the cache file that a loaded model is mapped from.
    #[error(
        "the cache file of model {} changed while it was used; what was computed is dropped, and the model loaded anew",
        hex::encode(.0.root)
    )]
    CacheChanged(ArtifactId),
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

/// Models by their artifact, loaded when first needed and kept while memory allows.
pub struct ModelStore {
    sources: BTreeMap<ArtifactId, Source>,
    tokenizers: Tokenizers,
    sizes: Sizes,
    built_in: ArtifactId,
    loaded: Mutex<LoadedModels<Form>>,
    /// Held while a model loads: one at a time, so that two do not need twice the memory.
    loading: Mutex<()>,
}

/// Memory that work takes, counted until this is dropped.
pub(crate) struct Room<'a> {
    store: &'a ModelStore,
    key: Key,
    work: u64,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        self.store.loaded.lock().end(&self.key, self.work);
    }
}

/// The artifact that names a model of these files alone.
pub fn model_id(files: &ModelFiles) -> ArtifactId {
    artifact::bundle_of(files.named())
}

impl ModelStore {
    /// The built-in model and the models in `directories`: each either holds a model's files or folders that do. Reads
    /// every file once to know its root. Of folders, those that hold no whole model are skipped with a warning. Models and the work on
    /// them take at most `memory` bytes.
    pub fn open(directories: &[PathBuf], memory: u64) -> Result<Self, ModelStoreError> {
        let built_in = model_id(&builtin_files());
        let mut sources = BTreeMap::from([(built_in, Source::BuiltIn)]);
        let mut tokenizers = Tokenizers::beside(memory);
        tokenizers.add_built_in(built_in);
        let mut sizes = Sizes::default();
        sizes.add_built_in(built_in, &builtin_files());
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
                        sizes.add_folder(id, &candidate);
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
        let loaded = Mutex::new(LoadedModels::new(memory));
        Ok(Self { sources, tokenizers, sizes, built_in, loaded, loading: Mutex::new(()) })
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

    /// Why work of a class on a model takes more memory than there is for it. `threads` are those of the engine. What is not known
    /// of a model is said when it is loaded.
    pub(crate) fn refuses(
        &self,
        id: &ArtifactId,
        class: VerificationClass,
        tokens: Tokens,
        threads: usize,
    ) -> Option<ModelStoreError> {
        let (model, work) = self.needs(&(*id, class), tokens, threads)?;
        self.fits(model.saturating_add(work)).err()
    }

    /// As [`Self::refuses`], for any work of so many units.
    pub fn refuses_units(
        &self,
        id: &ArtifactId,
        class: VerificationClass,
        units: Units,
        threads: usize,
    ) -> Option<ModelStoreError> {
        self.refuses(id, class, Tokens { input: units, output: 0 }, threads)
    }

    /// Bytes of a model, and of work on it.
    fn needs(&self, (id, class): &Key, tokens: Tokens, threads: usize) -> Option<(u64, u64)> {
        Some((self.sizes.of_model(id, *class)?, self.sizes.of_work(id, *class, tokens, threads)?))
    }

    fn fits(&self, need: u64) -> Result<(), ModelStoreError> {
        let bound = self.loaded.lock().memory();
        if need > bound {
            return Err(ModelStoreError::TooLarge { need, bound });
        }
        Ok(())
    }

    /// Memory for work on a model, and for the model. Models that no run uses make room.
    pub(crate) fn room(
        &self,
        id: &ArtifactId,
        class: VerificationClass,
        tokens: Tokens,
        threads: usize,
    ) -> Result<Room<'_>, ModelStoreError> {
        let key = (*id, class);
        let (model, work) = self.needs(&key, tokens, threads).unwrap_or_default();
        self.begin(key, model, work)
    }

    fn begin(&self, key: Key, model: u64, work: u64) -> Result<Room<'_>, ModelStoreError> {
        let need = model.saturating_add(work);
        self.fits(need)?;
        let begun = self.loaded.lock().begin(&key, model, work);
        begun.map_err(|Crowded { left }| ModelStoreError::NoRoom { need, left })?;
        Ok(Room { store: self, key, work })
    }

    /// Whether work on a model can begin at once: it is in memory, or cannot be loaded.
    pub fn is_loaded(&self, id: &ArtifactId, class: VerificationClass) -> bool {
        !self.has(id) || self.loaded.lock().is_loaded(&(*id, class))
    }

    /// Load a model, so that work on it begins at once. Blocks until it is loaded, or `cancelled` is set.
    pub fn load(
        &self,
        id: &ArtifactId,
        class: VerificationClass,
        cancelled: &AtomicBool,
    ) -> Result<(), ModelStoreError> {
        let key = (*id, class);
        let _room = self.begin(key, self.sizes.of_model(id, class).unwrap_or_default(), 0)?;
        self.form(id, class, cancelled).map(drop)
    }

    /// Load a model anew when it is needed next.
    pub(crate) fn forget(&self, id: &ArtifactId, class: VerificationClass) {
        self.loaded.lock().forget(&(*id, class));
    }

    /// Say which models jobs are expected for, the most wanted first: they are loaded before they are needed, and stay longest.
    pub fn expect(&self, models: Vec<(ArtifactId, VerificationClass)>) {
        self.loaded.lock().expect(models);
    }

    /// A model that jobs are expected for, that is not loaded and has room beside those that are.
    pub fn expected(&self) -> Option<(ArtifactId, VerificationClass)> {
        self.loaded.lock().missing(|(id, class)| self.sizes.of_model(id, *class))
    }

    /// A model for the exact class, loaded if it is not; `None` if the node does not have it. Blocks while it loads.
    pub fn exact(&self, id: &ArtifactId) -> Result<Option<Arc<AnyModel>>, ModelStoreError> {
        self.exact_unless(id, &AtomicBool::new(false))
    }

    /// As [`Self::exact`]; ends with [`ModelStoreError::Cancelled`] once `cancelled` is set.
    pub fn exact_unless(
        &self,
        id: &ArtifactId,
        cancelled: &AtomicBool,
    ) -> Result<Option<Arc<AnyModel>>, ModelStoreError> {
        match self.form(id, VerificationClass::Exact, cancelled)? {
            Some(Form::Exact(model)) => Ok(Some(model)),
            _ => Ok(None),
        }
    }

    /// A model for the statistical class, as [`Self::exact_unless`].
    pub fn statistical(&self, id: &ArtifactId, cancelled: &AtomicBool) -> Result<Option<Arc<Model>>, ModelStoreError> {
        match self.form(id, VerificationClass::Statistical, cancelled)? {
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

    fn form(
        &self,
        id: &ArtifactId,
        class: VerificationClass,
        cancelled: &AtomicBool,
    ) -> Result<Option<Form>, ModelStoreError> {
        let key = (*id, class);
        if let Some(form) = self.loaded.lock().get(&key) {
            return Ok(Some(form));
        }
        let Some(source) = self.sources.get(id) else {
            return Ok(None);
        };
        if let Some(need) = self.sizes.of_model(id, class) {
            self.fits(need)?;
        }
        let _loading = loop {
            if cancelled.load(Ordering::Relaxed) {
                return Err(ModelStoreError::Cancelled);
            }
            if let Some(loading) = self.loading.try_lock_for(LOAD_LOOK) {
                break loading;
            }
        };
        if let Some(form) = self.loaded.lock().get(&key) {
            return Ok(Some(form));
        }
        let form = match class {
            VerificationClass::Exact => Form::Exact(Arc::new(load_exact(id, source, cancelled)?)),
            VerificationClass::Statistical => Form::Statistical(Arc::new(load_statistical(id, source, cancelled)?)),
        };
        // What its headers said, or what it takes where they were not read.
        let bytes = self.sizes.of_model(id, class).unwrap_or_else(|| form.bytes());
        self.loaded.lock().keep(key, form.clone(), bytes);
        Ok(Some(form))
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

/// Load what is in a folder, if that is still the model named `id`. Its files are read once to know that, and again by `load`: nobody
/// may have written to them in between.
pub(crate) fn load_unchanged<M>(
    id: &ArtifactId,
    folder: &Path,
    cancelled: &AtomicBool,
    load: impl FnOnce(&Path) -> Result<M, LoadError>,
) -> Result<M, ModelStoreError> {
    let before = Fingerprint::of(folder).map_err(io_error(folder))?;
    let found = ModelFolder::read_unless(folder, &|| cancelled.load(Ordering::Relaxed));
    if found.map_err(|error| cancelled_or(cancelled, error.into()))?.id != *id {
        return Err(ModelStoreError::Changed(folder.to_path_buf()));
    }
    let loaded = load(folder);
    if Fingerprint::of(folder).map_err(io_error(folder))? != before {
        return Err(ModelStoreError::Moving(folder.to_path_buf()));
    }
    loaded.map_err(|source| {
        cancelled_or(cancelled, ModelStoreError::Load { path: folder.to_path_buf(), source: source.into() })
    })
}

/// What a load that was to end has ended with says nothing of the model.
fn cancelled_or(cancelled: &AtomicBool, error: ModelStoreError) -> ModelStoreError {
    if cancelled.load(Ordering::Relaxed) {
        ModelStoreError::Cancelled
    } else {
        error
    }
}

/// Load a model for the exact class and verify that it is the one named `id`: the files may have changed since they
/// were found.
fn load_exact(id: &ArtifactId, source: &Source, cancelled: &AtomicBool) -> Result<AnyModel, ModelStoreError> {
    match source {
        Source::BuiltIn => ExactModel::builtin().map(AnyModel::Decoder).map_err(built_in_failed),
        Source::Directory(path) => load_unchanged(id, path, cancelled, |folder| {
            let options =
                OpenOptions { cancel: Some(cancelled), on_cache_failure: Some(&in_memory), ..OpenOptions::default() };
            AnyModel::open(folder, &options)
        }),
    }
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
fn load_statistical(id: &ArtifactId, source: &Source, cancelled: &AtomicBool) -> Result<Model, ModelStoreError> {
    match source {
        Source::BuiltIn => Model::builtin().map_err(built_in_failed),
        Source::Directory(path) => load_unchanged(id, path, cancelled, |folder| Model::load_unless(folder, cancelled)),
    }
}

fn built_in_failed(source: LoadError) -> ModelStoreError {
    ModelStoreError::Load { path: PathBuf::from("this program"), source: source.into() }
}

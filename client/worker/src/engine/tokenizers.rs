//! Tokenizers without their models. A request for the text of an output loads no weights, and holds up no run.

use crate::limits::{MAX_TOKENIZER_BYTES, MAX_TOKENIZER_CALLS, TOKENIZER_FAILURE_TIME};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};
use strike_inference::{
    builtin_files,
    exact::{Tokenizer, TokenizerFiles},
};
use strike_primitives::{
    artifact::{file_root, ArtifactId},
    H256,
};
use tokio::sync::Semaphore;

/// Roots of the files that a tokenizer is made of.
type Roots = [H256; 2];

fn roots(files: &TokenizerFiles) -> Roots {
    files.contents().map(file_root)
}

/// Where a tokenizer is.
enum Place {
    BuiltIn,
    /// In this folder; with the roots that its files had when it was found, if they could be read.
    Folder(PathBuf, Option<Roots>),
}

struct Kept {
    tokenizer: Arc<Tokenizer>,
    bytes: usize,
    used: u64,
}

#[derive(Default)]
struct Cache {
    kept: BTreeMap<ArtifactId, Kept>,
    failed: BTreeMap<ArtifactId, (Instant, String)>,
    clock: u64,
}

/// The tokenizers of models, by the models' ids: loaded from their own files when first needed, and kept while memory
/// allows.
pub(crate) struct Tokenizers {
    places: BTreeMap<ArtifactId, Place>,
    memory: usize,
    cache: Mutex<Cache>,
    waiting: Semaphore,
    /// Held while one loads: at most one at a time, and none twice.
    loading: Mutex<()>,
}

impl Tokenizers {
    /// None yet, with the most room there may be.
    #[cfg(test)]
    pub fn new() -> Self {
        Self::within(MAX_TOKENIZER_BYTES)
    }

    /// Likewise, beside an engine that may take so many bytes of memory: files take up to a 64th of it, and what is made of them about
    /// an eighth.
    pub fn beside(engine: u64) -> Self {
        Self::within(usize::try_from(engine / 64).unwrap_or(usize::MAX).min(MAX_TOKENIZER_BYTES))
    }

    fn within(memory: usize) -> Self {
        Self {
            places: BTreeMap::new(),
            memory,
            cache: Mutex::default(),
            waiting: Semaphore::new(MAX_TOKENIZER_CALLS),
            loading: Mutex::new(()),
        }
    }

    /// The tokenizer of the model that is compiled in.
    pub fn add_built_in(&mut self, model: ArtifactId) {
        self.places.insert(model, Place::BuiltIn);
    }

    /// The tokenizer of the model in `folder`.
    pub fn add_folder(&mut self, model: ArtifactId, folder: &Path) {
        let roots = TokenizerFiles::read(folder).ok().as_ref().map(roots);
        self.places.entry(model).or_insert_with(|| Place::Folder(folder.to_path_buf(), roots));
    }

    /// The tokenizer of a model; `None` if the node does not have the model. Blocks while it loads, unless many wait
    /// already. That it cannot be loaded is remembered: until a minute after `now` it is the answer.
    pub fn get(&self, model: &ArtifactId, now: Instant) -> Result<Option<Arc<Tokenizer>>, String> {
        let Some(place) = self.places.get(model) else { return Ok(None) };
        if let Some(known) = self.known(model, now) {
            return known.map(Some);
        }
        let Ok(_waiting) = self.waiting.try_acquire() else {
            return Err("other calls wait for tokenizers to be loaded; try again in a few seconds".into());
        };
        let _loading = self.loading.lock();
        if let Some(known) = self.known(model, now) {
            return known.map(Some);
        }
        let loaded = load(place);
        let mut cache = self.cache.lock();
        match loaded {
            Ok((tokenizer, bytes)) => {
                cache.failed.remove(model);
                cache.keep(*model, tokenizer.clone(), bytes, self.memory);
                Ok(Some(tokenizer))
            }
            Err(error) => {
                cache.failed.insert(*model, (now, error.clone()));
                Err(error)
            }
        }
    }

    fn known(&self, model: &ArtifactId, now: Instant) -> Option<Result<Arc<Tokenizer>, String>> {
        let mut cache = self.cache.lock();
        cache.clock = cache.clock.saturating_add(1);
        let clock = cache.clock;
        if let Some(kept) = cache.kept.get_mut(model) {
            kept.used = clock;
            return Some(Ok(kept.tokenizer.clone()));
        }
        let (at, error) = cache.failed.get(model)?;
        (now.saturating_duration_since(*at) < TOKENIZER_FAILURE_TIME).then(|| Err(error.clone()))
    }
}

impl Cache {
    fn keep(&mut self, model: ArtifactId, tokenizer: Arc<Tokenizer>, bytes: usize, memory: usize) {
        let used = self.clock;
        self.kept.insert(model, Kept { tokenizer, bytes, used });
        while self.kept.values().map(|kept| kept.bytes).fold(0, usize::saturating_add) > memory {
            let others = self.kept.iter().filter(|(other, _)| **other != model);
            let Some(oldest) = others.min_by_key(|(_, kept)| kept.used).map(|(other, _)| *other) else { break };
            self.kept.remove(&oldest);
        }
    }
}

/// A tokenizer, and the bytes of its files. An error if they are not those that were found: the text would be another
/// model's.
fn load(place: &Place) -> Result<(Arc<Tokenizer>, usize), String> {
    let (files, path) = match place {
        Place::BuiltIn => (TokenizerFiles::from(builtin_files()), "this program".into()),
        Place::Folder(folder, found) => {
            let files = TokenizerFiles::read(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            if *found != Some(roots(&files)) {
                return Err(format!(
                    "the model in {} changed since the node started; restart the node",
                    folder.display()
                ));
            }
            (files, folder.display().to_string())
        }
    };
    let bytes = files.contents().iter().map(|contents| contents.len()).sum();
    let tokenizer = files.tokenizer().map_err(|error| format!("the tokenizer in {path} cannot be read: {error}"))?;
    Ok((Arc::new(tokenizer), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, time::Duration};
    use strike_primitives::artifact::ArtifactKind;

    fn model(number: u8) -> ArtifactId {
        ArtifactId { kind: ArtifactKind::Bundle, root: H256([number; 32]) }
    }

    /// A folder with the tokenizer of the built-in model alone.
    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in builtin_files().named() {
            if name != "model.safetensors" {
                fs::write(dir.path().join(name), bytes).unwrap();
            }
        }
        dir
    }

    #[test]
    fn tokenizers_are_kept_within_memory_the_last_used_ones() {
        let folders = [folder(), folder(), folder()];
        let bytes = load(&Place::BuiltIn).unwrap().1;
        let mut tokenizers = Tokenizers::within(2 * bytes);
        for (number, folder) in folders.iter().enumerate() {
            tokenizers.add_folder(model(number as u8), folder.path());
        }
        let now = Instant::now();
        let get = |number| tokenizers.get(&model(number), now).unwrap().unwrap();
        let (first, second) = (get(0), get(1));
        assert!(Arc::ptr_eq(&first, &get(0)));
        get(2);
        assert!(Arc::ptr_eq(&first, &get(0)), "used after the second");
        assert!(!Arc::ptr_eq(&second, &get(1)));
        assert!(tokenizers.get(&model(3), now).unwrap().is_none());

        let mut none = Tokenizers::within(0);
        none.add_built_in(model(0));
        let only = none.get(&model(0), now).unwrap().unwrap();
        assert!(Arc::ptr_eq(&only, &none.get(&model(0), now).unwrap().unwrap()), "the last one stays");
    }

    #[test]
    fn only_so_many_calls_wait_for_a_tokenizer_and_none_for_one_that_is_loaded() {
        let folder = folder();
        let mut tokenizers = Tokenizers::new();
        tokenizers.add_built_in(model(0));
        tokenizers.add_folder(model(1), folder.path());
        let now = Instant::now();
        let get = |number| tokenizers.get(&model(number), now);
        assert!(get(0).unwrap().is_some());
        let loading = tokenizers.loading.lock();
        std::thread::scope(|scope| {
            let waiting: Vec<_> =
                (0..MAX_TOKENIZER_CALLS).map(|_| scope.spawn(|| get(1).map(|found| found.is_some()))).collect();
            while tokenizers.waiting.available_permits() > 0 {
                std::thread::yield_now();
            }
            assert!(get(1).unwrap_err().contains("try again"));
            assert!(get(0).unwrap().is_some());
            drop(loading);
            for call in waiting {
                assert_eq!(call.join().unwrap(), Ok(true));
            }
        });
        assert!(get(1).unwrap().is_some(), "a refusal is not remembered");
    }

    #[test]
    fn a_tokenizer_that_cannot_be_loaded_is_not_read_again_for_a_while() {
        let dir = folder();
        let path = dir.path().join("tokenizer.json");
        let good = fs::read(&path).unwrap();
        let mut tokenizers = Tokenizers::new();
        tokenizers.add_folder(model(1), dir.path());
        fs::write(&path, b"{}").unwrap();
        let now = Instant::now();
        let refused = tokenizers.get(&model(1), now).unwrap_err();
        assert!(refused.contains("changed since the node started"), "{refused}");
        fs::write(&path, &good).unwrap();
        let almost = now + TOKENIZER_FAILURE_TIME - Duration::from_millis(1);
        assert_eq!(tokenizers.get(&model(1), almost).unwrap_err(), refused);
        assert!(tokenizers.get(&model(1), now + TOKENIZER_FAILURE_TIME).unwrap().is_some());

        // What never was a tokenizer is told as such.
        fs::write(&path, b"{}").unwrap();
        let mut tokenizers = Tokenizers::new();
        tokenizers.add_folder(model(1), dir.path());
        let refused = tokenizers.get(&model(1), now).unwrap_err();
        assert!(refused.contains("cannot be read"), "{refused}");
    }
}

//! What is in memory: loaded models and the work on them, within one bound.

use std::collections::BTreeMap;
use strike_primitives::{artifact::ArtifactId, job::VerificationClass};

/// A model in the form that a class computes with.
pub(crate) type Key = (ArtifactId, VerificationClass);

/// There is no memory beside the runs that go on: these bytes are left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Crowded {
    pub left: u64,
}

struct Loaded<F> {
    form: F,
    bytes: u64,
    used: u64,
}

/// A model that runs or loads use.
struct Using {
    bytes: u64,
    users: usize,
}

/// Models, kept while memory allows. One in use stays, and is counted from the moment on that it is to be loaded.
pub(crate) struct LoadedModels<F> {
    /// Most bytes that models and work take together.
    memory: u64,
    models: BTreeMap<Key, Loaded<F>>,
    using: BTreeMap<Key, Using>,
    /// Bytes of the work that goes on.
    work: u64,
    /// Those that jobs are expected for: they go last.
    expected: Vec<Key>,
    clock: u64,
}

impl<F: Clone> LoadedModels<F> {
    pub fn new(memory: u64) -> Self {
        let (models, using) = (BTreeMap::new(), BTreeMap::new());
        Self { memory, models, using, work: 0, expected: Vec::new(), clock: 0 }
    }

    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// A model that is loaded.
    pub fn get(&mut self, key: &Key) -> Option<F> {
        self.clock += 1;
        let now = self.clock;
        let loaded = self.models.get_mut(key)?;
        loaded.used = now;
        Some(loaded.form.clone())
    }

    pub fn is_loaded(&self, key: &Key) -> bool {
        self.models.contains_key(key)
    }

    /// Let go of a model, whoever uses it: they keep it until they end.
    pub fn forget(&mut self, key: &Key) {
        self.models.remove(key);
    }

    /// Keep a model for the next time.
    pub fn keep(&mut self, key: Key, form: F, bytes: u64) {
        self.clock += 1;
        let used = self.clock;
        self.models.insert(key, Loaded { form, bytes, used });
        self.let_go();
    }

    /// Make room for work of so many bytes on a model of so many, and count both until [`Self::end`]. Models that nobody uses make
    /// room.
    pub fn begin(&mut self, key: &Key, model: u64, work: u64) -> Result<(), Crowded> {
        let used = self.using.iter().filter(|(other, _)| *other != key).map(|(_, using)| using.bytes);
        let left = self.memory.saturating_sub(used.fold(self.work, u64::saturating_add));
        if model.saturating_add(work) > left {
            return Err(Crowded { left });
        }
        let using = self.using.entry(*key).or_insert(Using { bytes: 0, users: 0 });
        (using.bytes, using.users) = (using.bytes.max(model), using.users + 1);
        self.work += work;
        self.let_go();
        Ok(())
    }

    /// Work that was begun has ended.
    pub fn end(&mut self, key: &Key, work: u64) {
        self.work = self.work.saturating_sub(work);
        if let Some(using) = self.using.get_mut(key) {
            using.users -= 1;
            if using.users == 0 {
                self.using.remove(key);
            }
        }
    }

    /// Say which models jobs are expected for, the most wanted first.
    pub fn expect(&mut self, keys: Vec<Key>) {
        self.expected = keys;
    }

    /// An expected model that is not loaded and has room beside all that are.
    pub fn missing(&self, bytes: impl Fn(&Key) -> Option<u64>) -> Option<Key> {
        let left = self.memory.saturating_sub(self.taken());
        let fits = |key: &Key| !self.is_loaded(key) && bytes(key).is_some_and(|bytes| bytes <= left);
        self.expected.iter().copied().find(fits)
    }

    /// Bytes in memory, or on their way there.
    fn taken(&self) -> u64 {
        let coming = self.using.iter().filter(|(key, _)| !self.models.contains_key(key)).map(|(_, using)| using.bytes);
        let loaded = self.models.values().map(|loaded| loaded.bytes);
        loaded.chain(coming).fold(self.work, u64::saturating_add)
    }

    /// Let go of models that nobody uses until everything fits. Small ones go before large ones, which are slow to load; those
    /// that jobs are expected for go last.
    fn let_go(&mut self) {
        while self.taken() > self.memory {
            let unused = self.models.iter().filter(|(key, _)| !self.using.contains_key(key));
            let next = unused.min_by_key(|(key, loaded)| (self.expected.contains(key), loaded.bytes, loaded.used));
            let Some(key) = next.map(|(key, _)| *key) else { break };
            self.models.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use strike_primitives::{artifact::ArtifactKind, H256};

    fn key(byte: u8) -> Key {
        (ArtifactId { kind: ArtifactKind::Bundle, root: H256([byte; 32]) }, VerificationClass::Exact)
    }

    fn loaded(memory: u64, models: &[(u8, u64)]) -> LoadedModels<u8> {
        let mut all = LoadedModels::new(memory);
        models.iter().for_each(|(byte, bytes)| all.keep(key(*byte), *byte, *bytes));
        all
    }

    fn here(models: &LoadedModels<u8>) -> Vec<u8> {
        models.models.values().map(|loaded| loaded.form).collect()
    }

    #[test]
    fn a_small_model_takes_the_place_of_small_ones() {
        let mut models = loaded(100, &[(1, 70), (2, 10), (3, 10)]);
        models.keep(key(4), 4, 20);
        assert_eq!(here(&models), [1, 3, 4]);
        models.get(&key(3));
        models.keep(key(5), 5, 30);
        assert_eq!(here(&models), [1, 5], "the large one stays as long as others make room");
    }

    #[test]
    fn models_in_use_stay_and_work_that_has_no_room_beside_them_waits() {
        let mut models = loaded(100, &[(1, 40), (2, 40)]);
        models.begin(&key(1), 40, 20).unwrap();
        assert_eq!(here(&models), [1, 2]);
        models.begin(&key(1), 40, 30).unwrap();
        assert_eq!(here(&models), [1], "nobody uses the other one");
        assert_eq!(models.begin(&key(2), 40, 0), Err(Crowded { left: 10 }));
        assert_eq!(models.begin(&key(1), 40, 11), Err(Crowded { left: 50 }));
        models.end(&key(1), 30);
        models.begin(&key(2), 40, 0).unwrap();
        models.end(&key(2), 0);
        models.end(&key(1), 20);
        models.begin(&key(3), 100, 0).unwrap();
        assert!(here(&models).is_empty(), "room is made before it is loaded");
    }

    #[test]
    fn models_that_jobs_are_expected_for_go_last_and_are_loaded_where_they_fit() {
        let mut models = loaded(100, &[(1, 10), (2, 30)]);
        models.expect(vec![key(3), key(1), key(4)]);
        let bytes = |wanted: &Key| Some(if *wanted == key(3) { 90 } else { 20 });
        assert_eq!(models.missing(bytes), Some(key(4)), "the first has no room beside the others");
        models.keep(key(5), 5, 70);
        assert_eq!(here(&models), [1, 5]);
    }

    proptest! {
        /// Whatever comes and goes: what is counted never passes the bound, and who began has its model counted.
        #[test]
        fn the_bound_holds(steps in prop::collection::vec((0u8..4, 0u8..6, 0u64..60), 1..60)) {
            let mut models = LoadedModels::new(100);
            let mut going: Vec<(Key, u64)> = Vec::new();
            for (step, byte, work) in steps {
                let bytes = 7 + 11 * u64::from(byte);
                match step {
                    0 => {
                        if models.begin(&key(byte), bytes, work).is_ok() {
                            going.push((key(byte), work));
                        }
                    }
                    1 if !going.is_empty() => {
                        let (key, work) = going.remove(usize::from(byte) % going.len());
                        models.end(&key, work);
                    }
                    2 => drop(models.get(&key(byte))),
                    _ => {
                        // Whoever loads has begun.
                        if models.using.contains_key(&key(byte)) {
                            models.keep(key(byte), byte, bytes);
                        }
                    }
                }
                prop_assert!(models.taken() <= 100, "{}", models.taken());
                prop_assert_eq!(models.work, going.iter().map(|(_, work)| work).sum::<u64>());
                prop_assert!(going.iter().all(|(key, _)| models.using.contains_key(key)));
            }
        }
    }
}

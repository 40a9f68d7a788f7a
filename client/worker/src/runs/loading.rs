//! Models are loaded outside of the runs, one at a time, so that work on other models goes on meanwhile.

use crate::{
    engine::{execute::outcome::ExecuteError, threads},
    limits::LOG_TARGET,
    runs::runner::Runner,
};
use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, Instant},
};
use strike_inference::Control;
use strike_primitives::{api::Duty, artifact::ArtifactId, job::VerificationClass};
use tokio::sync::mpsc;

/// A model in the form of a class.
type Key = (ArtifactId, VerificationClass);

/// A load that ended.
pub(crate) struct Loaded {
    key: Key,
    result: Result<Duration, ExecuteError>,
}

struct Current {
    key: Key,
    control: Control,
}

/// What is being loaded. Dropping it cancels that.
pub(crate) struct Loading {
    current: Option<Current>,
    /// What could not be loaded. Its runs begin all the same: they fail, are tried again and say why.
    failed: BTreeSet<Key>,
    /// Whether the last load had no memory beside the runs.
    crowded: bool,
    ended: mpsc::UnboundedSender<Loaded>,
}

impl Drop for Loading {
    fn drop(&mut self) {
        if let Some(current) = &self.current {
            current.control.cancel();
        }
    }
}

impl Loading {
    /// Reports loads that end to `ended`.
    pub fn new(ended: mpsc::UnboundedSender<Loaded>) -> Self {
        Self { current: None, failed: BTreeSet::new(), crowded: false, ended }
    }

    /// Whether a run of the duty begins without loading anything.
    pub fn is_ready(&self, runner: &Runner, duty: &Duty) -> bool {
        let Some((executor, model, class)) = runner.needed(duty) else { return true };
        self.failed.contains(&(*model, class)) || executor.is_loaded(model, class)
    }

    /// Load what the first of the duties in `open` that waits for a model waits for, or what jobs are expected for. A load that
    /// nothing waits for any longer ends.
    pub fn tend(&mut self, runner: &Runner, open: &[&Duty]) {
        let needed = |duty: &&Duty| runner.needed(duty).map(|(_, model, class)| (*model, class));
        let all: BTreeSet<Key> = open.iter().filter_map(needed).collect();
        // What is expected and could not be loaded is tried again with its first job.
        let expected = runner.provide.expected();
        self.failed.retain(|key| all.contains(key) || expected.as_ref() == Some(key));
        let wanted = open.iter().find(|duty| !self.is_ready(runner, duty)).and_then(needed);
        match &self.current {
            Some(current) if all.contains(&current.key) => {}
            // What is only expected makes way.
            Some(current) if wanted.is_some() => current.control.cancel(),
            Some(_) => {}
            // A run's end is waited for.
            None if self.crowded => {}
            None => match wanted.or(expected) {
                Some(key) if !self.failed.contains(&key) => self.begin(runner, key),
                _ => {}
            },
        }
    }

    /// A run has ended; whether a load waits for the memory that it had.
    pub fn run_ended(&mut self) -> bool {
        std::mem::take(&mut self.crowded)
    }

    fn begin(&mut self, runner: &Runner, key: Key) {
        let control = Control::default();
        let (executor, thread_control, sender) = (runner.check.clone(), control.clone(), self.ended.clone());
        log::info!(target: LOG_TARGET, "Loading {}", named(&key));
        let spawned = thread::Builder::new().name("strike-load".into()).spawn(move || {
            threads::begin();
            let (model, class) = &key;
            let begun = Instant::now();
            let loaded = strike_guard::catch(|| executor.load(model, *class, &thread_control));
            let result = loaded.unwrap_or_else(|panicked| Err(ExecuteError::Engine(panicked.to_string())));
            // Nobody listens once the node stops.
            let _ = sender.send(Loaded { key, result: result.map(|()| begun.elapsed()) });
        });
        match spawned {
            Ok(_) => self.current = Some(Current { key, control }),
            Err(error) => {
                log::warn!(target: LOG_TARGET, "No thread could be started to load a model: {error}");
                self.failed.insert(key);
            }
        }
    }

    /// Take in a load that ended.
    pub fn finished(&mut self, loaded: Loaded) {
        let Loaded { key, result } = loaded;
        self.current = None;
        match result {
            Ok(took) => {
                log::info!(target: LOG_TARGET, "Loaded {} in {:.1} s", named(&key), took.as_secs_f64());
                self.failed.remove(&key);
            }
            Err(ExecuteError::Cancelled) => {
                log::debug!(target: LOG_TARGET, "Nothing waits for {} any longer", named(&key))
            }
            Err(error) if error.reason() == "no_room" => {
                self.crowded = true;
                log::debug!(target: LOG_TARGET, "{} has to wait: {error}", named(&key))
            }
            Err(error) => {
                log::warn!(target: LOG_TARGET, "{} cannot be loaded: {error}", named(&key));
                self.failed.insert(key);
            }
        }
    }
}

/// A model as log lines name it.
fn named((model, class): &Key) -> String {
    let class = match class {
        VerificationClass::Exact => "exact",
        VerificationClass::Statistical => "statistical",
    };
    format!("model {} of the {class} class", hex::encode(model.root))
}

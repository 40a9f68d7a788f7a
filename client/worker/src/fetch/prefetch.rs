//! The prefetch: brings to this node what its duties need of other nodes, each blob on a thread of its own.
//!
//! [`Inputs`] and [`Outputs`] say what to fetch and when. The prefetch asks them, does it, and says which duties can
//! start.

use crate::{
    duty::Named,
    fetch::{
        inputs::{self, InputId, Inputs},
        outputs::{self, OutputId, Outputs},
    },
    limits::LOG_TARGET,
};
use std::{sync::Arc, thread};
use strike_blobs::{BlobQuery, BlobSource, BlobStore};
use strike_primitives::{
    api::{CheckDuty, Duty},
    BlockNumber,
};
use tokio::sync::mpsc;

/// Where the prefetch gets blobs from, and where it puts them.
pub(crate) struct PrefetchSources {
    /// Where inputs that travel come from. What is read from it is then in `store`.
    pub inputs: Arc<dyn BlobSource>,
    /// Where the outputs of other nodes' providers come from, likewise.
    pub outputs: Arc<dyn BlobSource>,
    /// The blobs of this node.
    pub store: Arc<BlobStore>,
}

/// Names what was fetched.
#[derive(Clone, Debug)]
enum PrefetchId {
    Input(InputId),
    Output(OutputId),
}

/// A fetch that ended.
pub(crate) struct Prefetched {
    id: PrefetchId,
    found: bool,
}

/// See the module.
pub(crate) struct Prefetch {
    inputs: Inputs,
    outputs: Outputs,
    sources: PrefetchSources,
    ended: mpsc::UnboundedSender<Prefetched>,
}

impl Prefetch {
    /// Fetches up to so many inputs and outputs at once. Each fetch that ends is sent to `ended`.
    pub fn new(
        sources: PrefetchSources,
        inputs_at_once: usize,
        outputs_at_once: usize,
        ended: mpsc::UnboundedSender<Prefetched>,
    ) -> Self {
        Self { inputs: Inputs::new(inputs_at_once), outputs: Outputs::new(outputs_at_once), sources, ended }
    }

    /// Whether a duty can start at block `best`: what it needs is here, or it no longer waits for it.
    pub fn is_ready(&self, duty: &Duty, best: BlockNumber) -> bool {
        let has_input = !self.lacks_input(duty) || inputs::is_given_up(duty, best);
        let waits_for_output = |check| {
            let is_over = OutputId::of(check).is_none_or(|id| self.outputs.is_over(&id));
            !is_over && !outputs::is_given_up(check, best)
        };
        has_input && !self.lacks_output(duty).is_some_and(waits_for_output)
    }

    /// Start to fetch what these duties lack, those with the nearest deadline first.
    pub fn begin(&mut self, duties: &[&Duty], best: BlockNumber) {
        let lacking = duties.iter().copied().filter(|duty| self.lacks_input(duty) && !inputs::is_given_up(duty, best));
        let lacking: Vec<&Duty> = lacking.collect();
        for duty in self.inputs.observe(lacking, best) {
            self.fetch_input(duty);
        }
        let lacking = duties.iter().filter_map(|duty| self.lacks_output(duty));
        let lacking: Vec<&CheckDuty> = lacking.filter(|check| !outputs::is_given_up(check, best)).collect();
        for check in self.outputs.observe(lacking) {
            self.fetch_output(check);
        }
    }

    /// A fetch ended. Whether a duty may be ready now that was not before.
    pub fn finished(&mut self, prefetched: Prefetched, best: BlockNumber) -> bool {
        match prefetched.id {
            PrefetchId::Input(id) => {
                self.inputs.finished(&id, best);
                prefetched.found
            }
            // A check starts without its output too.
            PrefetchId::Output(id) => {
                self.outputs.finished(&id);
                true
            }
        }
    }

    /// How many inputs are not here.
    pub fn inputs_missing(&self) -> usize {
        self.inputs.missing()
    }

    /// How many outputs are being fetched.
    pub fn outputs_running(&self) -> usize {
        self.outputs.running()
    }

    fn lacks_input(&self, duty: &Duty) -> bool {
        inputs::blob_of(duty).is_some_and(|id| !inputs::is_here(&self.sources.store, &id))
    }

    /// The check that `duty` is, if it can replay an output that is not here.
    fn lacks_output<'a>(&self, duty: &'a Duty) -> Option<&'a CheckDuty> {
        let Duty::Check(check) = duty else { return None };
        let query = outputs::query_of(check)?;
        (!self.sources.store.contains(query.kind, &query.root)).then_some(check)
    }

    fn fetch_input(&self, duty: &Duty) {
        let (Some(id), Some(query)) = (inputs::blob_of(duty), inputs::query_of(duty)) else { return };
        let named = format!("the input of {}", Named(duty));
        self.fetch(self.sources.inputs.clone(), PrefetchId::Input(id), query, named, true);
    }

    fn fetch_output(&self, check: &CheckDuty) {
        let (Some(id), Some(query)) = (OutputId::of(check), outputs::query_of(check)) else { return };
        let named = format!("the output of job {}, attempt {}", check.binding.job, check.binding.attempt);
        self.fetch(self.sources.outputs.clone(), PrefetchId::Output(id), query, named, false);
    }

    /// `is_exact` where `query` says how long the blob is, not only how long it may be.
    fn fetch(&self, source: Arc<dyn BlobSource>, id: PrefetchId, query: BlobQuery, named: String, is_exact: bool) {
        log::debug!(target: LOG_TARGET, "Fetching {named}");
        let (ended, thread_id) = (self.ended.clone(), id.clone());
        let spawned = thread::Builder::new().name("strike-fetch".into()).spawn(move || {
            // A panic is a fetch that found nothing: it is tried again like another.
            let read = match strike_guard::catch(|| source.read(&query)) {
                Ok(read) => read.map_err(|error| error.to_string()),
                Err(panicked) => {
                    log::error!(target: LOG_TARGET, "The fetch of {named} failed; this is a bug of the node: {panicked}");
                    Err(panicked.to_string())
                }
            };
            let found = match read {
                Ok(bytes) if is_exact && bytes.len() as u64 != query.max_length => {
                    let length = bytes.len();
                    log::debug!(target: LOG_TARGET, "This cannot be {named}: what has its root has {length} bytes");
                    false
                }
                Ok(_) => {
                    log::info!(target: LOG_TARGET, "Fetched {named}");
                    true
                }
                Err(error) => {
                    log::debug!(target: LOG_TARGET, "Not here: {named}: {error}");
                    false
                }
            };
            // Nobody listens once the node stops.
            let _ = ended.send(Prefetched { id: thread_id, found });
        });
        if let Err(error) = spawned {
            log::warn!(target: LOG_TARGET, "No thread can be started to fetch what duties need: {error}");
            let _ = self.ended.send(Prefetched { id, found: false });
        }
    }
}

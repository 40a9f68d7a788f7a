//! Inputs that travel as blobs: which to fetch next, and when to give one up.
//!
//! A state machine without clocks or threads, like the schedule. A duty starts once its input is here. Two kinds of
//! duties can end without their input: jobs, and checks of a commitment that says that the input was unavailable. They
//! start without it after half of their time. The other half is for the run and for what follows.

use crate::limits::MAX_FETCH_PAUSE;
use std::collections::BTreeMap;
use strike_blobs::{BlobQuery, BlobStore};
use strike_primitives::{
    api::Duty,
    artifact::ArtifactKind,
    blob::{input_place, provider_place},
    commitment::{AttemptBinding, StopReason},
    job::{Input, WorkSpec},
    BlockNumber, H256,
};

/// An input that travels: root, and length in bytes. Two orders may name one root with different lengths; at most one
/// is true.
pub(crate) type InputId = (H256, u64);

/// The input of a duty, if it travels.
pub(crate) fn blob_of(duty: &Duty) -> Option<InputId> {
    match work(duty).input() {
        Input::Blob { root, length } => Some((*root, *length)),
        Input::Plain(_) | Input::Encrypted { .. } => None,
    }
}

fn work(duty: &Duty) -> &WorkSpec {
    match duty {
        Duty::Provide(duty) => &duty.work,
        Duty::Check(duty) => &duty.work,
    }
}

fn binding(duty: &Duty) -> &AttemptBinding {
    match duty {
        Duty::Provide(duty) => &duty.binding,
        Duty::Check(duty) => &duty.binding,
    }
}

/// Whether an input lies in the store, with the length that the order says.
pub(crate) fn is_here(store: &BlobStore, (root, length): &InputId) -> bool {
    store.length(ArtifactKind::File, root) == Some(*length)
}

/// Whether a duty that can end without its input waits no longer for it at block `best`.
pub(crate) fn is_given_up(duty: &Duty, best: BlockNumber) -> bool {
    let (since, deadline) = match duty {
        Duty::Provide(duty) => (duty.assigned_at, duty.deadline),
        Duty::Check(duty) if duty.commitment.v1().stop == StopReason::InputUnavailable => {
            (duty.committed_at, duty.deadline)
        }
        // Without the input nothing can be said of a result.
        Duty::Check(_) => return false,
    };
    best >= since.saturating_add(deadline.saturating_sub(since) / 2)
}

/// The query for the input of a duty, if it travels. It names the node that the input was left with. For checks it
/// names the provider's nodes too: they had the input if they ran the job.
pub(crate) fn query_of(duty: &Duty) -> Option<BlobQuery> {
    let (root, length) = blob_of(duty)?;
    let binding = binding(duty);
    let mut places = vec![input_place(&binding.genesis, &root)];
    if let Duty::Check(_) = duty {
        places.push(provider_place(&binding.genesis, &binding.provider));
    }
    Some(BlobQuery { kind: ArtifactKind::File, root, max_length: length, places })
}

/// The fetches of one input.
#[derive(Default)]
struct Fetch {
    running: bool,
    tries: u32,
    /// Not again before this block.
    not_before: BlockNumber,
}

/// The inputs that are not here.
pub(crate) struct Inputs {
    at_once: usize,
    fetches: BTreeMap<InputId, Fetch>,
}

impl Inputs {
    /// Fetches up to `at_once` inputs at once.
    pub fn new(at_once: usize) -> Self {
        Self { at_once, fetches: BTreeMap::new() }
    }

    /// Take in which duties lack their input, those with the nearest deadline first. Returns those of them whose input
    /// is to be fetched now: each has to be reported to [`Self::finished`]. The least-tried inputs go first, so that
    /// many that nobody has do not keep others from being fetched.
    pub fn observe<'a>(&mut self, lacking: impl IntoIterator<Item = &'a Duty>, best: BlockNumber) -> Vec<&'a Duty> {
        let mut lacking_inputs: BTreeMap<InputId, (usize, &Duty)> = BTreeMap::new();
        for (place, duty) in lacking.into_iter().enumerate() {
            if let Some(id) = blob_of(duty) {
                lacking_inputs.entry(id).or_insert((place, duty));
            }
        }
        self.fetches.retain(|id, fetch| fetch.running || lacking_inputs.contains_key(id));
        let running = self.fetches.values().filter(|fetch| fetch.running).count();
        let mut waiting: Vec<(u32, usize, InputId, &'a Duty)> = Vec::new();
        for (id, (place, duty)) in lacking_inputs {
            let fetch = self.fetches.entry(id).or_default();
            if !fetch.running && fetch.not_before <= best {
                waiting.push((fetch.tries, place, id, duty));
            }
        }
        waiting.sort_by_key(|(tries, place, ..)| (*tries, *place));
        waiting.truncate(self.at_once.saturating_sub(running));
        for (.., id, _) in &waiting {
            self.fetches.entry(*id).or_default().running = true;
        }
        waiting.into_iter().map(|(.., duty)| duty).collect()
    }

    /// The fetch of an input ended, whether it was found or not.
    pub fn finished(&mut self, id: &InputId, best: BlockNumber) {
        if let Some(fetch) = self.fetches.get_mut(id) {
            fetch.running = false;
            let pause = 1u32.checked_shl(fetch.tries).map_or(MAX_FETCH_PAUSE, |pause| pause.min(MAX_FETCH_PAUSE));
            fetch.tries = fetch.tries.saturating_add(1);
            fetch.not_before = best.saturating_add(pause);
        }
    }

    /// How many inputs are not here.
    pub fn missing(&self) -> usize {
        self.fetches.len()
    }
}

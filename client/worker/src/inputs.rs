//! Inputs that travel as blobs: fetched beside the runs and before them, so that one that nobody has holds up no other work.
//!
//! A state machine without clocks or threads, like the schedule. A duty is started once its input is here. Where it may end
//! without its input (a job, or the check of a commitment that says that the input could not be had), it is started without it
//! after half of the time for it: the other half is for the run, and for what follows.

use std::collections::BTreeMap;
use strike_blobs::{BlobStore, Wanted};
use strike_primitives::{
    api::Duty,
    artifact::ArtifactKind,
    blob::{input_place, provider_place},
    commitment::{AttemptBinding, StopReason},
    job::{Input, WorkSpec},
    BlockNumber, H256,
};

/// Longest pause between two looks for the same input, in blocks.
const MAX_PAUSE: BlockNumber = 4;

/// An input that travels: root and length. Two orders may name one root with different lengths, of which one at most is true.
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

/// Whether the time is over in which the input of a duty is waited for, if the duty can end without it.
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

/// What has to be looked for, for a duty whose input travels: at the node that it was left with, and at the nodes of the
/// provider, which had it if it ran the job.
pub(crate) fn wanted(duty: &Duty) -> Option<Wanted> {
    let (root, length) = blob_of(duty)?;
    let binding = binding(duty);
    let mut places = vec![input_place(&binding.genesis, &root)];
    if let Duty::Check(_) = duty {
        places.push(provider_place(&binding.genesis, &binding.provider));
    }
    Some(Wanted { kind: ArtifactKind::File, root, max_length: length, places })
}

/// The look for an input.
#[derive(Default)]
struct Search {
    running: bool,
    tries: u32,
    /// Not again before this block.
    not_before: BlockNumber,
}

/// What is looked for.
pub(crate) struct Inputs {
    at_once: usize,
    searches: BTreeMap<InputId, Search>,
}

impl Inputs {
    /// Looks for up to `at_once` inputs at once.
    pub fn new(at_once: usize) -> Self {
        Self { at_once, searches: BTreeMap::new() }
    }

    /// Take in which duties lack their input, those with the nearest deadline first. Returns those of them whose input is to be
    /// looked for now: each has to be reported to [`Self::finished`]. Inputs that were looked for least go first, so that many
    /// that nobody has do not keep others from being found.
    pub fn observe<'a>(&mut self, lacking: impl IntoIterator<Item = &'a Duty>, best: BlockNumber) -> Vec<&'a Duty> {
        let mut lacking_inputs: BTreeMap<InputId, (usize, &Duty)> = BTreeMap::new();
        for (place, duty) in lacking.into_iter().enumerate() {
            if let Some(id) = blob_of(duty) {
                lacking_inputs.entry(id).or_insert((place, duty));
            }
        }
        self.searches.retain(|id, search| search.running || lacking_inputs.contains_key(id));
        let running = self.searches.values().filter(|search| search.running).count();
        let mut waiting: Vec<(u32, usize, InputId, &'a Duty)> = Vec::new();
        for (id, (place, duty)) in lacking_inputs {
            let search = self.searches.entry(id).or_default();
            if !search.running && search.not_before <= best {
                waiting.push((search.tries, place, id, duty));
            }
        }
        waiting.sort_by_key(|(tries, place, ..)| (*tries, *place));
        waiting.truncate(self.at_once.saturating_sub(running));
        for (.., id, _) in &waiting {
            self.searches.entry(*id).or_default().running = true;
        }
        waiting.into_iter().map(|(.., duty)| duty).collect()
    }

    /// A look for an input ended, whether it was found or not.
    pub fn finished(&mut self, id: &InputId, best: BlockNumber) {
        if let Some(search) = self.searches.get_mut(id) {
            search.running = false;
            let pause = 1u32.checked_shl(search.tries).map_or(MAX_PAUSE, |pause| pause.min(MAX_PAUSE));
            search.tries = search.tries.saturating_add(1);
            search.not_before = best.saturating_add(pause);
        }
    }

    /// Inputs that are not here.
    pub fn missing(&self) -> usize {
        self.searches.len()
    }
}

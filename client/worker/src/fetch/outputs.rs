//! Outputs that checks replay: which to fetch next, and when to do without one.
//!
//! A state machine without clocks or threads, like that of the inputs. Each output is fetched once. Its check starts as
//! soon as one of these holds:
//!
//! - the output is here;
//! - its fetch is over;
//! - a quarter of the check's time is over.
//!
//! Without the output the check runs the work itself. The outputs of one provider take up at most half of the fetches.
//! The outputs of a provider that withholds others come last. So a provider that withholds costs others no time.

use std::collections::{BTreeMap, BTreeSet};
use strike_blobs::BlobQuery;
use strike_primitives::{
    api::CheckDuty, artifact::ArtifactKind, blob::provider_place, job::VerificationClass, AccountId, BlockNumber, H256,
};

/// An output as a provider claims it. Of two claims to one root, one may allow for more bytes than the other.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct OutputId {
    root: H256,
    max_length: u64,
    provider: AccountId,
}

impl OutputId {
    /// The output of a check that can replay one.
    pub fn of(duty: &CheckDuty) -> Option<Self> {
        let BlobQuery { root, max_length, .. } = query_of(duty)?;
        Some(Self { root, max_length, provider: duty.binding.provider.clone() })
    }
}

/// The query for the output of a check that can replay one. It names the nodes of the provider.
pub(crate) fn query_of(duty: &CheckDuty) -> Option<BlobQuery> {
    let claim = duty.commitment.v1();
    // A single token is a single pass either way.
    let tokens = claim.n_out.min(duty.work.max_output_tokens());
    if duty.class != VerificationClass::Exact || tokens < 2 {
        return None;
    }
    Some(BlobQuery {
        kind: ArtifactKind::Output,
        root: claim.out_root,
        max_length: u64::from(tokens).saturating_mul(4),
        places: vec![provider_place(&duty.binding.genesis, &duty.binding.provider)],
    })
}

/// Whether a check waits no longer for its output at block `best`.
pub(crate) fn is_given_up(duty: &CheckDuty, best: BlockNumber) -> bool {
    let time = duty.deadline.saturating_sub(duty.committed_at);
    best >= duty.committed_at.saturating_add(time / 4)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fetch {
    Running,
    Over,
}

/// The outputs that are being fetched, and those whose fetch is over.
pub(crate) struct Outputs {
    at_once: usize,
    fetches: BTreeMap<OutputId, Fetch>,
}

impl Outputs {
    /// Fetches up to `at_once` outputs at once.
    pub fn new(at_once: usize) -> Self {
        Self { at_once: at_once.max(1), fetches: BTreeMap::new() }
    }

    /// Take in which checks lack their output, those with the nearest deadline first. Returns those of them whose
    /// output is to be fetched now: each has to be reported to [`Self::finished`].
    pub fn observe<'a>(&mut self, lacking: impl IntoIterator<Item = &'a CheckDuty>) -> Vec<&'a CheckDuty> {
        let mut lacking_outputs: Vec<(OutputId, &CheckDuty)> = Vec::new();
        let mut known = BTreeSet::new();
        for duty in lacking {
            if let Some(id) = OutputId::of(duty) {
                if known.insert(id.clone()) {
                    lacking_outputs.push((id, duty));
                }
            }
        }
        self.fetches.retain(|id, fetch| *fetch == Fetch::Running || known.contains(id));
        lacking_outputs.retain(|(id, _)| !self.fetches.contains_key(id));

        // Of each provider: the fetches that go on, and all of them.
        let mut of_provider: BTreeMap<AccountId, (usize, usize)> = BTreeMap::new();
        for (id, fetch) in &self.fetches {
            let (running, all) = of_provider.entry(id.provider.clone()).or_default();
            *running = running.saturating_add(usize::from(*fetch == Fetch::Running));
            *all = all.saturating_add(1);
        }
        let most = self.at_once.div_ceil(2);
        let mut free = self.at_once.saturating_sub(self.running());
        let mut chosen = Vec::new();
        while free > 0 {
            let count = |id: &OutputId| of_provider.get(&id.provider).copied().unwrap_or_default();
            let next = lacking_outputs
                .iter()
                .enumerate()
                .filter(|(_, (id, _))| count(id).0 < most)
                .min_by_key(|(place, (id, _))| (count(id).1, *place))
                .map(|(place, _)| place);
            let Some(next) = next else { break };
            let (id, duty) = lacking_outputs.remove(next);
            let (running, all) = of_provider.entry(id.provider.clone()).or_default();
            (*running, *all) = (running.saturating_add(1), all.saturating_add(1));
            self.fetches.insert(id, Fetch::Running);
            chosen.push(duty);
            free = free.saturating_sub(1);
        }
        chosen
    }

    /// The fetch of an output ended, whether it was found or not.
    pub fn finished(&mut self, id: &OutputId) {
        if let Some(fetch) = self.fetches.get_mut(id) {
            *fetch = Fetch::Over;
        }
    }

    /// Whether the fetch of an output is over.
    pub fn is_over(&self, id: &OutputId) -> bool {
        self.fetches.get(id) == Some(&Fetch::Over)
    }

    /// How many outputs are being fetched.
    pub fn running(&self) -> usize {
        self.fetches.values().filter(|fetch| **fetch == Fetch::Running).count()
    }
}

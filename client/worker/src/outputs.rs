//! Outputs that checks replay: fetched beside the runs and before them, so that one that its provider withholds idles no run.
//!
//! A state machine without clocks or threads, like that of the inputs. Every output is looked for once. Its check is started when it is
//! here, when the look for it is over, or when a quarter of the check's time is: without the output the check runs the work itself.
//! The outputs of one provider take up at most half of the looks, and those of a provider that withholds others come last, so that who
//! withholds costs others no time.

use std::collections::{BTreeMap, BTreeSet};
use strike_blobs::Wanted;
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
        let Wanted { root, max_length, .. } = wanted(duty)?;
        Some(Self { root, max_length, provider: duty.binding.provider.clone() })
    }
}

/// What has to be looked for, for a check that can replay its output: at the nodes of its provider.
pub(crate) fn wanted(duty: &CheckDuty) -> Option<Wanted> {
    let claim = duty.commitment.v1();
    // A single token is a single pass either way.
    let tokens = claim.n_out.min(duty.work.max_output_tokens());
    if duty.class != VerificationClass::Exact || tokens < 2 {
        return None;
    }
    Some(Wanted {
        kind: ArtifactKind::Output,
        root: claim.out_root,
        max_length: u64::from(tokens).saturating_mul(4),
        places: vec![provider_place(&duty.binding.genesis, &duty.binding.provider)],
    })
}

/// Whether the time is over in which a check waits for its output.
pub(crate) fn is_given_up(duty: &CheckDuty, best: BlockNumber) -> bool {
    let time = duty.deadline.saturating_sub(duty.committed_at);
    best >= duty.committed_at.saturating_add(time / 4)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Running,
    Over,
}

/// What is looked for, and what was not found.
pub(crate) struct Outputs {
    at_once: usize,
    looks: BTreeMap<OutputId, Look>,
}

impl Outputs {
    /// Looks for up to `at_once` outputs at once.
    pub fn new(at_once: usize) -> Self {
        Self { at_once: at_once.max(1), looks: BTreeMap::new() }
    }

    /// Take in which checks lack their output, those with the nearest deadline first. Returns those of them whose output is to be looked
    /// for now: each has to be reported to [`Self::finished`].
    pub fn observe<'a>(&mut self, lacking: impl IntoIterator<Item = &'a CheckDuty>) -> Vec<&'a CheckDuty> {
        let mut wanted: Vec<(OutputId, &CheckDuty)> = Vec::new();
        let mut known = BTreeSet::new();
        for duty in lacking {
            if let Some(id) = OutputId::of(duty) {
                if known.insert(id.clone()) {
                    wanted.push((id, duty));
                }
            }
        }
        self.looks.retain(|id, look| *look == Look::Running || known.contains(id));
        wanted.retain(|(id, _)| !self.looks.contains_key(id));

        // Of each provider: looks that go on, and with those that found nothing.
        let mut of_provider: BTreeMap<AccountId, (usize, usize)> = BTreeMap::new();
        for (id, look) in &self.looks {
            let (running, all) = of_provider.entry(id.provider.clone()).or_default();
            *running = running.saturating_add(usize::from(*look == Look::Running));
            *all = all.saturating_add(1);
        }
        let most = self.at_once.div_ceil(2);
        let mut free = self.at_once.saturating_sub(self.running());
        let mut chosen = Vec::new();
        while free > 0 {
            let count = |id: &OutputId| of_provider.get(&id.provider).copied().unwrap_or_default();
            let next = wanted
                .iter()
                .enumerate()
                .filter(|(_, (id, _))| count(id).0 < most)
                .min_by_key(|(place, (id, _))| (count(id).1, *place))
                .map(|(place, _)| place);
            let Some(next) = next else { break };
            let (id, duty) = wanted.remove(next);
            let (running, all) = of_provider.entry(id.provider.clone()).or_default();
            (*running, *all) = (running.saturating_add(1), all.saturating_add(1));
            self.looks.insert(id, Look::Running);
            chosen.push(duty);
            free = free.saturating_sub(1);
        }
        chosen
    }

    /// A look for an output ended, whether it was found or not.
    pub fn finished(&mut self, id: &OutputId) {
        if let Some(look) = self.looks.get_mut(id) {
            *look = Look::Over;
        }
    }

    /// Whether the look for an output is over.
    pub fn is_over(&self, id: &OutputId) -> bool {
        self.looks.get(id) == Some(&Look::Over)
    }

    /// Outputs that are being looked for.
    pub fn running(&self) -> usize {
        self.looks.values().filter(|look| **look == Look::Running).count()
    }
}

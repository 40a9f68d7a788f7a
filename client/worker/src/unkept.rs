//! Results of jobs whose output could not be written: kept in memory, so that only the writing is tried again.

use crate::execute::Outcome;
use parking_lot::Mutex;
use std::collections::VecDeque;
use strike_primitives::{
    commitment::{AttemptBinding, StopReason},
    H256,
};

/// Most bytes of outputs kept.
const MAX_BYTES: usize = 64 << 20;
/// Most results kept.
const MAX_RESULTS: usize = 1_024;

/// What a provider commits to, with the output itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Finished {
    pub output: Vec<u8>,
    pub trace_root: Option<H256>,
    pub n_in: u32,
    pub n_out: u32,
    pub stop: StopReason,
}

impl From<Outcome> for Finished {
    fn from(outcome: Outcome) -> Self {
        let trace_root = outcome.trace_root();
        let Outcome { output, n_in, n_out, stop, .. } = outcome;
        Self { output, trace_root, n_in, n_out, stop }
    }
}

/// See the module. Within bounds: the oldest results go first.
#[derive(Default)]
pub(crate) struct Unkept(Mutex<VecDeque<(AttemptBinding, Finished)>>);

impl Unkept {
    /// Keep the result of an attempt; its binding names the work, the model and the seed, and with them the result.
    pub fn keep(&self, binding: &AttemptBinding, finished: Finished) {
        let mut results = self.0.lock();
        results.retain(|(other, _)| other != binding);
        results.push_back((binding.clone(), finished));
        let bytes = |results: &VecDeque<(AttemptBinding, Finished)>| {
            results.iter().map(|(_, finished)| finished.output.len()).fold(0usize, usize::saturating_add)
        };
        while results.len() > MAX_RESULTS || bytes(&results) > MAX_BYTES {
            results.pop_front();
        }
    }

    /// Take out the result of an attempt.
    pub fn take(&self, binding: &AttemptBinding) -> Option<Finished> {
        let mut results = self.0.lock();
        let index = results.iter().position(|(other, _)| other == binding)?;
        results.remove(index).map(|(_, finished)| finished)
    }

    /// Drop the results that nobody owes any longer.
    pub fn retain(&self, is_owed: impl Fn(&AttemptBinding) -> bool) {
        self.0.lock().retain(|(binding, _)| is_owed(binding));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::support::{binding, outcome, work};

    #[test]
    fn results_are_kept_within_bounds_and_given_out_once() {
        let unkept = Unkept::default();
        let attempt = |job| binding(job, &work("once"));
        let of = |bytes: usize| Finished { output: vec![0; bytes], ..outcome().into() };
        unkept.keep(&attempt(1), of(8));
        unkept.keep(&attempt(1), of(12));
        assert_eq!(unkept.take(&attempt(1)), Some(of(12)));
        assert_eq!(unkept.take(&attempt(1)), None);

        unkept.keep(&attempt(2), of(MAX_BYTES / 2));
        unkept.keep(&attempt(3), of(MAX_BYTES / 2));
        unkept.keep(&attempt(4), of(1));
        assert_eq!(unkept.take(&attempt(2)), None, "the oldest had to go");
        assert!(unkept.take(&attempt(3)).is_some());
        unkept.retain(|binding| binding.job != 4);
        assert_eq!(unkept.take(&attempt(4)), None);
        for job in 0..2 * MAX_RESULTS as u64 {
            unkept.keep(&attempt(job), of(0));
        }
        assert_eq!(unkept.0.lock().len(), MAX_RESULTS);
    }
}

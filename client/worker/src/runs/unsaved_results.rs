//! Results of jobs whose output could not be written: kept in memory, so that only the writing is tried again.

use crate::limits::{MAX_UNSAVED_BYTES, MAX_UNSAVED_RESULTS};
use parking_lot::Mutex;
use std::collections::VecDeque;
use strike_primitives::commitment::{AttemptBinding, CommitmentV1};

/// A result whose output is not on disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct UnsavedResult {
    /// What the provider commits to.
    pub commitment: CommitmentV1,
    /// The output that it names.
    pub output: Vec<u8>,
}

/// See the module. Within bounds: the oldest results go first.
#[derive(Default)]
pub(crate) struct UnsavedResults(Mutex<VecDeque<(AttemptBinding, UnsavedResult)>>);

impl UnsavedResults {
    /// Keep the result of an attempt. Its binding names the work, the model and the seed, and with them the result.
    pub fn keep(&self, binding: &AttemptBinding, result: UnsavedResult) {
        let mut results = self.0.lock();
        results.retain(|(other, _)| other != binding);
        results.push_back((binding.clone(), result));
        let bytes = |results: &VecDeque<(AttemptBinding, UnsavedResult)>| {
            results.iter().map(|(_, result)| result.output.len()).fold(0usize, usize::saturating_add)
        };
        while results.len() > MAX_UNSAVED_RESULTS || bytes(&results) > MAX_UNSAVED_BYTES {
            results.pop_front();
        }
    }

    /// Take out the result of an attempt.
    pub fn take(&self, binding: &AttemptBinding) -> Option<UnsavedResult> {
        let mut results = self.0.lock();
        let index = results.iter().position(|(other, _)| other == binding)?;
        results.remove(index).map(|(_, result)| result)
    }

    /// Drop the results that nobody owes any longer.
    pub fn retain(&self, is_owed: impl Fn(&AttemptBinding) -> bool) {
        self.0.lock().retain(|(binding, _)| is_owed(binding));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::support::{binding, commitment, outcome, work};

    #[test]
    fn results_are_kept_within_bounds_and_given_out_once() {
        let unsaved = UnsavedResults::default();
        let attempt = |job| binding(job, &work("once"));
        let claim = commitment(&attempt(1), &outcome());
        let of = |bytes: usize| UnsavedResult { commitment: claim.clone(), output: vec![0; bytes] };
        unsaved.keep(&attempt(1), of(8));
        unsaved.keep(&attempt(1), of(12));
        assert_eq!(unsaved.take(&attempt(1)), Some(of(12)));
        assert_eq!(unsaved.take(&attempt(1)), None);

        unsaved.keep(&attempt(2), of(MAX_UNSAVED_BYTES / 2));
        unsaved.keep(&attempt(3), of(MAX_UNSAVED_BYTES / 2));
        unsaved.keep(&attempt(4), of(1));
        assert_eq!(unsaved.take(&attempt(2)), None, "the oldest had to go");
        assert!(unsaved.take(&attempt(3)).is_some());
        unsaved.retain(|binding| binding.job != 4);
        assert_eq!(unsaved.take(&attempt(4)), None);
        for job in 0..2 * MAX_UNSAVED_RESULTS as u64 {
            unsaved.keep(&attempt(job), of(0));
        }
        assert_eq!(unsaved.0.lock().len(), MAX_UNSAVED_RESULTS);
    }
}

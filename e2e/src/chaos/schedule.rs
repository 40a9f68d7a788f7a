//! What is done to whom, for how long: decided by a seed alone.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use std::time::Duration;
use strike_localnet::VALIDATORS;

/// A node that is disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The provider.
    Provider,
    /// One of the validators, by its place among [`VALIDATORS`].
    Validator(usize),
    /// The node that takes the orders.
    Rpc,
}

/// What is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// `kill -9`, and started again after the outage.
    Kill,
    /// `SIGSTOP`, and `SIGCONT` after the outage.
    Pause,
}

/// One disturbance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disturbance {
    /// Who.
    pub target: Target,
    /// What.
    pub action: Action,
    /// For how long.
    pub outage: Duration,
    /// Time until the next one may begin.
    pub gap: Duration,
}

/// Shorter than anything a job waits for, in milliseconds.
const OUTAGE: std::ops::Range<u32> = 300..5_000;
/// Between two disturbances, in milliseconds.
const GAP: std::ops::Range<u32> = 100..2_000;
/// Longer than the short deadline of the chaos test's jobs.
pub const LONG_OUTAGE: Duration = Duration::from_secs(105);
/// One in so many of the provider's outages is a long one …
const LONG_ONE_IN: u32 = 20;
/// … in schedules that have at least so many disturbances.
const LONG_FROM: usize = 60;

/// A schedule of `count` disturbances.
pub fn schedule(seed: u64, count: usize) -> Vec<Disturbance> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut below = |bound: u32| random.next_u32() % bound;
    (0..count)
        .map(|_| {
            let mut within = |range: &std::ops::Range<u32>| {
                Duration::from_millis((range.start + below(range.end - range.start)).into())
            };
            let (mut outage, gap) = (within(&OUTAGE), within(&GAP));
            let target = match below(3) {
                0 => Target::Provider,
                1 => Target::Validator(below(VALIDATORS.len() as u32) as usize),
                _ => Target::Rpc,
            };
            let action = if below(2) == 0 { Action::Kill } else { Action::Pause };
            if target == Target::Provider && below(LONG_ONE_IN) == 0 && count >= LONG_FROM {
                outage = LONG_OUTAGE;
            }
            Disturbance { target, action, outage, gap }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_decides_everything() {
        assert_eq!(schedule(1, 100), schedule(1, 100));
        assert_ne!(schedule(1, 100), schedule(2, 100));
    }

    #[test]
    fn everybody_meets_everything() {
        let all = schedule(1, 300);
        let met: BTreeSet<(Target, Action)> = all.iter().map(|one| (one.target, one.action)).collect();
        assert_eq!(met.len(), (2 + VALIDATORS.len()) * 2);
        let long = all.iter().filter(|one| one.outage == LONG_OUTAGE);
        assert!(long.clone().count() > 0);
        assert!(
            long.clone().all(|one| one.target == Target::Provider),
            "a validator that is away for long is another test"
        );
    }

    #[test]
    fn short_schedules_have_no_long_outages() {
        assert!((0..50).all(|seed| schedule(seed, 20).iter().all(|one| one.outage < LONG_OUTAGE)));
    }
}

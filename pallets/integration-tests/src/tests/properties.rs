//! Random sequences of everything that accounts can do, with the invariants after each step.

use crate::{actions::*, invariants, runtime::*, world::*};
use frame_support::weights::Weight;
use pallet_market::{JobState, Jobs};
use pallet_verification::{types::Phase, OpenAudits};
use proptest::prelude::*;
use sp_core::Pair;
use sp_runtime::{traits::Dispatchable, Perbill};
use std::collections::BTreeMap;
use strike_primitives::{
    app::AppPair,
    artifact::ArtifactId,
    eligibility::eligible,
    job::{JobOrder, JobOrderV1},
    traits::ProviderRegistry,
    verdict::{InvalidReason, Verdict},
    AccountId, Attempt, Balance, JobId, TOKEN,
};

/// What a provider commits to.
#[derive(Clone, Copy, Debug)]
enum Delivery {
    True,
    False,
    /// Made for something else than the job.
    Unbound,
    /// Signed by somebody else.
    Forged,
}

/// What a validator seals.
#[derive(Clone, Copy, Debug)]
enum Vote {
    Honest,
    /// The contrary.
    False,
    /// Valid with a count of its own.
    Miscounted,
    Withheld,
    /// Nothing.
    Absent,
}

/// One thing that somebody does. `pick` chooses among the jobs at the right stage.
#[derive(Clone, Debug)]
enum Step {
    PlaceAsk {
        who: u8,
        free: bool,
        price: Balance,
        capacity: u32,
        max_units: u64,
        throughput: u32,
    },
    WithdrawAsk {
        who: u8,
        free: bool,
    },
    Register {
        who: u8,
        bond: Balance,
        links: u8,
    },
    BondExtra {
        who: u8,
        amount: Balance,
    },
    Leave {
        who: u8,
    },
    Rejoin {
        who: u8,
    },
    Withdraw {
        who: u8,
    },
    Link {
        who: u8,
        links: u8,
    },
    Rekey {
        who: u8,
        seed: u8,
    },
    Submit {
        who: u8,
        free: bool,
        max_price: Balance,
        deadline: u32,
    },
    Cancel {
        who: u8,
        pick: usize,
    },
    Commit {
        pick: usize,
        delivery: Delivery,
    },
    Seal {
        pick: usize,
        votes: [Vote; 4],
    },
    Reveal {
        pick: usize,
        votes: [bool; 4],
    },
    Settle {
        pick: usize,
    },
    Claim {
        who: u8,
    },
    LowerRoyalty {
        percent: u32,
    },
    Offer {
        to: u8,
    },
    Accept {
        who: u8,
    },
    /// All or half of what is free, to somebody.
    Send {
        from: u8,
        to: u8,
        all: bool,
    },
    Session {
        members: u8,
    },
    Blocks {
        count: u32,
        weight: Option<u64>,
    },
}

fn vote() -> impl Strategy<Value = Vote> {
    prop_oneof![
        20 => Just(Vote::Honest),
        2 => Just(Vote::False),
        1 => Just(Vote::Miscounted),
        1 => Just(Vote::Withheld),
        2 => Just(Vote::Absent),
    ]
}

/// Of an ask: too little for the orders of some deadlines, or enough for all.
pub(super) fn throughput() -> impl Strategy<Value = u32> {
    prop_oneof![1 => 0u32..60, 2 => Just(THROUGHPUT)]
}

fn step() -> impl Strategy<Value = Step> {
    // Who may become a provider, and anybody.
    let (provider, anybody) = (0u8..4, 0u8..12);
    let delivery = prop_oneof![
        6 => Just(Delivery::True),
        3 => Just(Delivery::False),
        1 => Just(Delivery::Unbound),
        1 => Just(Delivery::Forged),
    ];
    let price = prop_oneof![
        MIN_PRICE..10 * MIN_PRICE,
        Just(EVES_PRICE),
        // One job takes most of a least bond.
        600 * TOKEN..1_200 * TOKEN,
    ];
    let max_price = prop_oneof![1 => MIN_PRICE..MAX_PRICE, 2 => Just(MAX_PRICE), 2 => Just(130 * TOKEN)];
    let weight = prop_oneof![6 => Just(None), 1 => Just(Some(0)), 1 => (1u64..60_000_000_000).prop_map(Some)];
    prop_oneof![
        3 => (provider.clone(), any::<bool>(), price, 1u32..4, (prop_oneof![Just(99u64), 100u64..2_000], throughput()))
            .prop_map(|(who, free, price, capacity, (max_units, throughput))| Step::PlaceAsk { who, free, price, capacity, max_units, throughput }),
        1 => (provider.clone(), any::<bool>()).prop_map(|(who, free)| Step::WithdrawAsk { who, free }),
        2 => (provider.clone(), MIN_BOND..3 * MIN_BOND, any::<u8>())
            .prop_map(|(who, bond, links)| Step::Register { who, bond, links }),
        2 => (provider.clone(), 1..20 * TOKEN).prop_map(|(who, amount)| Step::BondExtra { who, amount }),
        1 => provider.clone().prop_map(|who| Step::Leave { who }),
        1 => provider.clone().prop_map(|who| Step::Rejoin { who }),
        1 => provider.clone().prop_map(|who| Step::Withdraw { who }),
        1 => (provider.clone(), any::<u8>()).prop_map(|(who, links)| Step::Link { who, links }),
        1 => (provider, 90u8..93).prop_map(|(who, seed)| Step::Rekey { who, seed }),
        8 => (anybody.clone(), prop::bool::weighted(0.1), max_price, MIN_DEADLINE..MAX_DEADLINE / 2)
            .prop_map(|(who, free, max_price, deadline)| Step::Submit { who, free, max_price, deadline }),
        1 => (anybody.clone(), any::<usize>()).prop_map(|(who, pick)| Step::Cancel { who, pick }),
        10 => (any::<usize>(), delivery).prop_map(|(pick, delivery)| Step::Commit { pick, delivery }),
        9 => (any::<usize>(), prop::array::uniform4(vote())).prop_map(|(pick, votes)| Step::Seal { pick, votes }),
        9 => (any::<usize>(), prop::array::uniform4(prop::bool::weighted(0.95)))
            .prop_map(|(pick, votes)| Step::Reveal { pick, votes }),
        2 => any::<usize>().prop_map(|pick| Step::Settle { pick }),
        1 => anybody.clone().prop_map(|who| Step::Claim { who }),
        1 => (0u32..8).prop_map(|percent| Step::LowerRoyalty { percent }),
        1 => anybody.clone().prop_map(|to| Step::Offer { to }),
        1 => anybody.clone().prop_map(|who| Step::Accept { who }),
        1 => (anybody.clone(), anybody, prop::bool::weighted(0.2)).prop_map(|(from, to, all)| Step::Send { from, to, all }),
        1 => prop_oneof![1u8..16, Just(15)].prop_map(|members| Step::Session { members }),
        8 => (1u32..4, weight).prop_map(|(count, weight)| Step::Blocks { count, weight }),
    ]
}

/// The four who may be providers.
pub(super) fn provider(index: u8) -> Actor {
    match index {
        0 => eve(),
        1 => ferdie(),
        2 => grace(),
        _ => validator(3),
    }
}

pub(super) fn anybody(index: u8) -> Actor {
    let all = everybody();
    all[usize::from(index) % all.len()].clone()
}

/// Validators and requesters, as the bits say.
pub(super) fn links(bits: u8) -> Vec<AccountId> {
    let mut candidates = validators();
    candidates.extend([rita(), sam()]);
    // Most providers are linked to few.
    let bits = if bits < 128 { bits & 0b01_0001 } else { bits };
    candidates.into_iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, it)| it.account).collect()
}

/// One of the jobs at a stage, if there is one.
pub(super) fn picked(pick: usize, wanted: impl Fn(&JobState) -> bool) -> Option<JobId> {
    picked_of(pick, wanted, |_| true)
}

/// One of the jobs at a stage, mostly one that is ready for its next step, if any is.
pub(super) fn picked_of(
    pick: usize,
    wanted: impl Fn(&JobState) -> bool,
    ready: impl Fn(JobId) -> bool,
) -> Option<JobId> {
    let mut jobs: Vec<_> = Jobs::<Test>::iter().filter(|(_, job)| wanted(&job.state)).map(|(id, _)| id).collect();
    jobs.sort_unstable();
    if !pick.is_multiple_of(8) && jobs.iter().any(|job| ready(*job)) {
        jobs.retain(|job| ready(*job));
    }
    (!jobs.is_empty()).then(|| jobs[pick / 8 % jobs.len()])
}

pub(super) fn takes_seals(job: JobId) -> bool {
    let sealing = |phase: &Phase| matches!(phase, Phase::Sealing { .. });
    OpenAudits::<Test>::get(job).is_some_and(|audit| sealing(&audit.phase) && now() > audit.beacon_block())
}

pub(super) fn takes_reveals(job: JobId) -> bool {
    OpenAudits::<Test>::get(job).is_some_and(|audit| matches!(audit.phase, Phase::Revealing { .. }))
}

/// The pair whose key the job's provider has registered.
fn signer_of(job: JobId) -> Option<AppPair> {
    let record = pallet_providers::Providers::<Test>::get(assigned_to(job)?)?;
    let own = everybody().into_iter().map(|actor| actor.pair);
    own.chain((90..93).map(pair)).find(|pair| pair.public() == record.app_key)
}

/// Runs steps; remembers what was sealed, as a validator does.
#[derive(Default)]
struct Runner {
    sealed: BTreeMap<(JobId, Attempt, usize), Verdict>,
}

impl Runner {
    /// Do it. Whatever is not possible now is refused and changes nothing: the invariants are checked either way.
    fn run(&mut self, step: Step) {
        let model = |free: bool| -> ArtifactId {
            if free {
                FREE_MODEL
            } else {
                MODEL
            }
        };
        let committed = |state: &JobState| matches!(state, JobState::Committed { .. });
        match step {
            Step::PlaceAsk { who, free, price, capacity, max_units, throughput } => {
                let model = model(free);
                call(
                    &provider(who),
                    pallet_market::Call::place_ask { model, class: CLASS, price, capacity, max_units, throughput },
                );
            }
            Step::WithdrawAsk { who, free } => {
                call(&provider(who), pallet_market::Call::withdraw_ask { model: model(free), class: CLASS });
            }
            Step::Register { who, bond, links: bits } => {
                let who = provider(who);
                let linked = links(bits).into_iter().filter(|it| *it != who.account).collect::<Vec<_>>();
                let (app_key, proof) = (who.key(), proof(&who.pair, &who.account));
                let models = vec![MODEL, FREE_MODEL].try_into().unwrap();
                let linked = linked.try_into().unwrap();
                call(&who, pallet_providers::Call::register { bond, app_key, proof, models, linked });
            }
            Step::BondExtra { who, amount } => call(&provider(who), pallet_providers::Call::bond_extra { amount }),
            Step::Leave { who } => call(&provider(who), pallet_providers::Call::leave {}),
            Step::Rejoin { who } => call(&provider(who), pallet_providers::Call::rejoin {}),
            Step::Withdraw { who } => call(&provider(who), pallet_providers::Call::withdraw {}),
            Step::Link { who, links: bits } => {
                let linked = links(bits).try_into().unwrap();
                call(&provider(who), pallet_providers::Call::set_linked { linked });
            }
            Step::Rekey { who, seed } => {
                let (who, new) = (provider(who), pair(seed));
                let (app_key, proof) = (new.public(), proof(&new, &who.account));
                call(&who, pallet_providers::Call::set_app_key { app_key, proof });
            }
            Step::Submit { who, free, max_price, deadline } => {
                let order = JobOrder::V1(JobOrderV1 { model: model(free), max_price, deadline, ..order() });
                call(&anybody(who), pallet_market::Call::submit { order });
            }
            Step::Cancel { who, pick } => {
                let pending = picked(pick, |state| matches!(state, JobState::Pending { .. }));
                call(&anybody(who), pallet_market::Call::cancel { job: pending.unwrap_or(pick as JobId % 50) });
            }
            Step::Commit { pick, delivery } => {
                let assigned = |state: &JobState| matches!(state, JobState::Assigned(_));
                if let Some(job) = picked_of(pick, assigned, |job| Verification::binding(job).is_some()) {
                    Self::commit(job, delivery);
                }
            }
            Step::Seal { pick, votes } => {
                if let Some(job) = picked_of(pick, committed, takes_seals) {
                    self.seal(job, votes);
                }
            }
            Step::Reveal { pick, votes } => {
                if let Some(job) = picked_of(pick, committed, takes_reveals) {
                    self.reveal(job, votes);
                }
            }
            Step::Settle { pick } => {
                let judged = picked(pick, |state| matches!(state, JobState::Judged(_)));
                call(&sam(), pallet_market::Call::settle { job: judged.unwrap_or(pick as JobId % 50) });
            }
            Step::Claim { who } => call(&anybody(who), pallet_payouts::Call::claim {}),
            Step::LowerRoyalty { percent } => {
                let royalty = Perbill::from_percent(percent);
                call(&olga(), pallet_provenance::Call::set_royalty { model: MODEL, royalty });
            }
            Step::Offer { to } => {
                let owner = pallet_provenance::Artifacts::<Test>::get(MODEL).unwrap().owner;
                let owner = everybody().into_iter().find(|actor| actor.account == owner).unwrap();
                let new_owner = anybody(to).account;
                call(&owner, pallet_provenance::Call::offer_ownership { model: MODEL, new_owner });
            }
            Step::Accept { who } => {
                call(&anybody(who), pallet_provenance::Call::accept_ownership { model: MODEL });
            }
            Step::Send { from, to, all } => {
                let (from, dest) = (anybody(from), anybody(to).account);
                if all {
                    call(&from, pallet_balances::Call::transfer_all { dest, keep_alive: false });
                } else {
                    let value = Balances::free_balance(&from.account) / 2;
                    call(&from, pallet_balances::Call::transfer_allow_death { dest, value });
                }
            }
            Step::Session { members } => {
                let members: Vec<_> = (0..4).filter(|at| members >> at & 1 == 1).map(validator).collect();
                new_session(&members);
            }
            Step::Blocks { count, weight } => {
                for _ in 0..count {
                    next_block_with(weight.map_or(MaxBlock::get(), |time| Weight::from_parts(time, u64::MAX)));
                }
            }
        }
        invariants::check();
    }

    fn commit(job: JobId, delivery: Delivery) {
        let output = if matches!(delivery, Delivery::False) { FALSE_OUTPUT } else { TRUE_OUTPUT };
        let (Some(mut made), Some(signer)) = (commitment(job, output), signer_of(job)) else { return };
        let honest = matches!(delivery, Delivery::True | Delivery::False);
        if let Delivery::Unbound = delivery {
            let strike_primitives::commitment::Commitment::V1(fields) = &mut made;
            fields.n_out += 1;
        }
        let signer = if matches!(delivery, Delivery::Forged) { rita().pair } else { signer };
        let in_time =
            Jobs::<Test>::get(job).unwrap().assignment().is_some_and(|assignment| now() <= assignment.deadline);
        let provider = assigned_to(job).unwrap();
        let set = Verification::current_validators();
        let own = <Providers as ProviderRegistry>::own_links(&provider);
        // Whoever keeps itself out is not to stop it.
        let judged = eligible(&set, |validator| own(&validator.account), |_| true).is_some();
        let included = include_commitment(job, made, &signer);
        assert_eq!(included.is_ok(), honest && in_time && judged, "job {job}, {delivery:?}: {included:?}");
    }

    fn seal(&mut self, job: JobId, votes: [Vote; 4]) {
        for (at, vote) in votes.into_iter().enumerate() {
            // The audit may have ended.
            let Some(audit) = audit_of(job) else { return };
            let honest = honest_verdict(job);
            let verdict = match (vote, honest) {
                (Vote::Absent, _) => continue,
                (Vote::Honest, _) => honest,
                (Vote::False, Verdict::Valid { .. }) => INVALID,
                (Vote::False, _) => VALID,
                (Vote::Miscounted, _) => Verdict::Valid { units: u64::MAX },
                (Vote::Withheld, _) => Verdict::Withheld,
            };
            if seal(job, &validator(at as u8), verdict).is_ok() {
                self.sealed.insert((job, audit.attempt, at), verdict);
            }
        }
    }

    fn reveal(&self, job: JobId, votes: [bool; 4]) {
        for (at, faithful) in votes.into_iter().enumerate() {
            let Some(audit) = OpenAudits::<Test>::get(job) else { return };
            let Some(sealed) = self.sealed.get(&(job, audit.attempt, at)) else { continue };
            let other = Verdict::Invalid { reason: InvalidReason::StopMismatch };
            let verdict = if faithful { *sealed } else { other };
            let included = reveal(job, &validator(at as u8), verdict);
            let revealing = matches!(audit.phase, Phase::Revealing { until } if now() <= until);
            assert!(included.is_err() || (revealing && faithful), "a reveal is what was sealed");
        }
    }
}

/// Dispatch a call as its account; what fails rolls back, as it does on chain.
pub(super) fn call(who: &Actor, call: impl Into<RuntimeCall>) {
    let _ = call.into().dispatch(who.signed());
}

/// Nobody does anything any more: every job ends and is pruned by time alone, and only bonds, asks and models are left.
fn let_all_jobs_end() {
    // Waiting once, then two attempts.
    let attempt = MAX_DEADLINE / 2 + SEAL_PERIOD.max(MAX_DEADLINE / 2) + REVEAL_PERIOD + 5;
    run_for(MAX_DEADLINE / 2 + 2 * attempt + RETENTION);
    assert_eq!(Jobs::<Test>::iter().count(), 0);
    assert_eq!(pallet_verification::AuditRecords::<Test>::iter().count(), 0);
    assert_eq!(pallet_market::Running::<Test>::iter().count(), 0);
    assert!(pallet_providers::Providers::<Test>::iter_values().all(|record| record.reserved == 0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: super::cases(64), ..ProptestConfig::default() })]

    #[test]
    fn every_unit_is_accounted_for_whatever_happens(steps in prop::collection::vec(step(), 40..80)) {
        ExtBuilder::default().without(validator(2)).run(|| {
            let mut runner = Runner::default();
            for step in steps {
                runner.run(step);
            }
            let_all_jobs_end();
        });
    }
}

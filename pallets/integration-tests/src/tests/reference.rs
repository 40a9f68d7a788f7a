//! Random sequences of calls and blocks, on the pallets and on the reference; after each step both have to agree on
//! whether it succeeded and on everything that is stored.

use super::properties::{anybody, links, picked, picked_of, provider, takes_reveals, takes_seals, throughput};
use crate::{
    actions::*,
    invariants,
    reference::{Reference, Stage},
    runtime::*,
    world::*,
};
use pallet_market::JobState;
use proptest::prelude::*;
use sp_core::Pair;
use sp_runtime::{traits::Dispatchable, Perbill};
use strike_primitives::{
    app::AppPair,
    commitment::{commit_payload, Commitment},
    job::{JobOrder, JobOrderV1},
    verdict::{InvalidReason, Verdict},
    Balance, BlockNumber, JobId, Units, TOKEN,
};

/// What a provider commits to.
#[derive(Clone, Copy, Debug)]
enum Delivery {
    True,
    False,
    /// Changed after it was bound to the job.
    Unbound,
    /// What another job's result is.
    OfAnotherJob,
    /// Signed by somebody else.
    Forged,
    /// For the attempt before or behind the running one.
    Stale(bool),
}

/// What a validator seals.
#[derive(Clone, Copy, Debug)]
enum Vote {
    Honest,
    False,
    Miscounted,
    Withheld,
    Absent,
}

/// What a validator reveals.
#[derive(Clone, Copy, Debug)]
enum Opening {
    Faithful,
    Different,
    Never,
}

#[derive(Clone, Debug)]
enum Step {
    PlaceAsk { who: u8, free: bool, price: Balance, capacity: u32, max_units: Units, throughput: u32 },
    WithdrawAsk { who: u8, free: bool },
    Register { who: u8, bond: Balance, links: u8 },
    BondExtra { who: u8, amount: Balance },
    Leave { who: u8 },
    Rejoin { who: u8 },
    Withdraw { who: u8 },
    Link { who: u8, links: u8 },
    Rekey { who: u8, seed: u8 },
    Submit { who: u8, free: bool, max_price: Balance, deadline: BlockNumber },
    Cancel { who: Option<u8>, pick: usize },
    Commit { pick: usize, delivery: Delivery },
    Seal { pick: usize, votes: [Vote; 4] },
    Reveal { pick: usize, openings: [Opening; 4] },
    Settle { pick: usize },
    Claim { who: u8 },
    LowerRoyalty { percent: u32 },
    Offer { to: u8 },
    Accept { who: u8 },
    Send { from: u8, to: u8 },
    Session { members: u8 },
    Finality { lags: bool },
    Blocks { count: u32 },
}

fn step() -> impl Strategy<Value = Step> {
    let (provider, anybody) = (0u8..4, 0u8..12);
    let delivery = prop_oneof![
        8 => Just(Delivery::True),
        3 => Just(Delivery::False),
        1 => Just(Delivery::Unbound),
        1 => Just(Delivery::OfAnotherJob),
        1 => Just(Delivery::Forged),
        1 => any::<bool>().prop_map(Delivery::Stale),
    ];
    let vote = prop_oneof![
        16 => Just(Vote::Honest),
        3 => Just(Vote::False),
        1 => Just(Vote::Miscounted),
        1 => Just(Vote::Withheld),
        2 => Just(Vote::Absent),
    ];
    let opening = prop_oneof![
        16 => Just(Opening::Faithful),
        1 => Just(Opening::Different),
        1 => Just(Opening::Never),
    ];
    let price = prop_oneof![MIN_PRICE..10 * MIN_PRICE, Just(EVES_PRICE), 600 * TOKEN..1_200 * TOKEN];
    let max_price = prop_oneof![1 => MIN_PRICE..MAX_PRICE, 2 => Just(MAX_PRICE), 2 => Just(130 * TOKEN)];
    let max_units = prop_oneof![Just(99u64), 100u64..2_000];
    prop_oneof![
        3 => (provider.clone(), any::<bool>(), price, 1u32..4, (max_units, throughput()))
            .prop_map(|(who, free, price, capacity, (max_units, throughput))| Step::PlaceAsk { who, free, price, capacity, max_units, throughput }),
        1 => (provider.clone(), any::<bool>()).prop_map(|(who, free)| Step::WithdrawAsk { who, free }),
        2 => (provider.clone(), MIN_BOND..3 * MIN_BOND, any::<u8>())
            .prop_map(|(who, bond, links)| Step::Register { who, bond, links }),
        1 => (provider.clone(), 1..20 * TOKEN).prop_map(|(who, amount)| Step::BondExtra { who, amount }),
        1 => provider.clone().prop_map(|who| Step::Leave { who }),
        1 => provider.clone().prop_map(|who| Step::Rejoin { who }),
        1 => provider.clone().prop_map(|who| Step::Withdraw { who }),
        1 => (provider.clone(), any::<u8>()).prop_map(|(who, links)| Step::Link { who, links }),
        1 => (provider, 90u8..93).prop_map(|(who, seed)| Step::Rekey { who, seed }),
        8 => (anybody.clone(), prop::bool::weighted(0.2), max_price, MIN_DEADLINE..MAX_DEADLINE / 2)
            .prop_map(|(who, free, max_price, deadline)| Step::Submit { who, free, max_price, deadline }),
        1 => (prop::option::of(anybody.clone()), any::<usize>()).prop_map(|(who, pick)| Step::Cancel { who, pick }),
        10 => (any::<usize>(), delivery).prop_map(|(pick, delivery)| Step::Commit { pick, delivery }),
        9 => (any::<usize>(), prop::array::uniform4(vote)).prop_map(|(pick, votes)| Step::Seal { pick, votes }),
        9 => (any::<usize>(), prop::array::uniform4(opening)).prop_map(|(pick, openings)| Step::Reveal { pick, openings }),
        2 => any::<usize>().prop_map(|pick| Step::Settle { pick }),
        1 => anybody.clone().prop_map(|who| Step::Claim { who }),
        1 => (0u32..8).prop_map(|percent| Step::LowerRoyalty { percent }),
        1 => anybody.clone().prop_map(|to| Step::Offer { to }),
        1 => anybody.clone().prop_map(|who| Step::Accept { who }),
        1 => (anybody.clone(), anybody).prop_map(|(from, to)| Step::Send { from, to }),
        1 => prop_oneof![1u8..16, Just(15)].prop_map(|members| Step::Session { members }),
        2 => prop::bool::weighted(0.4).prop_map(|lags| Step::Finality { lags }),
        9 => (1u32..5).prop_map(|count| Step::Blocks { count }),
    ]
}

fn model_of(free: bool) -> strike_primitives::artifact::ArtifactId {
    if free {
        FREE_MODEL
    } else {
        MODEL
    }
}

/// Dispatch a call, and say whether it succeeded.
fn ok(who: &Actor, call: impl Into<RuntimeCall>) -> bool {
    let result = frame_support::storage::with_storage_layer(|| {
        call.into().dispatch(who.signed()).map(|_| ()).map_err(|failed| failed.error)
    });
    result.is_ok()
}

/// The pallets and the reference.
struct Both {
    reference: Reference,
}

impl Both {
    fn begin() -> Self {
        let both = Self { reference: Reference::begin() };
        both.reference.compare();
        both
    }

    fn next_block(&mut self) {
        let seen = last_final();
        next_block();
        self.reference.next_block(seen);
        self.reference.compare();
    }

    fn run(&mut self, step: Step) {
        let shown = format!("{step:?}");
        if let Some((real, expected)) = self.both(step) {
            assert_eq!(real, expected, "whether it succeeds: {shown}");
        }
        self.reference.compare();
        invariants::check();
    }

    /// Do it; whether it succeeded, and whether it should have.
    fn both(&mut self, step: Step) -> Option<(bool, bool)> {
        let reference = &mut self.reference;
        let result = match step {
            Step::PlaceAsk { who, free, price, capacity, max_units, throughput } => {
                let (who, artifact) = (provider(who), model_of(free));
                let call = pallet_market::Call::place_ask {
                    model: artifact,
                    class: CLASS,
                    price,
                    capacity,
                    max_units,
                    throughput,
                };
                (ok(&who, call), reference.place_ask(&who.account, artifact, price, capacity, max_units, throughput))
            }
            Step::WithdrawAsk { who, free } => {
                let (who, artifact) = (provider(who), model_of(free));
                let call = pallet_market::Call::withdraw_ask { model: artifact, class: CLASS };
                (ok(&who, call), reference.withdraw_ask(&who.account, artifact))
            }
            Step::Register { who, bond, links: bits } => {
                let who = provider(who);
                let linked: Vec<_> = links(bits).into_iter().filter(|it| *it != who.account).collect();
                let call = pallet_providers::Call::register {
                    bond,
                    app_key: who.key(),
                    proof: proof(&who.pair, &who.account),
                    models: vec![MODEL, FREE_MODEL].try_into().unwrap(),
                    linked: linked.clone().try_into().unwrap(),
                };
                (ok(&who, call), reference.register(&who.account, bond, who.key(), linked))
            }
            Step::BondExtra { who, amount } => {
                let who = provider(who);
                (ok(&who, pallet_providers::Call::bond_extra { amount }), reference.bond_extra(&who.account, amount))
            }
            Step::Leave { who } => {
                let who = provider(who);
                (ok(&who, pallet_providers::Call::leave {}), reference.leave(&who.account))
            }
            Step::Rejoin { who } => {
                let who = provider(who);
                (ok(&who, pallet_providers::Call::rejoin {}), reference.rejoin(&who.account))
            }
            Step::Withdraw { who } => {
                let who = provider(who);
                (ok(&who, pallet_providers::Call::withdraw {}), reference.withdraw(&who.account))
            }
            Step::Link { who, links: bits } => {
                let (who, linked) = (provider(who), links(bits));
                let call = pallet_providers::Call::set_linked { linked: linked.clone().try_into().unwrap() };
                (ok(&who, call), reference.link(&who.account, linked))
            }
            Step::Rekey { who, seed } => {
                let (who, new) = (provider(who), pair(seed));
                let (app_key, proof) = (new.public(), proof(&new, &who.account));
                let call = pallet_providers::Call::set_app_key { app_key: app_key.clone(), proof };
                (ok(&who, call), reference.rekey(&who.account, app_key))
            }
            Step::Submit { who, free, max_price, deadline } => {
                let (who, artifact) = (anybody(who), model_of(free));
                let order = JobOrderV1 { model: artifact, max_price, deadline, ..order() };
                let units = order.work.max_units();
                let real = ok(&who, pallet_market::Call::submit { order: JobOrder::V1(order) });
                (real, reference.submit(&who.account, artifact, units, max_price, deadline))
            }
            Step::Cancel { who, pick } => {
                let job = picked(pick, |state| matches!(state, JobState::Pending { .. })).unwrap_or(pick as JobId % 50);
                // Mostly the requester itself.
                let own = || {
                    let requester = pallet_market::Jobs::<Test>::get(job)?.requester;
                    everybody().into_iter().find(|it| it.account == requester)
                };
                let who = who.map(anybody).or_else(own).unwrap_or_else(rita);
                (ok(&who, pallet_market::Call::cancel { job }), reference.cancel(&who.account, job))
            }
            Step::Commit { pick, delivery } => return self.commit(pick, delivery),
            Step::Seal { pick, votes } => {
                self.seal(pick, votes);
                return None;
            }
            Step::Reveal { pick, openings } => {
                self.reveal(pick, openings);
                return None;
            }
            Step::Settle { pick } => {
                let job = picked(pick, |state| matches!(state, JobState::Judged(_))).unwrap_or(pick as JobId % 50);
                (ok(&sam(), pallet_market::Call::settle { job }), reference.settle(job))
            }
            Step::Claim { who } => {
                let who = anybody(who);
                (ok(&who, pallet_payouts::Call::claim {}), reference.claim(&who.account))
            }
            Step::LowerRoyalty { percent } => {
                let call =
                    pallet_provenance::Call::set_royalty { model: MODEL, royalty: Perbill::from_percent(percent) };
                (ok(&olga(), call), reference.lower_royalty(percent))
            }
            Step::Offer { to } => {
                let owner = reference.models[&MODEL].owner.clone();
                let owner = everybody().into_iter().find(|it| it.account == owner).unwrap();
                let new_owner = anybody(to).account;
                let call = pallet_provenance::Call::offer_ownership { model: MODEL, new_owner: new_owner.clone() };
                (ok(&owner, call), reference.offer(&new_owner))
            }
            Step::Accept { who } => {
                let who = anybody(who);
                let call = pallet_provenance::Call::accept_ownership { model: MODEL };
                (ok(&who, call), reference.accept(&who.account))
            }
            Step::Send { from, to } => {
                let (from, dest) = (anybody(from), anybody(to).account);
                let value = reference.free[&from.account] / 2;
                if value < ED {
                    return None;
                }
                let call = pallet_balances::Call::transfer_allow_death { dest: dest.clone(), value };
                (ok(&from, call), reference.send_half(&from.account, &dest))
            }
            Step::Session { members } => {
                let members: Vec<_> = (0..4).filter(|at| members >> at & 1 == 1).map(validator).collect();
                new_session(&members);
                reference.session(members.into_iter().map(|it| it.account).collect());
                return None;
            }
            Step::Finality { lags } => {
                if lags {
                    stop_finality();
                } else {
                    resume_finality();
                }
                return None;
            }
            Step::Blocks { count } => {
                for _ in 0..count {
                    self.next_block();
                }
                return None;
            }
        };
        Some(result)
    }

    /// The pair whose key the job's provider has registered.
    fn signer(&self, job: JobId) -> AppPair {
        let terms = self.reference.jobs[&job].stage.terms().unwrap();
        let key = &self.reference.providers[&terms.provider].key;
        let own = everybody().into_iter().map(|actor| actor.pair);
        own.chain((90..93).map(pair)).find(|pair| pair.public() == *key).unwrap()
    }

    fn commit(&mut self, pick: usize, delivery: Delivery) -> Option<(bool, bool)> {
        let assigned = |state: &JobState| matches!(state, JobState::Assigned(_));
        let job = picked_of(pick, assigned, |job| Verification::binding(job).is_some())?;
        let output = if matches!(delivery, Delivery::False) { FALSE_OUTPUT } else { TRUE_OUTPUT };
        let other = if matches!(delivery, Delivery::OfAnotherJob) {
            let others: Vec<_> = self.reference.jobs.keys().copied().filter(|it| *it != job).collect();
            *others.get(pick % others.len().max(1))?
        } else {
            job
        };
        let mut made = commitment(other, output)?;
        let mut attempt = self.reference.jobs[&job].attempt;
        let mut honest = true;
        match delivery {
            Delivery::True | Delivery::False => {}
            Delivery::Unbound => {
                let Commitment::V1(fields) = &mut made;
                fields.n_out += 1;
                honest = false;
            }
            Delivery::OfAnotherJob | Delivery::Forged => honest = false,
            Delivery::Stale(later) => {
                attempt = if later { attempt + 1 } else { attempt.checked_sub(1)? };
            }
        }
        let signer = if matches!(delivery, Delivery::Forged) { rita().pair } else { self.signer(job) };
        let payload = commit_payload(&Verification::genesis(), job, attempt, &made);
        let (hash, key) = (made.hash(), signer.public());
        let signature = signer.sign(&payload);
        let real = include(pallet_verification::Call::commit { job, attempt, commitment: made, signature }).is_ok();
        Some((real, honest && self.reference.commit(job, attempt, hash, &key)))
    }

    fn seal(&mut self, pick: usize, votes: [Vote; 4]) {
        let Some(job) = picked_of(pick, |state| matches!(state, JobState::Committed { .. }), takes_seals) else {
            return;
        };
        for (at, vote) in votes.into_iter().enumerate() {
            // The audit may have ended.
            if audit_of(job).is_none() {
                return;
            }
            let honest = honest_verdict(job);
            let verdict = match (vote, honest) {
                (Vote::Absent, _) => continue,
                (Vote::Honest, _) => honest,
                (Vote::False, Verdict::Valid { .. }) => INVALID,
                (Vote::False, _) => VALID,
                (Vote::Miscounted, _) => Verdict::Valid { units: u64::MAX },
                (Vote::Withheld, _) => Verdict::Withheld,
            };
            let by = validator(at as u8);
            let real = seal(job, &by, verdict).is_ok();
            assert_eq!(real, self.reference.seal(job, &by.account, verdict), "a seal of {at} on job {job}");
            self.reference.compare();
        }
    }

    fn reveal(&mut self, pick: usize, openings: [Opening; 4]) {
        let Some(job) = picked_of(pick, |state| matches!(state, JobState::Committed { .. }), takes_reveals) else {
            return;
        };
        for (at, opening) in openings.into_iter().enumerate() {
            if audit_of(job).is_none() {
                return;
            }
            let by = validator(at as u8);
            let Stage::Audited(_, audit) = &self.reference.jobs[&job].stage else { return };
            let sealed = audit.seals.iter().find(|(who, _)| *who == by.account).map(|(_, verdict)| *verdict);
            let verdict = match opening {
                Opening::Faithful => sealed.unwrap_or(VALID),
                Opening::Different => Verdict::Invalid { reason: InvalidReason::StopMismatch },
                Opening::Never => continue,
            };
            let real = reveal(job, &by, verdict).is_ok();
            assert_eq!(real, self.reference.reveal(job, &by.account, verdict), "a reveal of {at} on job {job}");
            self.reference.compare();
        }
    }

    /// Nobody does anything any more: every job ends and is pruned by time alone.
    fn let_all_jobs_end(&mut self) {
        resume_finality();
        let attempt = MAX_DEADLINE / 2 + SEAL_PERIOD.max(MAX_DEADLINE / 2) + REVEAL_PERIOD + 5;
        for _ in 0..2 * LAG_LIMIT + MAX_DEADLINE / 2 + 2 * attempt + RETENTION {
            self.next_block();
        }
        assert_eq!(self.reference.jobs.len(), 0, "every job ends and is pruned");
        assert!(self.reference.held.iter().all(|((_, purpose), amount)| *amount == 0
            || !matches!(purpose, crate::reference::Purpose::Escrow | crate::reference::Purpose::JobDeposit)));
        assert!(self.reference.providers.values().all(|record| record.at_risk == 0));
        assert_eq!(pallet_verification::AuditRecords::<Test>::iter().count(), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: super::cases(32), ..ProptestConfig::default() })]

    #[test]
    fn the_pallets_do_what_the_reference_does(steps in prop::collection::vec(step(), 40..120)) {
        ExtBuilder::default().without(validator(2)).run(|| {
            let mut both = Both::begin();
            for step in steps {
                both.run(step);
            }
            both.let_all_jobs_end();
        });
    }
}

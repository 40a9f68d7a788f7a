//! The reference: what the pallets are to do, written a second time and simply.
//!
//! It keeps everything in plain lists and knows no storage, no queues with cursors, no holds and no events; it is
//! told of each call and of each block, says whether the call succeeds, and `compare` holds everything that the
//! pallets store to it. Blocks are taken to have room for all upkeep.

mod audits;
mod clock;
mod compare;
mod jobs;
mod matching;
mod providers;

use crate::{runtime::*, world::*};
use std::collections::{BTreeMap, BTreeSet};
use strike_primitives::{
    app::AppKey, artifact::ArtifactId, receipt::CloseReason, verdict::Verdict, AccountId, Attempt, Balance,
    BlockNumber, JobId, Units, H256,
};

/// Why money of an account is not free.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Purpose {
    Bond,
    Escrow,
    JobDeposit,
    AskDeposit,
    Registration,
}

#[derive(Clone, Debug)]
pub struct Provider {
    pub bond: Balance,
    pub at_risk: Balance,
    pub key: AppKey,
    pub linked: Vec<AccountId>,
    /// From when on the bond can be had back, once it leaves.
    pub leaves_at: Option<BlockNumber>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    pub provider: AccountId,
    pub price: Balance,
    pub capacity: u32,
    pub max_units: Units,
    /// Units in a block.
    pub throughput: u32,
}

/// A provider comes behind the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Demotion {
    pub until: BlockNumber,
    pub period: BlockNumber,
}

/// An attempt: who works, on which terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    pub provider: AccountId,
    pub price: Balance,
    pub at_risk: Balance,
    pub assigned_at: BlockNumber,
    pub deadline: BlockNumber,
}

#[derive(Clone, Debug)]
pub struct Audit {
    pub committed_at: BlockNumber,
    /// Time of the commitment.
    pub opened_at: BlockNumber,
    pub commitment: H256,
    pub set: Vec<AccountId>,
    pub eligible: Vec<AccountId>,
    /// Whether sealing is over.
    pub revealing: bool,
    pub until: BlockNumber,
    pub seals: Vec<(AccountId, Verdict)>,
    pub reveals: Vec<(AccountId, Verdict)>,
}

#[derive(Clone, Debug)]
pub struct Outcome {
    pub verdict: Option<Verdict>,
    pub validators: Vec<AccountId>,
}

#[derive(Clone, Debug)]
pub enum Stage {
    Waiting { until: BlockNumber },
    Assigned(Terms),
    Audited(Terms, Audit),
    Judged(Terms, Outcome),
    Closed { reason: CloseReason, prune_at: BlockNumber },
}

/// What a closed job cost whom.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ending {
    pub fee: Balance,
    pub burned: Balance,
    pub refunded: Balance,
    pub paid: Vec<(AccountId, Balance)>,
}

#[derive(Clone, Debug)]
pub struct Job {
    pub requester: AccountId,
    pub model: ArtifactId,
    pub max_units: Units,
    pub max_price: Balance,
    /// Blocks each provider has.
    pub given: BlockNumber,
    pub attempt: Attempt,
    pub failed: Vec<AccountId>,
    pub slashed: Balance,
    pub compensated: Balance,
    pub stage: Stage,
    pub ending: Option<Ending>,
}

/// Jobs that wait for one model, and which of them is looked at next.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    pub jobs: Vec<JobId>,
    pub next: JobId,
}

/// A model's owner, share and offer.
#[derive(Clone, Debug)]
pub struct Owned {
    pub owner: AccountId,
    pub percent: u32,
    pub offered_to: Option<AccountId>,
    pub deposit: Balance,
}

pub struct Reference {
    pub block: BlockNumber,
    pub clock: clock::Clock,
    pub free: BTreeMap<AccountId, Balance>,
    pub held: BTreeMap<(AccountId, Purpose), Balance>,
    pub issuance: Balance,
    pub claims: BTreeMap<AccountId, Balance>,
    pub providers: BTreeMap<AccountId, Provider>,
    pub asks: BTreeMap<ArtifactId, Vec<Ask>>,
    pub demotions: BTreeMap<AccountId, Demotion>,
    pub jobs: BTreeMap<JobId, Job>,
    pub next_job: JobId,
    /// Models with waiting jobs, in the order of their turns.
    pub turns: Vec<ArtifactId>,
    pub waiting: BTreeMap<ArtifactId, Waiting>,
    /// Jobs with a verdict, in the order in which the verdicts came.
    pub to_settle: Vec<JobId>,
    pub validators: Vec<AccountId>,
    pub models: BTreeMap<ArtifactId, Owned>,
}

impl Reference {
    /// The world that `ExtBuilder` makes, as it is in block 1.
    pub fn begin() -> Self {
        let owned = |percent| {
            let deposit = pallet_provenance::Artifacts::<Test>::get(MODEL).unwrap().deposit;
            Owned { owner: olga().account, percent, offered_to: None, deposit }
        };
        let mut reference = Self {
            block: 1,
            clock: clock::Clock::default(),
            free: everybody().into_iter().map(|it| (it.account, ENDOWMENT)).collect(),
            held: BTreeMap::new(),
            issuance: 0,
            claims: BTreeMap::new(),
            providers: BTreeMap::new(),
            asks: BTreeMap::new(),
            demotions: BTreeMap::new(),
            jobs: BTreeMap::new(),
            next_job: 0,
            turns: Vec::new(),
            waiting: BTreeMap::new(),
            to_settle: Vec::new(),
            validators: validators().into_iter().map(|it| it.account).collect(),
            models: BTreeMap::from([(MODEL, owned(7)), (FREE_MODEL, Owned { percent: 0, ..owned(0) })]),
        };
        reference.free.insert(validator(2).account, 0);
        reference.free.insert(Payouts::account(), ED);
        reference.issuance = reference.free.values().sum();
        let deposit: Balance = [MODEL, FREE_MODEL]
            .iter()
            .map(|it| {
                let deposit = pallet_provenance::Artifacts::<Test>::get(it).unwrap().deposit;
                reference.models.get_mut(it).unwrap().deposit = deposit;
                deposit
            })
            .sum();
        assert!(reference.hold(&olga().account, Purpose::Registration, deposit));
        for (who, price) in [(eve(), EVES_PRICE), (ferdie(), FERDIES_PRICE)] {
            assert!(reference.register(&who.account, BOND, who.key(), Vec::new()));
            assert!(reference.place_ask(&who.account, MODEL, price, CAPACITY, MAX_UNITS, THROUGHPUT));
        }
        reference
    }

    pub fn time(&self) -> BlockNumber {
        self.clock.at(self.block)
    }

    fn free_mut(&mut self, who: &AccountId) -> &mut Balance {
        self.free.entry(who.clone()).or_default()
    }

    fn held_mut(&mut self, who: &AccountId, purpose: Purpose) -> &mut Balance {
        self.held.entry((who.clone(), purpose)).or_default()
    }

    fn all_of(&self, who: &AccountId) -> Balance {
        let held = self.held.iter().filter(|((account, _), _)| account == who).map(|(_, amount)| amount);
        held.sum::<Balance>() + self.free.get(who).copied().unwrap_or(0)
    }

    /// Put money aside. Enough has to stay free to keep the account alive.
    fn hold(&mut self, who: &AccountId, purpose: Purpose, amount: Balance) -> bool {
        let free = self.free_mut(who);
        if *free < amount + ED {
            return false;
        }
        *free -= amount;
        *self.held_mut(who, purpose) += amount;
        true
    }

    fn give_back(&mut self, who: &AccountId, purpose: Purpose, amount: Balance) {
        *self.held_mut(who, purpose) -= amount;
        *self.free_mut(who) += amount;
    }

    fn burn(&mut self, who: &AccountId, purpose: Purpose, amount: Balance) {
        *self.held_mut(who, purpose) -= amount;
        self.issuance -= amount;
    }

    /// Whether an account can receive so much: one that has nothing needs enough to live on.
    fn can_receive(&self, who: &AccountId, amount: Balance) -> bool {
        amount >= ED || self.all_of(who) >= ED
    }

    /// Pay from an escrow; what cannot be received waits with payouts.
    fn pay(&mut self, requester: &AccountId, to: &AccountId, amount: Balance) {
        *self.held_mut(requester, Purpose::Escrow) -= amount;
        if self.can_receive(to, amount) {
            *self.free_mut(to) += amount;
        } else {
            *self.free_mut(&Payouts::account()) += amount;
            *self.claims.entry(to.clone()).or_default() += amount;
        }
    }

    pub fn claim(&mut self, who: &AccountId) -> bool {
        let Some(amount) = self.claims.get(who).copied().filter(|amount| self.can_receive(who, *amount)) else {
            return false;
        };
        self.claims.remove(who);
        *self.free_mut(&Payouts::account()) -= amount;
        *self.free_mut(who) += amount;
        true
    }

    /// Half of what is free, to somebody. The other half has to keep the account alive.
    pub fn send_half(&mut self, from: &AccountId, to: &AccountId) -> bool {
        let amount = self.free[from] / 2;
        if !self.can_receive(to, amount) {
            return false;
        }
        *self.free_mut(from) -= amount;
        *self.free_mut(to) += amount;
        true
    }

    pub fn lower_royalty(&mut self, percent: u32) -> bool {
        let model = self.models.get_mut(&MODEL).unwrap();
        let lower = model.owner == olga().account && percent <= model.percent;
        if lower {
            model.percent = percent;
        }
        lower
    }

    pub fn offer(&mut self, to: &AccountId) -> bool {
        let model = self.models.get_mut(&MODEL).unwrap();
        let other = model.owner != *to;
        if other {
            model.offered_to = Some(to.clone());
        }
        other
    }

    pub fn accept(&mut self, who: &AccountId) -> bool {
        let Owned { owner, offered_to, deposit, .. } = self.models[&MODEL].clone();
        if offered_to.as_ref() != Some(who) || !self.hold(who, Purpose::Registration, deposit) {
            return false;
        }
        self.give_back(&owner, Purpose::Registration, deposit);
        let model = self.models.get_mut(&MODEL).unwrap();
        (model.owner, model.offered_to) = (who.clone(), None);
        true
    }

    pub fn session(&mut self, members: Vec<AccountId>) {
        self.validators = members;
    }

    /// Go on to the next block: its author reports, and upkeep is done.
    pub fn next_block(&mut self, seen_final: BlockNumber) {
        self.clock.end_block(self.block);
        self.block += 1;
        self.clock.report(self.block, seen_final);
        self.upkeep();
        self.audits_due();
    }

    /// Who may judge a result of `provider`, of `set`: who is not linked to it, if the provider itself names less than
    /// half.
    fn eligible(&self, set: &[AccountId], provider: &AccountId) -> Option<Vec<AccountId>> {
        let names = |it: &&AccountId| self.providers.get(provider).is_some_and(|record| record.linked.contains(it));
        let own = set.iter().filter(|it| *it == provider || names(it)).count();
        (own * 2 < set.len()).then(|| set.iter().filter(|it| !self.linked(provider, it)).cloned().collect())
    }

    /// The order in which a storage map lists jobs.
    fn in_map_order(jobs: impl IntoIterator<Item = JobId>) -> Vec<JobId> {
        let mut jobs: Vec<_> = jobs.into_iter().collect();
        jobs.sort_by_key(|job| sp_io::hashing::twox_64(&job.to_le_bytes()));
        jobs
    }

    /// Providers by the key that each signs with.
    pub fn keys(&self) -> BTreeSet<AppKey> {
        self.providers.values().map(|it| it.key.clone()).collect()
    }
}

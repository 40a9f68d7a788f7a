//! What app keys owe: read by the native worker through the runtime API and by the off-chain worker.
//!
//! A node reads heads, page by page, chooses, and reads what it does in full. A page looks at a bounded number of jobs and
//! audits however many there are, and goes on from where the last one ended. So nobody can hide what others owe behind
//! jobs of its own, and no call costs more for being asked on a busy chain.
//!
//! Pages come in the order of storage, which is that of a hash. A node that reads them all orders them itself.

use crate::{
    types::{OpenAudit, Phase, Position, SessionValidator, SetId},
    Beacons, Config, KeySets, OpenAudits, Pallet,
};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::Encode;
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::H256;
use strike_primitives::{
    api::{duty_kind, CheckDuty, Duty, DutyCursor, DutyHead, DutyPage, ProvideDuty, MAX_DUTY_HEADS, MAX_DUTY_KEYS},
    app::AppKey,
    job::seed,
    traits::{AssignedJob, Assignments, Clock, ProviderRegistry},
    AccountId, BlockNumber, JobId,
};

/// Where keys sit in the sets that open audits may name: the place of the key in the list of keys, and its position.
type Seats = BTreeMap<SetId, Vec<(u32, Position)>>;

/// How much of a page is left.
struct Budget(u32);

impl Budget {
    fn take(&mut self) -> bool {
        let left = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        left
    }
}

impl<T: Config> Pallet<T> {
    /// What `keys` owe in this block's state, in short: the page behind `after`. It looks at up to `limit` jobs and audits,
    /// from 2 to [`MAX_DUTY_HEADS`]. Keys beyond the first [`MAX_DUTY_KEYS`] are left out.
    ///
    /// A provider owes a commitment from when its seed is known until its deadline. A validator owes a check while its
    /// seal is awaited, and, once it has sealed, until its verdict is revealed.
    pub fn duty_heads(keys: &[AppKey], after: Option<DutyCursor>, limit: u32) -> DutyPage {
        let keys = keys.get(..MAX_DUTY_KEYS).unwrap_or(keys);
        // A key and one of its jobs, so that every page gets further.
        let mut budget = Budget(limit.clamp(2, MAX_DUTY_HEADS));
        let start = DutyCursor { kind: duty_kind::PROVIDE, key: 0, after: None };
        let (mut cursor, mut heads) = (after.unwrap_or(start), Vec::new());
        if cursor.kind == duty_kind::PROVIDE {
            match Self::provide_heads(keys, cursor, &mut budget, &mut heads) {
                Some(next) => return DutyPage { heads, next: Some(next) },
                None => cursor = DutyCursor { kind: duty_kind::CHECK, key: 0, after: None },
            }
        }
        // Behind the kinds that this runtime knows there is nothing.
        if cursor.kind != duty_kind::CHECK {
            return DutyPage { heads, next: None };
        }
        let next = Self::check_heads(keys, cursor, &mut budget, &mut heads);
        DutyPage { heads, next }
    }

    /// The duty of `kind` that `key` owes for `job` in this block's state, in full.
    pub fn duty(key: &AppKey, kind: u8, job: JobId) -> Option<Duty> {
        match kind {
            duty_kind::PROVIDE => Self::provide_duty(key, job).map(Duty::Provide),
            duty_kind::CHECK => Self::check_duty(key, job).map(Duty::Check),
            _ => None,
        }
    }

    /// Commitments owed, key by key. Returns where to go on, if the budget did not suffice.
    fn provide_heads(
        keys: &[AppKey],
        mut cursor: DutyCursor,
        budget: &mut Budget,
        heads: &mut Vec<DutyHead>,
    ) -> Option<DutyCursor> {
        while let Some(key) = keys.get(cursor.key as usize) {
            // A key costs as much as a job, so that many keys without jobs are bounded too.
            if !budget.take() {
                return Some(cursor);
            }
            if let Some(provider) = T::Providers::provider_of(key) {
                let jobs = T::Assignments::awaiting_commitment(&provider, cursor.after, budget.0);
                for job in jobs {
                    budget.take();
                    cursor.after = Some(job);
                    heads.extend(Self::provide_head(cursor.key, key, &provider, job));
                }
                if budget.0 == 0 {
                    return Some(cursor);
                }
            }
            cursor = DutyCursor { key: cursor.key.saturating_add(1), after: None, ..cursor };
        }
        None
    }

    fn provide_head(place: u32, key: &AppKey, provider: &AccountId, job: JobId) -> Option<DutyHead> {
        let running = T::Assignments::running_attempt(job)?;
        let owed = running.provider == *provider && !running.committed && Self::time() <= running.commit_deadline;
        let beacon = Beacons::<T>::get(running.assigned_at.checked_add(1)?).filter(|_| owed)?;
        let seed = seed(&Self::genesis(), job, running.attempt, &beacon);
        let block = Self::hash_of_block(running.assigned_at);
        let kind = duty_kind::PROVIDE;
        Some(DutyHead {
            kind,
            key: place,
            job,
            attempt: running.attempt,
            id: sp_io::hashing::blake2_256(&(kind, key, job, running.attempt, seed, block).encode()).into(),
            provider: running.provider,
            deadline: T::Clock::block_at(running.commit_deadline),
        })
    }

    /// Checks owed, audit by audit, of all keys at once. Returns where to go on, if the budget did not suffice.
    fn check_heads(
        keys: &[AppKey],
        mut cursor: DutyCursor,
        budget: &mut Budget,
        heads: &mut Vec<DutyHead>,
    ) -> Option<DutyCursor> {
        let seats = Self::seats_of(keys);
        // The keys of providers, and of whoever validates nothing, need no audit.
        if seats.is_empty() {
            return None;
        }
        let mut audits = match cursor.after {
            Some(job) => OpenAudits::<T>::iter_from_key(job),
            None => OpenAudits::<T>::iter(),
        };
        loop {
            if !budget.take() {
                return Some(cursor);
            }
            let (job, audit) = audits.next()?;
            cursor.after = Some(job);
            let Some(beacon) = Beacons::<T>::get(audit.beacon_block()) else { continue };
            for (place, position) in seats.get(&audit.set).into_iter().flatten() {
                let Some(deadline) = Self::check_deadline(&audit, *position) else { continue };
                let Some(key) = keys.get(*place as usize) else { continue };
                let block = Self::hash_of_block(audit.committed_at);
                let kind = duty_kind::CHECK;
                heads.push(DutyHead {
                    kind,
                    key: *place,
                    job,
                    attempt: audit.attempt,
                    provider: audit.provider.clone(),
                    deadline: T::Clock::block_at(deadline),
                    id: sp_io::hashing::blake2_256(&(kind, key, audit.reference(job), beacon, block).encode()).into(),
                });
            }
        }
    }

    /// Where `keys` sit, in all sets that are kept.
    fn seats_of(keys: &[AppKey]) -> Seats {
        let mut seats = Seats::new();
        for (id, set) in KeySets::<T>::iter() {
            for (position, validator) in (0u8..).zip(set.iter()) {
                if let Some((place, _)) = (0u32..).zip(keys).find(|(_, key)| **key == validator.key) {
                    seats.entry(id).or_default().push((place, position));
                }
            }
        }
        seats
    }

    /// The hash of a block, as long as the chain remembers it; else zero, on every fork.
    fn hash_of_block(block: BlockNumber) -> H256 {
        frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::from(block))
    }

    fn provide_duty(key: &AppKey, job: JobId) -> Option<ProvideDuty> {
        let provider = T::Providers::provider_of(key)?;
        let assigned = T::Assignments::assigned_job(job)?;
        let owed = assigned.provider == provider && !assigned.committed && Self::time() <= assigned.commit_deadline;
        let binding = Self::binding_of(job, &assigned).filter(|_| owed)?;
        let AssignedJob { model, class, work, assigned_at, commit_deadline, .. } = assigned;
        let deadline = T::Clock::block_at(commit_deadline);
        Some(ProvideDuty { key: key.clone(), binding, model, class, work, assigned_at, deadline })
    }

    fn check_duty(key: &AppKey, job: JobId) -> Option<CheckDuty> {
        let audit = OpenAudits::<T>::get(job)?;
        let set = Self::set_of(&audit);
        let owes = |(position, validator): (Position, &SessionValidator)| {
            let deadline = Self::check_deadline(&audit, position).filter(|_| validator.key == *key)?;
            Some((validator.account.clone(), deadline))
        };
        let (validator, deadline) = (0u8..).zip(set.iter()).find_map(owes)?;
        let assigned = T::Assignments::assigned_job(job).filter(|it| it.attempt == audit.attempt)?;
        Some(CheckDuty {
            key: key.clone(),
            validator,
            audit: audit.reference(job),
            beacon: Beacons::<T>::get(audit.beacon_block())?,
            binding: Self::binding_of_audit(job, &audit),
            model: assigned.model,
            class: audit.class,
            work: assigned.work,
            committed_at: audit.committed_at,
            deadline: T::Clock::block_at(deadline),
            commitment: audit.commitment,
        })
    }

    /// Last time of the step that the validator at `position` owes next; `None` if it owes nothing.
    fn check_deadline(audit: &OpenAudit, position: Position) -> Option<BlockNumber> {
        if !audit.is_eligible(position) || audit.verdict_of(position).is_some() {
            return None;
        }
        let (sealed, time) = (audit.seal_of(position).is_some(), Self::time());
        match audit.phase {
            Phase::Sealing { until } if !sealed && time <= until => Some(until),
            Phase::Sealing { until } if sealed => Some(until.saturating_add(T::RevealPeriod::get())),
            Phase::Revealing { until } if sealed && time <= until => Some(until),
            _ => None,
        }
    }
}

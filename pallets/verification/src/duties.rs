//! What app keys owe: read by the native worker through the runtime API and by the off-chain worker.

use crate::{
    types::{OpenAudit, Phase, Position, SessionValidator},
    Beacons, Config, OpenAudits, Pallet, MAX_DUTIES, MAX_KEYS,
};
use alloc::vec::Vec;
use frame_support::traits::Get;
use strike_primitives::{
    api::{CheckDuty, Duty, ProvideDuty},
    app::AppKey,
    traits::{Assignments, Clock, ProviderRegistry},
    AccountId, BlockNumber, JobId,
};

impl<T: Config> Pallet<T> {
    /// What `keys` owe in this block's state, in the order of job ids; at most [`MAX_DUTIES`], the oldest jobs first.
    /// Keys beyond the first [`MAX_KEYS`] are left out.
    ///
    /// A provider owes a commitment from when its seed is known until its deadline. A validator owes a check while its
    /// seal is awaited, and, once it has sealed, until its verdict is revealed.
    pub fn duties(keys: &[AppKey]) -> Vec<Duty> {
        let keys = keys.get(..MAX_KEYS).unwrap_or(keys);
        let mut duties = Vec::new();
        for key in keys {
            if let Some(provider) = T::Providers::provider_of(key) {
                duties.extend(Self::provide_duties(key, &provider));
            }
        }
        for (job, audit) in OpenAudits::<T>::iter() {
            duties.extend(Self::check_duties(keys, job, &audit));
        }
        duties.sort_by_key(|duty| match duty {
            Duty::Provide(duty) => (duty.binding.job, 0),
            Duty::Check(duty) => (duty.binding.job, 1),
        });
        duties.truncate(MAX_DUTIES);
        duties
    }

    fn provide_duties(key: &AppKey, provider: &AccountId) -> Vec<Duty> {
        let time = Self::time();
        T::Assignments::awaiting_commitment(provider)
            .into_iter()
            .filter_map(|job| {
                let assigned = T::Assignments::assigned_job(job)?;
                let owed = assigned.provider == *provider && !assigned.committed && time <= assigned.commit_deadline;
                if !owed {
                    return None;
                }
                Some(Duty::Provide(ProvideDuty {
                    key: key.clone(),
                    binding: Self::binding_of(job, &assigned)?,
                    model: assigned.model,
                    class: assigned.class,
                    work: assigned.work,
                    assigned_at: assigned.assigned_at,
                    deadline: T::Clock::block_at(assigned.commit_deadline),
                }))
            })
            .collect()
    }

    fn check_duties(keys: &[AppKey], job: JobId, audit: &OpenAudit) -> Vec<Duty> {
        let set = Self::set_of(audit);
        let owing: Vec<(&SessionValidator, BlockNumber)> = (0u8..)
            .zip(set.iter())
            .filter(|(_, validator)| keys.contains(&validator.key))
            .filter_map(|(position, validator)| {
                Some((validator, T::Clock::block_at(Self::check_deadline(audit, position)?)))
            })
            .collect();
        // Most audits concern none of a node's keys; the assignment is read for the others only.
        if owing.is_empty() {
            return Vec::new();
        }
        let Some(assigned) = T::Assignments::assigned_job(job).filter(|it| it.attempt == audit.attempt) else {
            return Vec::new();
        };
        let Some(beacon) = Beacons::<T>::get(audit.beacon_block()) else { return Vec::new() };
        owing
            .into_iter()
            .map(|(validator, deadline)| {
                Duty::Check(CheckDuty {
                    key: validator.key.clone(),
                    validator: validator.account.clone(),
                    audit: audit.reference(job),
                    beacon,
                    binding: Self::binding_of_audit(job, audit),
                    model: assigned.model,
                    class: audit.class,
                    work: assigned.work.clone(),
                    commitment: audit.commitment.clone(),
                    committed_at: audit.committed_at,
                    deadline,
                })
            })
            .collect()
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

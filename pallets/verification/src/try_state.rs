//! What always holds.

use crate::{
    types::{OpenAudit, Phase, Position},
    AuditRecords, BeaconTimes, Beacons, Config, CurrentSet, DeadlineCursor, Deadlines, KeySetUses, KeySets, LastBeacon,
    OldestBeacon, OldestSet, OpenAudits, Pallet,
};
use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::ensure;
use sp_runtime::DispatchError;
use strike_primitives::{traits::Assignments, JobId};

impl<T: Config> Pallet<T> {
    /// Check every invariant of the pallet's storage:
    ///
    /// - the newest beacon is the last block's, and those kept follow one another from the oldest on;
    /// - every set from the oldest kept to the running one is there, and its uses are the open audits that name it;
    /// - of every open audit: seals are of eligible validators, reveals of those who sealed, none twice; the deadline
    ///   queue will come to it; and until it is decided its job is assigned and committed;
    /// - records are of concluded audits.
    pub fn do_try_state() -> Result<(), DispatchError> {
        Self::try_beacons()?;
        Self::try_sets()?;
        for (job, audit) in OpenAudits::<T>::iter() {
            Self::try_audit(job, &audit)?;
        }
        ensure!(
            AuditRecords::<T>::iter_values().all(|record| record.concluded_at.is_some()),
            "a record is of an open audit"
        );
        Ok(())
    }

    fn try_beacons() -> Result<(), DispatchError> {
        let Some(last) = Self::now().checked_sub(1) else { return Ok(()) };
        if let Some(beacon) = Beacons::<T>::get(last) {
            ensure!(beacon == LastBeacon::<T>::get(), "the newest beacon is not the last one made");
        }
        for block in Beacons::<T>::iter_keys() {
            ensure!(OldestBeacon::<T>::get().is_some_and(|oldest| block >= oldest), "a beacon is kept too long");
            ensure!(BeaconTimes::<T>::contains_key(block), "nobody knows when a beacon was entered");
            ensure!(block <= last, "a beacon is known too early");
            ensure!(block == last || Beacons::<T>::contains_key(block.saturating_add(1)), "a beacon is missing");
        }
        ensure!(
            BeaconTimes::<T>::iter_keys().all(Beacons::<T>::contains_key),
            "a time is kept of a beacon that is not"
        );
        Ok(())
    }

    fn try_sets() -> Result<(), DispatchError> {
        let (oldest, current) = (OldestSet::<T>::get(), CurrentSet::<T>::get());
        ensure!(oldest <= current, "the oldest set is newer than the running one");
        for set in KeySets::<T>::iter_keys() {
            ensure!(set >= oldest && set <= current, "a set outside those kept");
        }
        let mut uses = BTreeMap::<_, u32>::new();
        for audit in OpenAudits::<T>::iter_values() {
            ensure!(KeySets::<T>::contains_key(audit.set), "an audit's set is gone");
            let count = uses.entry(audit.set).or_default();
            *count = count.saturating_add(1);
        }
        let stored: BTreeMap<_, u32> = KeySetUses::<T>::iter().collect();
        ensure!(uses == stored, "the uses of sets are not the open audits");
        Ok(())
    }

    fn try_audit(job: JobId, audit: &OpenAudit) -> Result<(), DispatchError> {
        let set = Self::set_of(audit);
        let eligible: Vec<Position> = audit.eligible.to_vec();
        let sealed: Vec<Position> = audit.seals.iter().map(|(position, _)| *position).collect();
        let revealed: Vec<Position> = audit.reveals.iter().map(|(position, ..)| *position).collect();
        for positions in [&eligible, &sealed, &revealed] {
            let mut unique = positions.clone();
            unique.sort();
            unique.dedup();
            ensure!(unique.len() == positions.len(), "a validator counts twice");
        }
        ensure!(eligible.iter().all(|position| usize::from(*position) < set.len()), "a position outside of the set");
        ensure!(sealed.iter().all(|position| eligible.contains(position)), "a seal of who may not judge");
        ensure!(revealed.iter().all(|position| sealed.contains(position)), "a reveal of who did not seal");
        ensure!(audit.commitment_hash == audit.commitment.hash(), "the hash is not the commitment's");

        // A lagging cursor moves what falls behind it to where it stands.
        let due = audit.phase.due();
        let queued = Deadlines::<T>::contains_key(due, job)
            || Deadlines::<T>::contains_key(due.max(DeadlineCursor::<T>::get()), job);
        ensure!(queued, "no deadline leads to an open audit");

        if !matches!(audit.phase, Phase::Delivering { .. }) {
            let assigned = T::Assignments::assigned_job(job).ok_or("an audited job is not assigned")?;
            ensure!(assigned.attempt == audit.attempt, "an audit of another attempt is open");
            ensure!(assigned.committed, "an audited job is not committed");
        }
        Ok(())
    }
}

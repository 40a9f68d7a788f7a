//! The one deadline queue: what waits too long, who is late, what is forgotten.

use crate::{pallet::*, types::*, weights::WeightInfo};
use alloc::vec::Vec;
use frame_support::{
    defensive,
    storage::with_storage_layer,
    traits::Get,
    weights::{Weight, WeightMeter},
};
use strike_primitives::{receipt::CloseReason, traits::Audits, BlockNumber, JobId};

/// Ids of jobs that are gone over which one block goes on: more than are ordered in a block as long as checks keep up.
const OLD_IDS: usize = 64;
/// How many deadlines are read at a time.
const BATCH: usize = 32;

impl<T: Config> Pallet<T> {
    /// The most that one deadline costs.
    pub(crate) fn worst_deadline() -> Weight {
        Self::deadline(T::MaxAsksPerModel::get())
    }

    /// What a deadline costs that so many asks were looked at for.
    pub(crate) fn deadline(asks: u32) -> Weight {
        T::WeightInfo::expire_assigned(asks).max(T::WeightInfo::expire_waiting()).max(T::WeightInfo::prune())
    }

    /// Let the deadline queue look at the job at `due` and no longer at the height it had before. The caller stores
    /// the job.
    pub(crate) fn set_due(id: JobId, job: &mut Job, due: Option<BlockNumber>) {
        if let Some(old) = job.due {
            Deadlines::<T>::remove(old, id);
        }
        if let Some(new) = due {
            Deadlines::<T>::insert(new, id, ());
        }
        job.due = due;
    }

    /// Pass what is due, as far as the weight goes.
    pub(crate) fn poll_deadlines(meter: &mut WeightMeter) {
        let now = Self::time();
        let mut height = DeadlineCursor::<T>::get();
        while height <= now && meter.try_consume(T::WeightInfo::visit_height()).is_ok() {
            if !Self::forget_demotions(height, meter) || !Self::pass_deadlines(height, meter) {
                break;
            }
            let Some(next) = height.checked_add(1) else {
                break;
            };
            height = next;
        }
        DeadlineCursor::<T>::put(height);
    }

    /// Pass the deadlines of one height. Returns whether none is left.
    pub(crate) fn pass_deadlines(height: BlockNumber, meter: &mut WeightMeter) -> bool {
        loop {
            let batch: Vec<JobId> = Deadlines::<T>::iter_key_prefix(height).take(BATCH).collect();
            if batch.is_empty() {
                return true;
            }
            for id in batch {
                if !meter.can_consume(Self::worst_deadline()) {
                    return false;
                }
                let visited = Self::pass_deadline(height, id);
                meter.consume(Self::deadline(visited));
            }
        }
    }

    /// One entry of the queue. Returns how many asks were looked at.
    fn pass_deadline(height: BlockNumber, id: JobId) -> u32 {
        Deadlines::<T>::remove(height, id);
        let Some(mut job) = Jobs::<T>::get(id).filter(|job| job.due == Some(height)) else {
            return 0;
        };
        job.due = None;
        match job.state.clone() {
            JobState::Pending { .. } => {
                Self::dequeue(&job.service, id);
                Self::close_unpaid(id, job, CloseReason::NoProvider, Default::default());
                0
            }
            JobState::Assigned(assignment) => {
                let failed = with_storage_layer(|| {
                    let penalty = T::LatePenalty::get();
                    let reason = CloseReason::ProviderLate;
                    Self::fail_attempt(id, job.clone(), &assignment, reason, penalty, Default::default())
                });
                failed.unwrap_or_else(|error| {
                    Self::abandon(id, job, &assignment, error);
                    0
                })
            }
            JobState::Closed(_) => {
                Self::prune(id, &job);
                0
            }
            JobState::Committed { .. } | JobState::Judged(_) => {
                defensive!("a job that waits for validators has no deadline here");
                Jobs::<T>::insert(id, job);
                0
            }
        }
    }

    /// Forget a closed job and give its deposit back.
    pub(crate) fn prune(id: JobId, job: &Job) {
        Jobs::<T>::remove(id);
        Orders::<T>::remove(id);
        Receipts::<T>::remove(id);
        JobsOf::<T>::remove(&job.requester, id);
        T::Audits::forget(id);
        Self::give_back(id, HoldReason::JobDeposit, &job.requester, job.deposit);
        Self::deposit_event(Event::JobPruned { job: id });
    }

    /// Go on over the ids of jobs that are gone.
    pub(crate) fn poll_oldest(meter: &mut WeightMeter) {
        let cost = T::DbWeight::get();
        if meter.try_consume(cost.reads_writes(2, 1)).is_err() {
            return;
        }
        let (oldest, end) = (OldestJob::<T>::get(), NextJobId::<T>::get());
        let mut next = oldest;
        for _ in 0..OLD_IDS {
            if next >= end || meter.try_consume(cost.reads(1)).is_err() || Jobs::<T>::contains_key(next) {
                break;
            }
            next = next.saturating_add(1);
        }
        if next != oldest {
            OldestJob::<T>::put(next);
        }
    }
}

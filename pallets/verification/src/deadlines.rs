//! The deadline queue: which audit has to be looked at when, in [time](strike_primitives::traits::Clock).
//!
//! It is worked off in order under a weight limit. Where the limit does not suffice the cursor lags and catches up
//! later; the periods themselves do not stretch, because calls compare with the time at which they end.

use crate::{weights::WeightInfo, Config, DeadlineCursor, Deadlines, Pallet};
use frame_support::{
    traits::Get,
    weights::{Weight, WeightMeter},
};
use strike_primitives::{BlockNumber, JobId};

impl<T: Config> Pallet<T> {
    /// Queue a look at the audit of `job` at time `due`, or as soon as possible if that has been worked off.
    pub(crate) fn schedule(job: JobId, due: BlockNumber) {
        Deadlines::<T>::insert(due.max(DeadlineCursor::<T>::get()), job, ());
    }

    /// Take it back.
    pub(crate) fn unschedule(job: JobId, due: BlockNumber) {
        Deadlines::<T>::remove(due, job);
    }

    /// Work off what is due, as far as this pallet's share of a block and what is left of it allow.
    pub(crate) fn drain_deadlines(remaining: &mut WeightMeter) {
        let mut meter = WeightMeter::with_limit(Self::hook_limit().min(remaining.remaining()));
        Self::drain_under(Self::time(), &mut meter);
        remaining.consume(meter.consumed());
    }

    /// The share of a block that the queue may use.
    pub(crate) fn hook_limit() -> Weight {
        let (share, block) = (T::HookShare::get(), T::BlockWeights::get().max_block);
        Weight::from_parts(share.mul_floor(block.ref_time()), share.mul_floor(block.proof_size()))
    }

    fn drain_under(time: BlockNumber, meter: &mut WeightMeter) {
        if meter.try_consume(T::WeightInfo::poll_base()).is_err() {
            return;
        }
        let start = DeadlineCursor::<T>::get();
        let mut due_at = start;
        while due_at <= time && meter.try_consume(T::WeightInfo::poll_height()).is_ok() {
            if !Self::drain_time(due_at, time, meter) {
                break;
            }
            due_at = due_at.saturating_add(1);
        }
        if due_at != start {
            DeadlineCursor::<T>::put(due_at);
        }
    }

    /// Whether nothing is left at `due_at`.
    pub(crate) fn drain_time(due_at: BlockNumber, time: BlockNumber, meter: &mut WeightMeter) -> bool {
        let mut due = Deadlines::<T>::drain_prefix(due_at);
        while meter.can_consume(T::WeightInfo::poll_audit()) {
            let Some((job, ())) = due.next() else { return true };
            meter.consume(T::WeightInfo::poll_audit());
            Self::on_deadline(job, time);
        }
        false
    }
}

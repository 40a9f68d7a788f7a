//! The share of a block that upkeep gets, and the constants that it needs.

use crate::{pallet::*, types::*, weights::WeightInfo};
use frame_support::{
    traits::Get,
    weights::{Weight, WeightMeter},
};
use sp_runtime::traits::{UniqueSaturatedInto, Zero};
use strike_primitives::{
    receipt::MAX_PAYMENTS,
    split::Served,
    traits::{Clock, MAX_VALIDATORS},
    BlockNumber,
};

impl<T: Config> Pallet<T> {
    /// Do what is due, as far as the weight goes.
    pub(crate) fn poll(meter: &mut WeightMeter) {
        let mut own = WeightMeter::with_limit(meter.remaining().min(Self::hook_limit()));
        if own.try_consume(T::WeightInfo::poll()).is_ok() {
            // Whoever goes first can use it all, so the first place goes round.
            let turn = Self::now() % 3;
            for step in 0..3u32 {
                match turn.saturating_add(step) % 3 {
                    0 => Self::poll_settlements(&mut own),
                    1 => Self::poll_deadlines(&mut own),
                    _ => Self::poll_waiting(&mut own),
                }
            }
            Self::poll_oldest(&mut own);
        }
        meter.consume(own.consumed());
    }

    /// The share of a block that upkeep may use.
    pub(crate) fn hook_limit() -> Weight {
        let (share, block) = (T::HookShare::get(), T::BlockWeights::get().max_block);
        Weight::from_parts(share.mul_floor(block.ref_time()), share.mul_floor(block.proof_size()))
    }

    /// Panics if the constants contradict each other. `try_state` checks periods that may follow the chain's timing.
    pub(crate) fn check_config() {
        assert!(!T::MinPrice::get().is_zero(), "a job must put something at risk");
        assert!(!T::MinDeadline::get().is_zero() && T::MinDeadline::get() <= T::MaxDeadline::get());
        assert!((1..=MAX_ATTEMPTS).contains(&u32::from(T::MaxAttempts::get())));
        assert!(T::FeeShares::get().served() == Served::NOTHING, "the market pays nobody else");
        assert!(T::LoadLimit::get() > 0 && !T::VisitEvery::get().is_zero());
        assert!(T::MaxCapacity::get() > 0 && T::MaxPending::get() > 0 && T::MaxMatches::get() > 0);
        assert!(MAX_ROYALTIES.saturating_add(MAX_VALIDATORS).saturating_add(2) <= MAX_PAYMENTS);
        // Every item of upkeep must fit, or it would wait for ever.
        let share = Self::hook_limit();
        let poll = T::WeightInfo::poll().saturating_add(T::WeightInfo::visit_height());
        for item in [Self::worst_settlement(), Self::worst_deadline(), Self::worst_visit()] {
            assert!(poll.saturating_add(item).all_lte(share), "HookShare is too small for one item: {item:?}");
        }
    }

    /// The height of the current block.
    pub(crate) fn now() -> BlockNumber {
        frame_system::Pallet::<T>::block_number().unique_saturated_into()
    }

    /// What deadlines are compared with.
    pub(crate) fn time() -> BlockNumber {
        T::Clock::time()
    }
}

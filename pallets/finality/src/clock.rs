//! Reports, and what they do to the clock.

use crate::{
    pallet::*,
    types::{quorum, Standing, Time},
};
use frame_support::{ensure, pallet_prelude::DispatchResult, traits::Get};
use strike_primitives::{
    timing::Timing,
    traits::{Clock, GetTiming},
    BlockNumber,
};

impl<T: Config> Pallet<T> {
    /// Enter the author's report.
    pub(crate) fn do_note_final(number: BlockNumber) -> DispatchResult {
        let now = Self::now();
        ensure!(number < now, Error::<T>::NumberTooHigh);
        LastReports::<T>::try_mutate(|reports| {
            ensure!(reports.reported_at != Some(now), Error::<T>::AlreadyReported);
            reports.reported_at = Some(now);
            if let Some(author) = T::Author::get() {
                reports.enter(author, number);
            }
            Ok(())
        })
    }

    /// The last block that is agreed to be final.
    pub fn last_final() -> BlockNumber {
        LastReports::<T>::get().last_final(quorum(T::Validators::get()))
    }

    /// Decide whether time goes on with the next block. Done at a block's end, so that it is one and the same for
    /// everything in a block, and for whoever looks at the state behind it.
    pub(crate) fn end_block() {
        let (now, limit) = (Self::now(), T::LagLimit::get());
        let (time, last_final) = (CurrentTime::<T>::get(), Self::last_final());
        let lags = now.saturating_sub(last_final) > limit;
        let next = match time.standing {
            None if lags => {
                Self::deposit_event(Event::TimeStopped { last_final });
                Time { standing: Some(Standing { since: now, kept_up: 0 }), ..time }
            }
            None => return,
            Some(standing) if lags => Time { standing: Some(Standing { kept_up: 0, ..standing }), ..time },
            Some(Standing { since, kept_up }) => {
                let kept_up = kept_up.saturating_add(1);
                if kept_up < limit {
                    Time { standing: Some(Standing { since, kept_up }), ..time }
                } else {
                    let stood_still = now.saturating_sub(since);
                    Self::deposit_event(Event::TimeResumed { stood_still });
                    Time { lost: time.lost.saturating_add(stood_still), standing: None }
                }
            }
        };
        if next != time {
            CurrentTime::<T>::put(next);
        }
    }
}

impl<T: Config> Clock for Pallet<T> {
    fn time() -> BlockNumber {
        CurrentTime::<T>::get().at(Self::now())
    }

    fn block_at(time: BlockNumber) -> BlockNumber {
        // Time is never above the block's number.
        time.saturating_add(Self::now().saturating_sub(Self::time()))
    }
}

impl<T: Config> GetTiming for Pallet<T> {
    fn timing() -> Timing {
        GenesisTiming::<T>::get()
    }
}

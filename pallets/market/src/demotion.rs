//! Providers that come behind others for a while, because their attempts failed.
//!
//! A demotion is of the account. It outlives its asks and its registration, else it could be washed off by coming anew.
//! It is forgotten when it says nothing any more: when it is over for as long as it lasted.

use crate::{pallet::*, types::*, weights::WeightInfo};
use alloc::vec::Vec;
use frame_support::{traits::Get, weights::WeightMeter};
use strike_primitives::{AccountId, BlockNumber};

/// How many ends are read at a time.
const BATCH: usize = 32;

impl<T: Config> Pallet<T> {
    /// Whether the provider comes behind others now.
    pub(crate) fn is_demoted(provider: &AccountId) -> bool {
        Demotions::<T>::get(provider).is_some_and(|demotion| Self::time() <= demotion.until)
    }

    /// An attempt failed by the provider's fault. A provider that fails again within one period after its last
    /// demotion ended is demoted for twice as long. What fails during a demotion, as all that runs on a machine that
    /// is down, adds nothing.
    pub(crate) fn demote(provider: &AccountId) {
        let now = Self::time();
        Demotions::<T>::mutate(provider, |demotion| {
            let period = match demotion {
                Some(last) if now <= last.until => return,
                Some(last) if now < last.forgotten_at() => last.period.saturating_mul(2).min(T::MaxDemotion::get()),
                _ => T::MinDemotion::get(),
            };
            if let Some(last) = demotion {
                DemotionEnds::<T>::remove(last.forgotten_at(), provider);
            }
            let next = Demotion { until: now.saturating_add(period), period };
            DemotionEnds::<T>::insert(next.forgotten_at(), provider, ());
            *demotion = Some(next);
        });
    }

    /// Forget the demotions whose last effect was before `time`. Returns whether none is left.
    pub(crate) fn forget_demotions(time: BlockNumber, meter: &mut WeightMeter) -> bool {
        loop {
            let batch: Vec<AccountId> = DemotionEnds::<T>::iter_key_prefix(time).take(BATCH).collect();
            if batch.is_empty() {
                return true;
            }
            for provider in batch {
                if meter.try_consume(T::WeightInfo::forget_demotion()).is_err() {
                    return false;
                }
                DemotionEnds::<T>::remove(time, &provider);
                Demotions::<T>::remove(&provider);
            }
        }
    }
}

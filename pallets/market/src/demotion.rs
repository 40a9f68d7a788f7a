//! Providers that come behind others for a while, because their attempts failed.

use crate::{pallet::*, types::*};
use frame_support::traits::Get;
use strike_primitives::AccountId;

impl<T: Config> Pallet<T> {
    /// Whether the provider comes behind others now.
    pub(crate) fn is_demoted(provider: &AccountId) -> bool {
        Demotions::<T>::get(provider).is_some_and(|demotion| Self::time() <= demotion.until)
    }

    /// An attempt failed by the provider's fault. A provider that fails again within one period after its last
    /// demotion ended is demoted for twice as long. What fails during a demotion, as all that runs on a machine that
    /// is down, adds nothing.
    pub(crate) fn demote(provider: &AccountId) {
        // Nothing is kept of those without asks.
        if !AskedServices::<T>::contains_key(provider) {
            return;
        }
        let now = Self::time();
        Demotions::<T>::mutate(provider, |demotion| {
            let period = match demotion {
                Some(last) if now <= last.until => return,
                Some(last) if now <= last.until.saturating_add(last.period) => {
                    last.period.saturating_mul(2).min(T::MaxDemotion::get())
                }
                _ => T::MinDemotion::get(),
            };
            *demotion = Some(Demotion { until: now.saturating_add(period), period });
        });
    }
}

//! Which ask gets a job.

use crate::{pallet::*, types::*};
use frame_support::traits::Get;
use strike_primitives::{
    job,
    traits::{Audits, Bonds, ProviderRegistry},
};

impl<T: Config> Pallet<T> {
    /// The cheapest ask that can take the job now, and how many asks were looked at. Demoted providers come behind all
    /// others, so that nobody who fails again and again keeps a service from those who would not.
    pub(crate) fn find_fit(demand: &Demand) -> (Option<Fit>, u32) {
        let (mut visited, mut demoted) = (0u32, None);
        for ask in Asks::<T>::get(demand.service) {
            visited = visited.saturating_add(1);
            // The list is sorted by price: where one ask is too dear, so are all that follow.
            let Some(max_fee) = job::fee(demand.max_units, ask.price).filter(|fee| *fee <= demand.max_price) else {
                break;
            };
            let in_time = demand.deadline >= ask.least_deadline(demand.max_units, T::MinDeadline::get());
            let at_risk = max_fee.max(T::MinAtRisk::get());
            let fit = Fit { provider: ask.provider, price: ask.price, max_fee, at_risk };
            if demand.max_units <= ask.max_units
                && in_time
                && !demand.failed.contains(&fit.provider)
                && Running::<T>::get((&fit.provider, demand.service)) < ask.capacity
            {
                let is_demoted = Self::is_demoted(&fit.provider);
                // Of the demoted ones the cheapest is enough.
                if (is_demoted && demoted.is_some()) || !Self::can_serve(demand, &fit) {
                    continue;
                }
                if !is_demoted {
                    return (Some(fit), visited);
                }
                demoted = Some(fit);
            }
        }
        (demoted, visited)
    }

    /// Whether the provider may and can take the job. Who would check or pay itself may not.
    fn can_serve(demand: &Demand, fit: &Fit) -> bool {
        let provider = &fit.provider;
        T::Providers::is_active(provider)
            && T::Providers::serves(provider, &demand.service.0)
            && demand
                .requester
                .is_none_or(|requester| requester != provider && !T::Providers::linked(provider, requester))
            && T::Bonds::available(provider) >= fit.at_risk
            && T::Audits::has_eligible_validator(provider)
    }
}

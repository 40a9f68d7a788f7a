//! Who may judge: the validators' app keys, session by session, and who of them is independent of a provider.

use crate::{
    types::{KeySet, PerValidator, Position, SessionValidator, SetId},
    Config, CurrentSet, KeySetUses, KeySets, OldestSet, Pallet, KEPT_SETS, LOG_TARGET,
};
use alloc::vec::Vec;
use frame_support::{defensive, traits::OneSessionHandler};
use sp_runtime::BoundToRuntimeAppPublic;
use strike_primitives::{
    app::AppKey,
    eligibility::eligible,
    traits::{Audits, ProviderRegistry, MAX_VALIDATORS},
    AccountId, JobId,
};

impl<T: Config> Pallet<T> {
    /// The validators of the running session.
    pub fn current_validators() -> KeySet {
        KeySets::<T>::get(CurrentSet::<T>::get()).unwrap_or_default()
    }

    /// Positions of those in `set` that may judge `provider`, by [`eligible`]; `None` where the provider's own links
    /// leave nobody to judge it.
    pub(crate) fn eligible_in(set: &KeySet, provider: &AccountId) -> Option<PerValidator<Position>> {
        let own = T::Providers::own_links(provider);
        let back = |validator: &SessionValidator| T::Providers::names(&validator.account, provider);
        let places = eligible(set, |validator| own(&validator.account), back)?;
        // No more than the set has, which is bounded by what a position can name.
        Some(PerValidator::truncate_from(places.filter_map(|place| place.try_into().ok()).collect()))
    }

    /// The validator `account` in `set`, with its position.
    pub(crate) fn validator_in<'s>(set: &'s KeySet, account: &AccountId) -> Option<(Position, &'s SessionValidator)> {
        (0u8..).zip(set.iter()).find(|(_, validator)| validator.account == *account)
    }

    /// An audit began to use a set.
    pub(crate) fn hold_set(set: SetId) {
        KeySetUses::<T>::mutate(set, |uses| *uses = uses.saturating_add(1));
    }

    /// An audit ended. Drops the oldest set if it is old enough and no longer used.
    pub(crate) fn release_set(set: SetId) {
        KeySetUses::<T>::mutate_exists(set, |uses| match uses.and_then(|uses| uses.checked_sub(1)) {
            Some(0) => *uses = None,
            Some(left) => *uses = Some(left),
            None => {
                defensive!("a set that is released was held");
            }
        });
        Self::prune_set();
    }

    /// Drop at most one set: the oldest, unless it is one of the last [`KEPT_SETS`] or an open audit uses it.
    fn prune_set() {
        let oldest = OldestSet::<T>::get();
        let old_enough = CurrentSet::<T>::get().checked_sub(oldest).is_some_and(|age| age >= KEPT_SETS);
        if old_enough && KeySetUses::<T>::get(oldest) == 0 {
            KeySets::<T>::remove(oldest);
            OldestSet::<T>::put(oldest.saturating_add(1));
        }
    }

    fn collect_set<'a>(validators: impl Iterator<Item = (&'a AccountId, AppKey)>) -> KeySet {
        let all: Vec<_> = validators.map(|(account, key)| SessionValidator { account: account.clone(), key }).collect();
        if all.len() > MAX_VALIDATORS as usize {
            log::warn!(target: LOG_TARGET, "{} validators; only the first {MAX_VALIDATORS} judge", all.len());
        }
        KeySet::truncate_from(all)
    }
}

impl<T: Config> BoundToRuntimeAppPublic for Pallet<T> {
    type Public = AppKey;
}

impl<T: Config> OneSessionHandler<AccountId> for Pallet<T> {
    type Key = AppKey;

    fn on_genesis_session<'a, I>(validators: I)
    where
        I: Iterator<Item = (&'a AccountId, AppKey)> + 'a,
    {
        KeySets::<T>::insert(CurrentSet::<T>::get(), Self::collect_set(validators));
    }

    /// Begins a new set where accounts or keys differ from the running one. `changed` also tells of changes that do not
    /// matter here, so the sets themselves are compared.
    fn on_new_session<'a, I>(_changed: bool, validators: I, _queued_validators: I)
    where
        I: Iterator<Item = (&'a AccountId, AppKey)> + 'a,
    {
        let set = Self::collect_set(validators);
        let current = CurrentSet::<T>::get();
        if KeySets::<T>::get(current).as_ref() == Some(&set) {
            return;
        }
        let Some(next) = current.checked_add(1) else {
            defensive!("there are fewer sessions than set ids");
            return;
        };
        KeySets::<T>::insert(next, set);
        CurrentSet::<T>::put(next);
        Self::prune_set();
    }

    fn on_disabled(_index: u32) {
        // A validator disabled in consensus loses nothing here: its verdict is one among a majority.
    }
}

impl<T: Config> Audits for Pallet<T> {
    fn has_eligible_validator(provider: &AccountId) -> bool {
        let (set, own) = (Self::current_validators(), T::Providers::own_links(provider));
        let back = |validator: &SessionValidator| T::Providers::names(&validator.account, provider);
        // The first one is enough.
        let places = eligible(&set, |validator| own(&validator.account), back);
        places.is_some_and(|mut places| places.next().is_some())
    }

    fn forget(job: JobId) {
        Self::forget_job(job);
    }
}

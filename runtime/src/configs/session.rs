//! `pallet-session`: the validators, and the keys their machines hold.

use super::offences::forget_session;
use crate::{
    constants::{currency::deposit, time::ANSWERABLE_SESSIONS},
    AccountId, Babe, Balance, Balances, Historical, Runtime, RuntimeCall, RuntimeEvent, SessionKeys,
};
use alloc::vec::Vec;
use frame_support::{parameter_types, traits::Contains};
use pallet_session::{historical, NextKeys, QueuedKeys};
use sp_runtime::traits::{ConvertInto, OpaqueKeys};
use sp_staking::SessionIndex;

parameter_types! {
    /// What a validator leaves on hold for its keys: the keys and an index entry for each of the four.
    pub const KeyDeposit: Balance = deposit(5, 5 * 4 * 32);
}

impl pallet_session::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type ValidatorId = AccountId;
    type ValidatorIdOf = ConvertInto;
    type ShouldEndSession = Babe;
    type NextSessionRotation = Babe;
    type SessionManager = historical::NoteHistoricalRoot<Runtime, GenesisValidators>;
    type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
    type Keys = SessionKeys;
    type DisablingStrategy = ();
    type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
    type Currency = Balances;
    type KeyDeposit = KeyDeposit;
}

/// Keeps the validators that genesis named; they may change their keys. Who gives its keys up (`session.purge_keys`) leaves for good, two
/// sessions later.
///
/// The validator set is given anew only when a validator's keys have changed or are gone: a new set makes `historical` note the
/// new keys, without which an equivocation by one of them could not be proven, and GRANDPA start a new set id, which
/// is not free.
pub struct GenesisValidators;

type Identified = (AccountId, ());

impl pallet_session::SessionManager<AccountId> for GenesisValidators {
    fn new_session(new_index: SessionIndex) -> Option<Vec<AccountId>> {
        let validators = <Self as historical::SessionManager<AccountId, ()>>::new_session(new_index)?;
        Some(validators.into_iter().map(|(validator, ())| validator).collect())
    }

    fn new_session_genesis(new_index: SessionIndex) -> Option<Vec<AccountId>> {
        let validators = <Self as historical::SessionManager<AccountId, ()>>::new_session_genesis(new_index)?;
        Some(validators.into_iter().map(|(validator, ())| validator).collect())
    }

    fn start_session(_: SessionIndex) {}

    fn end_session(end_index: SessionIndex) {
        let answerable_from = end_index.saturating_sub(ANSWERABLE_SESSIONS);
        Historical::prune_up_to(answerable_from);
        if let Some(session) = answerable_from.checked_sub(1) {
            forget_session(session);
        }
    }
}

impl historical::SessionManager<AccountId, ()> for GenesisValidators {
    fn new_session(_: SessionIndex) -> Option<Vec<Identified>> {
        // Bounded: the queue holds one entry a validator of the session that starts.
        let queued = QueuedKeys::<Runtime>::get();
        let mut changed = false;
        let mut staying = Vec::new();
        for (validator, keys) in queued {
            let next = NextKeys::<Runtime>::get(&validator);
            changed |= next.as_ref() != Some(&keys);
            // `pallet-session` leaves out whoever has no keys, and says that nothing has changed.
            if next.is_some() {
                staying.push((validator, ()));
            }
        }
        changed.then_some(staying)
    }

    fn new_session_genesis(_: SessionIndex) -> Option<Vec<Identified>> {
        // Genesis has set the keys of its validators, and nothing else, at this point. The map's order is that of
        // the keys' hashes; a sorted list is the same on every machine and to every reader.
        let mut validators: Vec<_> = NextKeys::<Runtime>::iter_keys().collect();
        validators.sort();
        Some(validators.into_iter().map(|validator| (validator, ())).collect())
    }

    fn start_session(_: SessionIndex) {}

    fn end_session(end_index: SessionIndex) {
        <Self as pallet_session::SessionManager<AccountId>>::end_session(end_index);
    }
}

/// Refuses `session.purge_keys` where one validator alone has keys for the next session: without validators there are no blocks.
pub struct LastValidatorStays;

impl Contains<RuntimeCall> for LastValidatorStays {
    fn contains(call: &RuntimeCall) -> bool {
        if !matches!(call, RuntimeCall::Session(pallet_session::Call::purge_keys {})) {
            return true;
        }
        // Two reads where nobody has left.
        let queued = QueuedKeys::<Runtime>::get();
        queued.iter().filter(|(validator, _)| NextKeys::<Runtime>::contains_key(validator)).nth(1).is_some()
    }
}

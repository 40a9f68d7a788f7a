//! `pallet-session`'s `historical`: proofs that a key belonged to a validator in an earlier session.

use crate::{AccountId, Runtime, RuntimeEvent};
use sp_runtime::traits::Convert;

impl pallet_session::historical::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type FullIdentification = ();
    type FullIdentificationOf = AccountOnly;
}

/// A validator is identified by its account alone: exposure is looked up when an offence is dealt with.
pub struct AccountOnly;

impl Convert<AccountId, Option<()>> for AccountOnly {
    fn convert(_: AccountId) -> Option<()> {
        Some(())
    }
}

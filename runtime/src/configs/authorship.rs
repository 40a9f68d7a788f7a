//! `pallet-authorship`: which account authored this block.

use crate::{Babe, Runtime};

impl pallet_authorship::Config for Runtime {
    type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Babe>;
    type EventHandler = ();
}

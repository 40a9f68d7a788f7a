//! `pallet-authority-discovery`: the keys under which validators publish their network addresses.

use super::babe::MaxAuthorities;
use crate::Runtime;

impl pallet_authority_discovery::Config for Runtime {
    type MaxAuthorities = MaxAuthorities;
}

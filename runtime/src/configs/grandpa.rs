//! `pallet-grandpa`: who votes on finality.

use super::{
    babe::{MaxAuthorities, MaxNominators},
    offences::{OncePerSession, ReportOnce},
    timing::ReportLongevity,
};
use crate::{constants::time::ANSWERABLE_SESSIONS, Historical, Runtime, RuntimeEvent};
use frame_support::traits::ConstU64;

impl pallet_grandpa::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
    type MaxAuthorities = MaxAuthorities;
    type MaxNominators = MaxNominators;
    type MaxSetIdSessionEntries = ConstU64<{ ANSWERABLE_SESSIONS as u64 }>;
    type KeyOwnerProof = sp_session::MembershipProof;
    type EquivocationReportSystem =
        OncePerSession<pallet_grandpa::EquivocationReportSystem<Self, ReportOnce, Historical, ReportLongevity>>;
}

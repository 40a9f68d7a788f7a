//! `pallet-babe`: who may author in which slot.

use super::{
    offences::{OncePerSession, ReportOnce},
    timing::{ReportLongevity, SessionSlots},
};
use crate::{
    constants::time::{PRIMARY_PROBABILITY, SLOT_DURATION_MILLIS},
    Historical, Runtime, Session,
};
use frame_support::traits::{ConstU32, ConstU64};
use sp_consensus_babe::{AllowedSlots, BabeEpochConfiguration};
use strike_primitives::traits::MAX_VALIDATORS;

/// The most validators a session can have: as many as can check one job. It bounds everything that is done for each
/// of them at a session's turn.
pub type MaxAuthorities = ConstU32<MAX_VALIDATORS>;
/// Delegations are pooled: an offence is dealt with without walking delegators.
pub type MaxNominators = ConstU32<0>;

/// BABE from genesis on: every slot has a secondary author besides the lottery, and both prove their draw by VRF, so
/// that each block adds to the chain's randomness.
pub const GENESIS_EPOCH_CONFIG: BabeEpochConfiguration =
    BabeEpochConfiguration { c: PRIMARY_PROBABILITY, allowed_slots: AllowedSlots::PrimaryAndSecondaryVRFSlots };

impl pallet_babe::Config for Runtime {
    type EpochDuration = SessionSlots;
    type ExpectedBlockTime = ConstU64<SLOT_DURATION_MILLIS>;
    // Epochs turn with sessions, so that the session's keys are BABE's authorities.
    type EpochChangeTrigger = pallet_babe::ExternalTrigger;
    type DisabledValidators = Session;
    type WeightInfo = ();
    type MaxAuthorities = MaxAuthorities;
    type MaxNominators = MaxNominators;
    type KeyOwnerProof = sp_session::MembershipProof;
    type EquivocationReportSystem =
        OncePerSession<pallet_babe::EquivocationReportSystem<Self, ReportOnce, Historical, ReportLongevity>>;
}

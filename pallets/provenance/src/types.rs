//! What is stored of an artifact.

use crate::Config;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::Get, BoundedVec, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound};
use scale_info::TypeInfo;
use sp_runtime::Perbill;
use strike_primitives::{AccountId, Balance, BlockNumber};

/// A registered artifact.
#[derive(
    CloneNoBound,
    PartialEqNoBound,
    EqNoBound,
    DebugNoBound,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
#[scale_info(skip_type_params(MaxName))]
#[codec(mel_bound())]
pub struct Artifact<MaxName: Get<u32>> {
    /// Its owner.
    pub owner: AccountId,
    /// Who may become its owner by accepting.
    pub offered_to: Option<AccountId>,
    /// Its name: UTF-8, not empty, no control characters.
    pub name: BoundedVec<u8, MaxName>,
    /// Its size in bytes.
    pub size: u64,
    /// The owner's share of the fee of a job that runs it.
    pub royalty: Perbill,
    /// What the owner has on hold for it.
    pub deposit: Balance,
    /// Block of the registration.
    pub registered_at: BlockNumber,
}

/// An artifact as the runtime stores it.
pub type ArtifactOf<T> = Artifact<<T as Config>::MaxName>;

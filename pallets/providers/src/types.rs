//! What is stored of a provider.

use crate::Config;
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::Get, BoundedVec, CloneNoBound, DebugNoBound, EqNoBound, PartialEqNoBound};
use scale_info::TypeInfo;
use sp_runtime::{ArithmeticError, DispatchResult};
use strike_primitives::{app::AppKey, artifact::ArtifactId, AccountId, Balance, BlockNumber};

/// A registered provider.
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
#[scale_info(skip_type_params(MaxModels, MaxLinked))]
#[codec(mel_bound())]
pub struct Provider<MaxModels: Get<u32>, MaxLinked: Get<u32>> {
    /// Its bond; always what is on hold.
    pub bond: Balance,
    /// The part of the bond that backs jobs.
    pub reserved: Balance,
    /// The key it signs commitments with.
    pub app_key: AppKey,
    /// The models it serves: at least one, each once.
    pub models: BoundedVec<ArtifactId, MaxModels>,
    /// Accounts of the same operator, each once.
    pub linked: BoundedVec<AccountId, MaxLinked>,
    /// Whether it stays.
    pub state: ProviderState,
}

/// A provider as the runtime stores it.
pub type ProviderOf<T> = Provider<<T as Config>::MaxModels, <T as Config>::MaxLinked>;

/// A provider of the genesis block: account, bond, app key, models served, linked accounts.
pub type GenesisProvider = (AccountId, Balance, AppKey, Vec<ArtifactId>, Vec<AccountId>);

/// Whether a provider stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum ProviderState {
    /// It takes jobs, as far as its bond allows.
    #[codec(index = 0)]
    Active,
    /// It takes no more jobs.
    #[codec(index = 1)]
    Leaving {
        /// First block in which it can withdraw.
        withdrawable_at: BlockNumber,
    },
}

impl<MaxModels: Get<u32>, MaxLinked: Get<u32>> Provider<MaxModels, MaxLinked> {
    /// Whether it takes new jobs, where `min_bond` is the smallest bond to do so.
    pub fn is_active(&self, min_bond: Balance) -> bool {
        self.state == ProviderState::Active && self.bond >= min_bond
    }

    /// The part of the bond that backs no job.
    pub fn unreserved(&self) -> Balance {
        // Never more is reserved than bonded.
        self.bond.saturating_sub(self.reserved)
    }

    /// Note that `amount` of the reserved part left the hold.
    pub(crate) fn lower(&mut self, amount: Balance) -> DispatchResult {
        let bond = self.bond.checked_sub(amount).ok_or(ArithmeticError::Underflow)?;
        let reserved = self.reserved.checked_sub(amount).ok_or(ArithmeticError::Underflow)?;
        self.bond = bond;
        self.reserved = reserved;
        Ok(())
    }
}

//! What attestations weigh: all together for one attempt, which the order pays, and those of one block, which leave the
//! rest of it to transactions with fees.

use crate::{weights::WeightInfo, BlockAttestations, Config, Pallet};
use frame_support::{
    ensure,
    pallet_prelude::{InvalidTransaction, TransactionSource, TransactionValidityError},
    traits::Get,
    weights::Weight,
};
use strike_primitives::traits::Attestations;

impl<T: Config> Pallet<T> {
    /// What a commitment weighs, with its transaction.
    pub(crate) fn commit_weight() -> Weight {
        Self::transaction(T::WeightInfo::commit(), T::WeightInfo::authorize_commit())
    }

    /// What a seal weighs, with its transaction.
    pub(crate) fn seal_weight() -> Weight {
        Self::transaction(T::WeightInfo::seal(), T::WeightInfo::authorize_seal())
    }

    /// What a reveal weighs, with its transaction.
    pub(crate) fn reveal_weight() -> Weight {
        Self::transaction(T::WeightInfo::reveal(), T::WeightInfo::authorize_reveal())
    }

    fn transaction(call: Weight, authorization: Weight) -> Weight {
        call.saturating_add(authorization).saturating_add(T::AttestationOverhead::get())
    }

    /// What the attestations of a block may weigh together, in picoseconds.
    pub(crate) fn attestation_limit() -> u64 {
        T::AttestationShare::get().mul_floor(T::BlockWeights::get().max_block.ref_time())
    }

    /// Whether the block has room for another attestation. Asked in blocks alone: an author goes on to other
    /// transactions, and the pool keeps the attestation for a later block.
    pub(crate) fn ensure_room(source: TransactionSource, weight: Weight) -> Result<(), TransactionValidityError> {
        if source == TransactionSource::InBlock {
            let used = BlockAttestations::<T>::get().saturating_add(weight.ref_time());
            ensure!(used <= Self::attestation_limit(), InvalidTransaction::ExhaustsResources);
        }
        Ok(())
    }

    /// An attestation is in the block.
    pub(crate) fn count_attestation(weight: Weight) {
        BlockAttestations::<T>::mutate(|used| *used = used.saturating_add(weight.ref_time()));
    }
}

impl<T: Config> Attestations for Pallet<T> {
    fn validators() -> u32 {
        // At most `MAX_VALIDATORS`.
        Self::current_validators().len() as u32
    }

    /// A validator that is silent saves more than the deadline costs that comes instead.
    fn weight() -> Weight {
        let validators = u64::from(<Self as Attestations>::validators());
        let verdict = Self::seal_weight().saturating_add(Self::reveal_weight());
        Self::commit_weight().saturating_add(verdict.saturating_mul(validators))
    }
}

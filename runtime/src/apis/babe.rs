//! `BabeApi`: how blocks are drawn, and proofs against who draws two at once.

use crate::{
    configs::{babe::GENESIS_EPOCH_CONFIG, timing::SessionSlots},
    Babe, Block, Historical,
};
use codec::Encode;
use frame_support::traits::{Get, KeyOwnerProofSystem};
use sp_consensus_babe::{
    AuthorityId, BabeConfiguration, EquivocationProof, OpaqueKeyOwnershipProof as OpaqueProof, KEY_TYPE,
};
use sp_runtime::traits::Block as BlockT;

/// What a node draws slots with.
pub(super) fn configuration() -> BabeConfiguration {
    let epoch = Babe::epoch_config().unwrap_or(GENESIS_EPOCH_CONFIG);
    BabeConfiguration {
        slot_duration: Babe::slot_duration(),
        epoch_length: SessionSlots::get(),
        c: epoch.c,
        authorities: Babe::authorities().to_vec(),
        randomness: Babe::randomness(),
        allowed_slots: epoch.allowed_slots,
    }
}

/// That the key is a validator's in this session.
pub(super) fn key_ownership_proof(authority: AuthorityId) -> Option<OpaqueProof> {
    Historical::prove((KEY_TYPE, authority)).map(|proof| OpaqueProof::new(proof.encode()))
}

/// Submits a report of this node's, for its own block.
pub(super) fn report_equivocation(
    proof: EquivocationProof<<Block as BlockT>::Header>,
    key_owner: OpaqueProof,
) -> Option<()> {
    Babe::submit_unsigned_equivocation_report(proof, key_owner.decode()?)
}

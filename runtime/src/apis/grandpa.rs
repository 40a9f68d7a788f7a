//! `GrandpaApi`: proofs against who votes twice.

use crate::{Block, Grandpa, Historical};
use codec::Encode;
use frame_support::traits::KeyOwnerProofSystem;
use sp_consensus_grandpa::{AuthorityId, EquivocationProof, OpaqueKeyOwnershipProof as OpaqueProof, KEY_TYPE};
use sp_runtime::traits::{Block as BlockT, NumberFor};

/// That the key is a validator's in this session.
pub(super) fn key_ownership_proof(authority: AuthorityId) -> Option<OpaqueProof> {
    Historical::prove((KEY_TYPE, authority)).map(|proof| OpaqueProof::new(proof.encode()))
}

/// Submits a report of this node's, for its own block.
pub(super) fn report_equivocation(
    proof: EquivocationProof<<Block as BlockT>::Hash, NumberFor<Block>>,
    key_owner: OpaqueProof,
) -> Option<()> {
    Grandpa::submit_unsigned_equivocation_report(proof, key_owner.decode()?)
}

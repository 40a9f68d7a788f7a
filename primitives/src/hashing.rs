//! Domain-separated hashing: `docs/protocol.md`, "Hashing".

use alloc::vec::Vec;
use codec::Encode;
use sp_core::H256;

/// Every domain tag in use. No two purposes share one.
pub mod domain {
    /// Leaf of a Merkle tree.
    pub const LEAF: &[u8] = b"strike/1/leaf";
    /// Inner node of a Merkle tree.
    pub const NODE: &[u8] = b"strike/1/node";
    /// The tree of nothing.
    pub const EMPTY: &[u8] = b"strike/1/empty";
    /// Typed root over a tree's top: binds kind and length.
    pub const ROOT: &[u8] = b"strike/1/root";
    /// What is ordered, independent of who asked: [`crate::job::spec_hash`].
    pub const SPEC: &[u8] = b"strike/1/spec";
    /// A job's seed: [`crate::job::seed`].
    pub const SEED: &[u8] = b"strike/1/seed";
    /// What a commitment binds: [`crate::commitment::job_root`].
    pub const JOB: &[u8] = b"strike/1/job";
    /// Hash of a commitment: [`crate::commitment::Commitment::hash`].
    pub const COMMITMENT: &[u8] = b"strike/1/commitment";
    /// A sealed verdict: [`crate::verdict::seal`].
    pub const SEAL: &[u8] = b"strike/1/seal";
    /// Salt of a sealed verdict: [`crate::verdict::salt_input`].
    pub const SALT: &[u8] = b"strike/1/salt";
    /// The trace cell a work tag is made of: [`crate::verdict::work_cell`].
    pub const WORK_CELL: &[u8] = b"strike/1/work-cell";
    /// A work tag: [`crate::verdict::work_tag`].
    pub const WORK_TAG: &[u8] = b"strike/1/work-tag";
    /// The rolling beacon: [`crate::verdict::next_beacon`].
    pub const BEACON: &[u8] = b"strike/1/beacon";
    /// Hash of a receipt: [`crate::receipt::Receipt::hash`].
    pub const RECEIPT: &[u8] = b"strike/1/receipt";
    /// Where the nodes of a provider are found: [`crate::blob::provider_place`].
    pub const PROVIDER_NODE: &[u8] = b"strike/1/provider-node";
    /// Where the nodes are found that an input was left at: [`crate::blob::input_place`].
    pub const INPUT_NODE: &[u8] = b"strike/1/input-node";
    /// Signed payload of a commitment.
    pub const SIGN_COMMIT: &[u8] = b"strike/1/sign/commit";
    /// Signed payload of a sealed verdict.
    pub const SIGN_SEAL: &[u8] = b"strike/1/sign/seal";
    /// Signed payload of a revealed verdict.
    pub const SIGN_REVEAL: &[u8] = b"strike/1/sign/reveal";
    /// Signed proof that a provider holds its app key.
    pub const SIGN_APP_KEY: &[u8] = b"strike/1/sign/app-key";
}

/// `tag.len() as u8 ‖ tag ‖ SCALE(value)`: the bytes hashed or signed under a domain tag.
pub fn tagged<T: Encode>(tag: &[u8], value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(tag.len().saturating_add(1).saturating_add(value.size_hint()));
    // Tags are constants of this module, all shorter than 256 bytes.
    bytes.push(tag.len() as u8);
    bytes.extend_from_slice(tag);
    value.encode_to(&mut bytes);
    bytes
}

/// `blake2b-256` of [`tagged`]. Fixed-size values and raw byte arrays encode as themselves.
pub fn hash<T: Encode>(tag: &[u8], value: &T) -> H256 {
    H256(sp_crypto_hashing::blake2_256(&tagged(tag, value)))
}

/// `blake2b-256` of `tag.len() as u8 ‖ tag ‖ bytes`, without a length prefix on `bytes`.
pub fn hash_bytes(tag: &[u8], bytes: &[u8]) -> H256 {
    let mut input = Vec::with_capacity(tag.len().saturating_add(1).saturating_add(bytes.len()));
    input.push(tag.len() as u8);
    input.extend_from_slice(tag);
    input.extend_from_slice(bytes);
    H256(sp_crypto_hashing::blake2_256(&input))
}

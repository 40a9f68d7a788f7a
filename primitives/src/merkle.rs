//! Binary Merkle trees: `docs/protocol.md`, "Merkle trees".
//!
//! Leaves and nodes are hashed under different tags; a level is paired from the left and an odd last node moves up as
//! it is. The top alone is not a root: a root binds kind and length with it ([`crate::artifact::typed_root`]), so
//! trees of different lengths never share one.

use crate::hashing::{domain, hash, hash_bytes};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;
use sp_core::H256;

/// Bytes of a file that make one leaf; the last may be shorter.
pub const CHUNK_SIZE: usize = 65_536;

/// Hash of one leaf.
pub fn leaf(data: &[u8]) -> H256 {
    hash_bytes(domain::LEAF, data)
}

/// Hash of an inner node.
pub fn node(left: &H256, right: &H256) -> H256 {
    hash(domain::NODE, &(left, right))
}

fn parent_level(level: &[H256]) -> Vec<H256> {
    level
        .chunks(2)
        .filter_map(|pair| match pair {
            [left, right] => Some(node(left, right)),
            [odd] => Some(*odd),
            _ => None,
        })
        .collect()
}

/// Top of the tree over `leaves`, which are leaf hashes.
pub fn top(leaves: &[H256]) -> H256 {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        level = parent_level(&level);
    }
    level.first().copied().unwrap_or_else(|| hash_bytes(domain::EMPTY, &[]))
}

/// Leaf hashes of a file's chunks. An empty file has none.
pub fn chunk_leaves(bytes: &[u8]) -> Vec<H256> {
    bytes.chunks(CHUNK_SIZE).map(leaf).collect()
}

/// The siblings from a leaf up to the top. Levels at which the node moves up alone have none.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Proof {
    /// Position of the leaf, from 0.
    pub index: u64,
    /// Number of leaves in the tree.
    pub count: u64,
    /// Siblings, lowest level first.
    pub siblings: Vec<H256>,
}

/// Proof for the leaf at `index`, or `None` where there is no such leaf.
pub fn prove(leaves: &[H256], index: usize) -> Option<Proof> {
    if index >= leaves.len() {
        return None;
    }
    let mut siblings = Vec::new();
    let mut level = leaves.to_vec();
    let mut position = index;
    while level.len() > 1 {
        if let Some(sibling) = level.get(position ^ 1) {
            siblings.push(*sibling);
        }
        level = parent_level(&level);
        position /= 2;
    }
    Some(Proof { index: index as u64, count: leaves.len() as u64, siblings })
}

/// The top that `proof` leads to from `leaf`, or `None` if the proof has the wrong shape.
pub fn top_from_proof(leaf: H256, proof: &Proof) -> Option<H256> {
    if proof.index >= proof.count {
        return None;
    }
    let (mut position, mut count, mut current) = (proof.index, proof.count, leaf);
    let mut siblings = proof.siblings.iter();
    while count > 1 {
        let last = count.checked_sub(1)?;
        if position % 2 == 1 {
            current = node(siblings.next()?, &current);
        } else if position < last {
            current = node(&current, siblings.next()?);
        }
        position /= 2;
        count = count.div_ceil(2);
    }
    siblings.next().is_none().then_some(current)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaves(count: usize) -> Vec<H256> {
        (0..count).map(|i| leaf(&(i as u64).to_le_bytes())).collect()
    }

    proptest! {
        #[test]
        fn every_leaf_is_proved(count in 1usize..200, pick in any::<prop::sample::Index>()) {
            let leaves = leaves(count);
            let index = pick.index(count);
            let proof = prove(&leaves, index).unwrap();
            prop_assert_eq!(top_from_proof(leaves[index], &proof), Some(top(&leaves)));
        }

        #[test]
        fn another_leaf_or_place_is_refused(count in 2usize..100, pick in any::<prop::sample::Index>(), other in any::<prop::sample::Index>()) {
            let leaves = leaves(count);
            let (index, other) = (pick.index(count), other.index(count));
            prop_assume!(index != other);
            let proof = prove(&leaves, index).unwrap();
            prop_assert_ne!(top_from_proof(leaves[other], &proof), Some(top(&leaves)));
            let moved = Proof { index: other as u64, ..proof };
            prop_assert_ne!(top_from_proof(leaves[index], &moved), Some(top(&leaves)));
        }
    }

    #[test]
    fn a_node_is_no_leaf() {
        let pair = leaves(2);
        let mut bytes = Vec::new();
        bytes.extend_from_slice(pair[0].as_bytes());
        bytes.extend_from_slice(pair[1].as_bytes());
        assert_ne!(leaf(&bytes), top(&pair));
    }

    #[test]
    fn proofs_of_the_wrong_shape_are_refused() {
        let leaves = leaves(5);
        let proof = prove(&leaves, 2).unwrap();
        let mut longer = proof.clone();
        longer.siblings.push(H256::zero());
        let mut shorter = proof.clone();
        shorter.siblings.pop();
        let outside = Proof { index: 5, ..proof };
        for wrong in [longer, shorter, outside] {
            assert_eq!(top_from_proof(leaves[2], &wrong), None);
        }
        assert_eq!(prove(&leaves, 5), None);
    }
}

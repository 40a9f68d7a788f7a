//! Artifacts: files and bundles of files named by a typed Merkle root (`docs/protocol.md`, "Artifacts").

use crate::{
    hashing::{domain, hash},
    merkle,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::H256;

/// What a root is the root of. The kind is hashed into the root, so one kind's root is never another's.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactKind {
    /// One file, as it is.
    #[codec(index = 0)]
    File,
    /// Named files: how a model with its configuration and tokenizer is registered.
    #[codec(index = 1)]
    Bundle,
    /// Tensors and their rows, whichever container they came in. Reserved for the exact class.
    #[codec(index = 2)]
    Weights,
    /// Training or evaluation data. Reserved.
    #[codec(index = 3)]
    Dataset,
    /// A low-rank adapter. Reserved.
    #[codec(index = 4)]
    Adapter,
    /// An output: token ids, or vectors.
    #[codec(index = 5)]
    Output,
}

/// A typed root: names an artifact on chain.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
pub struct ArtifactId {
    /// What it is.
    pub kind: ArtifactKind,
    /// Its root, which binds the kind and the length.
    pub root: H256,
}

/// `H(ROOT, kind ‖ length ‖ top)`. `length` counts bytes for files and outputs, entries for bundles.
pub fn typed_root(kind: ArtifactKind, length: u64, top: H256) -> H256 {
    hash(domain::ROOT, &(kind, length, top))
}

/// Root of a file's bytes, in chunks of [`merkle::CHUNK_SIZE`].
pub fn file_root(bytes: &[u8]) -> H256 {
    typed_root(ArtifactKind::File, bytes.len() as u64, merkle::top(&merkle::chunk_leaves(bytes)))
}

/// Root of an output's bytes, which are chunked as a file's are.
pub fn output_bytes_root(bytes: &[u8]) -> H256 {
    typed_root(ArtifactKind::Output, bytes.len() as u64, merkle::top(&merkle::chunk_leaves(bytes)))
}

/// Root of a generated output: of the little-endian bytes of its token ids.
pub fn output_root(tokens: &[u32]) -> H256 {
    output_bytes_root(&output_bytes(tokens))
}

/// Token ids as the bytes that [`output_root`] is over.
pub fn output_bytes(tokens: &[u32]) -> Vec<u8> {
    tokens.iter().flat_map(|token| token.to_le_bytes()).collect()
}

/// One file of a bundle.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode)]
pub struct BundleEntry {
    /// File name, UTF-8, below the bundle's folder: `/` stands between the parts of a path.
    pub name: Vec<u8>,
    /// Length in bytes.
    pub length: u64,
    /// [`file_root`] of the content.
    pub root: H256,
}

/// The artifact of named files: leaves are the SCALE-encoded entries in ascending order of their names.
pub fn bundle(mut entries: Vec<BundleEntry>) -> ArtifactId {
    entries.sort();
    let leaves: Vec<H256> = entries.iter().map(|entry| merkle::leaf(&entry.encode())).collect();
    ArtifactId {
        kind: ArtifactKind::Bundle,
        root: typed_root(ArtifactKind::Bundle, leaves.len() as u64, merkle::top(&leaves)),
    }
}

/// The artifact of named files, from their contents.
pub fn bundle_of<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> ArtifactId {
    let entry = |(name, bytes): (&str, &[u8])| BundleEntry {
        name: name.as_bytes().to_vec(),
        length: bytes.len() as u64,
        root: file_root(bytes),
    };
    bundle(files.into_iter().map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_and_length_are_bound() {
        let top = merkle::top(&[]);
        assert_ne!(typed_root(ArtifactKind::File, 0, top), typed_root(ArtifactKind::Output, 0, top));
        assert_ne!(file_root(&[0]), file_root(&[0, 0]));
        assert_ne!(file_root(&1u32.to_le_bytes()), output_root(&[1]));
    }

    #[test]
    fn bundles_do_not_depend_on_the_order_given() {
        let entry =
            |name: &str| BundleEntry { name: name.as_bytes().to_vec(), length: 1, root: file_root(name.as_bytes()) };
        assert_eq!(bundle(alloc::vec![entry("a"), entry("b")]), bundle(alloc::vec![entry("b"), entry("a")]));
        assert_ne!(bundle(alloc::vec![entry("a"), entry("b")]), bundle(alloc::vec![entry("a")]));
    }
}

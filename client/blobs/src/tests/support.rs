//! Stores and blobs of several chunks.

use crate::{message::Request, BlobStore, Limits};
use sp_core::H256;
use std::{path::Path, sync::Arc};
use strike_primitives::{
    artifact::{file_root, ArtifactKind},
    merkle::CHUNK_SIZE,
};

pub const LIMITS: Limits =
    Limits { blob: 64 * CHUNK_SIZE as u64, disk: 2 * Limits::cost(64 * CHUNK_SIZE as u64), files: 1_000 };

pub fn store(dir: &Path) -> Arc<BlobStore> {
    Arc::new(BlobStore::open(dir, LIMITS).unwrap())
}

/// Bytes of which no two chunks are the same; `seed` makes another blob.
pub fn blob(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8 ^ (at / CHUNK_SIZE) as u8 ^ seed).collect()
}

/// A blob of so many whole chunks and some bytes, and its root.
pub fn chunks_and_some(chunks: usize, seed: u8) -> (Vec<u8>, H256) {
    let bytes = blob(chunks * CHUNK_SIZE + 77, seed);
    let root = file_root(&bytes);
    (bytes, root)
}

pub fn request(root: H256, first: u64, count: u32) -> Request {
    Request { kind: ArtifactKind::File, root, first, count }
}

//! What nodes ask each other for blobs, what they answer, and what breaks the rules: `docs/protocol.md`, "Blobs".

use codec::{Decode, Encode};
use sp_core::H256;
use strike_primitives::{
    artifact::{typed_root, ArtifactKind},
    merkle::{self, top_from_proof, CHUNK_SIZE},
};

/// Most chunks of one response.
pub const MAX_CHUNKS: u32 = 16;
/// Most bytes of an encoded request.
pub const MAX_REQUEST: u64 = 64;
/// Most bytes of an encoded response: its chunks, each with its proof, and some for lengths.
pub const MAX_RESPONSE: u64 = MAX_CHUNKS as u64 * (CHUNK_SIZE as u64 + MAX_SIBLINGS * 32 + 16) + 64;
/// Levels of the largest tree that a `u64` of leaves can have.
const MAX_SIBLINGS: u64 = 64;

/// A request for chunks in a row.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Request {
    /// Kind of the blob.
    pub kind: ArtifactKind,
    /// Root of the blob.
    pub root: H256,
    /// Number of the first chunk, from 0.
    pub first: u64,
    /// How many chunks, at most [`MAX_CHUNKS`]; 0 asks only whether the blob is there.
    pub count: u32,
}

/// The answer to a [`Request`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Response {
    /// The blob, or that part of it, is not there.
    #[codec(index = 0)]
    Absent,
    /// The node has given as much as it gives for now: ask again later, or somebody else.
    #[codec(index = 1)]
    Busy,
    /// Chunks from the first one asked for: at least one where one was asked for and the blob has any.
    #[codec(index = 2)]
    Chunks(Chunks),
}

/// Chunks in a row, with their proofs.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Chunks {
    /// Length of the whole blob in bytes.
    pub length: u64,
    /// The chunks.
    pub chunks: Vec<Chunk>,
}

/// A chunk and the siblings that lead from it to the top of the blob's tree.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Chunk {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The siblings, lowest level first.
    pub siblings: Vec<H256>,
}

/// How many chunks a blob of `length` bytes has.
pub fn chunk_count(length: u64) -> u64 {
    length.div_ceil(CHUNK_SIZE as u64)
}

/// How many bytes chunk number `index` of a blob of `length` bytes has.
fn chunk_length(length: u64, index: u64) -> u64 {
    length.saturating_sub(index.saturating_mul(CHUNK_SIZE as u64)).min(CHUNK_SIZE as u64)
}

/// Chunks in a row that were proved against the root of their blob, and with them its length.
#[derive(Debug)]
pub struct Proved {
    pub(crate) first: u64,
    pub(crate) length: u64,
    pub(crate) chunks: Vec<Vec<u8>>,
}

impl Proved {
    /// The chunks of an answer to `request`, if every one of them belongs at its place in the blob; `None` if the
    /// answer proves nothing. Each chunk is proved by itself, so nothing is taken on the word of a peer, its length
    /// included.
    pub fn new(request: &Request, answer: Chunks) -> Option<Self> {
        let Chunks { length, chunks } = answer;
        let count = chunk_count(length);
        if chunks.len() as u64 > u64::from(request.count) {
            return None;
        }
        if count == 0 {
            // Nothing but the root itself proves that there is nothing.
            let empty = typed_root(request.kind, 0, merkle::top(&[])) == request.root && chunks.is_empty();
            return empty.then_some(Self { first: 0, length: 0, chunks: Vec::new() });
        }
        if chunks.is_empty() {
            return None;
        }
        let mut proved = Vec::with_capacity(chunks.len());
        for (index, chunk) in (request.first..).zip(chunks) {
            if index >= count || chunk.bytes.len() as u64 != chunk_length(length, index) {
                return None;
            }
            let proof = merkle::Proof { index, count, siblings: chunk.siblings };
            let top = top_from_proof(merkle::leaf(&chunk.bytes), &proof)?;
            if typed_root(request.kind, length, top) != request.root {
                return None;
            }
            proved.push(chunk.bytes);
        }
        Some(Self { first: request.first, length, chunks: proved })
    }

    /// Length of the whole blob.
    pub fn length(&self) -> u64 {
        self.length
    }
}

/// What a peer did wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misconduct {
    /// It sent what no node sends that follows the protocol: have nothing to do with it any longer.
    Garbage,
    /// It says that it has what it then does not give: perhaps it is slow.
    Stall,
    /// It asks for more than it gets: harmless once, a nuisance if it goes on.
    Flood,
}

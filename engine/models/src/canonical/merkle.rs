//! Hashes and Merkle trees as `docs/protocol.md` ("Hashing", "Merkle trees") defines them, many inputs at once.

use blake2b_simd::many::{hash_many, HashManyJob};
use blake2b_simd::Params;
use rayon::prelude::*;

pub(crate) type Hash = [u8; 32];

/// What `H("strike/1/leaf", …)` hashes before the leaf's bytes.
pub(crate) const LEAF_PREFIX: &[u8; 14] = b"\x0dstrike/1/leaf";
const NODE_PREFIX: &[u8; 14] = b"\x0dstrike/1/node";
/// Prefix and two hashes.
const NODE_BYTES: usize = 14 + 64;
/// Inputs that are hashed by one call; more than the machine's lanes, few enough to stay in cache.
const BATCH: usize = 32;

fn params() -> Params {
    let mut params = Params::new();
    params.hash_length(32);
    params
}

fn bytes_of(hash: blake2b_simd::Hash) -> Hash {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.as_bytes());
    bytes
}

/// `H(tag, parts joined)`. Tags have fewer than 256 bytes.
pub(crate) fn tagged(tag: &str, parts: &[&[u8]]) -> Hash {
    let mut state = params().to_state();
    state.update(&[tag.len() as u8]).update(tag.as_bytes());
    for part in parts {
        state.update(part);
    }
    bytes_of(state.finalize())
}

/// A plain hash, for what is compared only with itself.
pub(crate) fn plain(bytes: &[u8]) -> Hash {
    bytes_of(params().hash(bytes))
}

/// A checksum of much data: BLAKE2bp, four lanes over one input.
pub(crate) fn checksum(bytes: &[u8]) -> Hash {
    bytes_of(blake2b_simd::blake2bp::Params::new().hash_length(32).hash(bytes))
}

/// Hashes of inputs of one length that stand one behind the other.
pub(crate) fn each_hash(inputs: &[u8], length: usize, hashes: &mut [Hash]) {
    let params = params();
    for (inputs, hashes) in inputs.chunks(length * BATCH).zip(hashes.chunks_mut(BATCH)) {
        let mut jobs: [_; BATCH] = std::array::from_fn(|_| HashManyJob::new(&params, &[]));
        let mut count = 0;
        for (job, input) in jobs.iter_mut().zip(inputs.chunks_exact(length)) {
            *job = HashManyJob::new(&params, input);
            count += 1;
        }
        hash_many(jobs[..count].iter_mut());
        for (hash, job) in hashes.iter_mut().zip(&jobs[..count]) {
            *hash = bytes_of(job.to_hash());
        }
    }
}

/// The top of the tree over these leaves' hashes.
pub(crate) fn top(mut level: Vec<Hash>) -> Hash {
    if level.is_empty() {
        return tagged("strike/1/empty", &[]);
    }
    while level.len() > 1 {
        let pairs = level.len() / 2;
        let mut above = vec![[0; 32]; pairs];
        above.par_chunks_mut(16 * BATCH).zip(level.par_chunks(32 * BATCH)).for_each(|(above, below)| {
            let mut inputs = [0; NODE_BYTES * BATCH];
            for (above, below) in above.chunks_mut(BATCH).zip(below.chunks(2 * BATCH)) {
                for (input, pair) in inputs.as_chunks_mut::<NODE_BYTES>().0.iter_mut().zip(below.as_chunks::<2>().0) {
                    input[..14].copy_from_slice(NODE_PREFIX);
                    input[14..].copy_from_slice(pair.as_flattened());
                }
                each_hash(&inputs[..NODE_BYTES * above.len()], NODE_BYTES, above);
            }
        });
        if level.len() % 2 == 1 {
            above.extend(level.last());
        }
        level = above;
    }
    level[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the protocol's text reads.
    fn reference(leaves: &[Hash]) -> Hash {
        let mut level = leaves.to_vec();
        while level.len() > 1 {
            level = level
                .chunks(2)
                .map(|pair| match pair {
                    [left, right] => tagged("strike/1/node", &[left, right]),
                    odd => odd[0],
                })
                .collect();
        }
        level[0]
    }

    #[test]
    fn trees_of_all_small_sizes_agree_with_the_reference() {
        let leaves: Vec<Hash> = (0..1300u32).map(|index| plain(&index.to_le_bytes())).collect();
        for count in (1..70).chain([1023, 1024, 1025, 1300]) {
            assert_eq!(top(leaves[..count].to_vec()), reference(&leaves[..count]), "{count}");
        }
    }

    #[test]
    fn many_hashes_are_the_single_ones() {
        let inputs: Vec<u8> = (0..200u8).cycle().take(37 * 50).collect();
        let mut hashes = vec![[0; 32]; 50];
        each_hash(&inputs, 37, &mut hashes);
        for (input, hash) in inputs.chunks(37).zip(hashes) {
            assert_eq!(plain(input), hash);
        }
    }
}

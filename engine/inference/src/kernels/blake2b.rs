//! BLAKE2b with 32 bytes of output (RFC 7693) of many messages of one length at a time: a trace hashes a few kilobytes for each
//! position and layer, and eight messages side by side fill the vectors of AVX-512.

use blake2b_simd::many::{hash_many, HashManyJob};
use blake2b_simd::Params;

use crate::isa::Isa;

/// A hash.
type Hash = [u8; 32];

/// Bytes that one step of the hash takes in.
const BLOCK: usize = 128;

/// Messages of one length and their hashes' tag, to be filled in and hashed together.
pub(crate) struct Messages {
    /// Bytes of a message: length of the tag, tag, data.
    length: usize,
    /// Bytes from one message to the next: whole blocks, filled up with zeros.
    stride: usize,
    /// Bytes before the data.
    prefix: usize,
    bytes: Vec<u8>,
}

impl Messages {
    /// `count` messages `H(tag, data)` of `docs/protocol.md`, with `data_length` zeros of data each.
    pub fn new(tag: &[u8], data_length: usize, count: usize) -> Self {
        let prefix = 1 + tag.len();
        let length = prefix + data_length;
        let stride = length.next_multiple_of(BLOCK);
        let mut bytes = vec![0; stride * count];
        for message in bytes.chunks_exact_mut(stride) {
            message[0] = tag.len() as u8;
            message[1..prefix].copy_from_slice(tag);
        }
        Self { length, stride, prefix, bytes }
    }

    /// The data of each message, to be written.
    pub fn data(&mut self) -> impl Iterator<Item = &mut [u8]> {
        let (prefix, length) = (self.prefix, self.length);
        self.bytes.chunks_exact_mut(self.stride).map(move |message| &mut message[prefix..length])
    }

    /// The hash of each message.
    pub fn hash(&self, isa: Isa) -> Vec<Hash> {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 | Isa::Avx512Vnni => {
                let mut hashes = Vec::with_capacity(self.bytes.len() / self.stride);
                for messages in self.bytes.chunks(self.stride * avx512::WAYS) {
                    // SAFETY: an `Isa` is only made for machines that have it, and the messages are as long as they say.
                    let eight = unsafe { avx512::hash(messages, self.stride, self.length) };
                    hashes.extend_from_slice(&eight[..messages.len() / self.stride]);
                }
                hashes
            }
            // The crate finds out by itself what the machine has.
            _ => {
                let mut params = Params::new();
                params.hash_length(32);
                let mut jobs: Vec<HashManyJob<'_>> = self
                    .bytes
                    .chunks_exact(self.stride)
                    .map(|message| HashManyJob::new(&params, &message[..self.length]))
                    .collect();
                hash_many(&mut jobs);
                let mut hash = [0; 32];
                let hashes = jobs.iter().map(|job| {
                    hash.copy_from_slice(job.to_hash().as_bytes());
                    hash
                });
                hashes.collect()
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::{Hash, BLOCK};

    /// Messages side by side.
    pub const WAYS: usize = 8;

    const IV: [u64; 8] = [
        0x6a09_e667_f3bc_c908,
        0xbb67_ae85_84ca_a73b,
        0x3c6e_f372_fe94_f82b,
        0xa54f_f53a_5f1d_36f1,
        0x510e_527f_ade6_82d1,
        0x9b05_688c_2b3e_6c1f,
        0x1f83_d9ab_fb41_bd6b,
        0x5be0_cd19_137e_2179,
    ];

    /// Parameters of a hash of 32 bytes without a key.
    const PARAMETERS: u64 = 0x0101_0020;

    /// A step of the function G of the RFC, on four columns or diagonals of the state at a time; a function would not be inlined.
    macro_rules! half {
        ($v:ident, $m:ident, [$($a:literal $b:literal $c:literal $d:literal $s:expr),*], $first:literal, $second:literal) => {
            $( $v[$a] = _mm512_add_epi64(_mm512_add_epi64($v[$a], $m[$s]), $v[$b]); )*
            $( $v[$d] = _mm512_ror_epi64::<$first>(_mm512_xor_si512($v[$d], $v[$a])); )*
            $( $v[$c] = _mm512_add_epi64($v[$c], $v[$d]); )*
            $( $v[$b] = _mm512_ror_epi64::<$second>(_mm512_xor_si512($v[$b], $v[$c])); )*
        };
    }

    /// Runs a round for each row of the message schedule.
    macro_rules! rounds {
        ($v:ident, $m:ident: $([$($s:literal),*])*) => { $( rounds!(@round $v, $m, $($s),*); )* };
        (@round $v:ident, $m:ident, $a:literal, $b:literal, $c:literal, $d:literal, $e:literal, $f:literal, $g:literal, $h:literal,
            $i:literal, $j:literal, $k:literal, $l:literal, $n:literal, $o:literal, $p:literal, $q:literal) => {
            half!($v, $m, [0 4 8 12 $a, 1 5 9 13 $c, 2 6 10 14 $e, 3 7 11 15 $g], 32, 24);
            half!($v, $m, [0 4 8 12 $b, 1 5 9 13 $d, 2 6 10 14 $f, 3 7 11 15 $h], 16, 63);
            half!($v, $m, [0 5 10 15 $i, 1 6 11 12 $k, 2 7 8 13 $n, 3 4 9 14 $p], 32, 24);
            half!($v, $m, [0 5 10 15 $j, 1 6 11 12 $l, 2 7 8 13 $o, 3 4 9 14 $q], 16, 63);
        };
    }

    /// Rows become columns.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn transposed(rows: [__m512i; 8]) -> [__m512i; 8] {
        let [a, b, c, d, e, f, g, h] = rows;
        // Pairs of words, then pairs of pairs, then halves.
        let (a, b) = (_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
        let (c, d) = (_mm512_unpacklo_epi64(c, d), _mm512_unpackhi_epi64(c, d));
        let (e, f) = (_mm512_unpacklo_epi64(e, f), _mm512_unpackhi_epi64(e, f));
        let (g, h) = (_mm512_unpacklo_epi64(g, h), _mm512_unpackhi_epi64(g, h));
        let even = |x, y| (_mm512_shuffle_i64x2::<0x88>(x, y), _mm512_shuffle_i64x2::<0xdd>(x, y));
        let ((ac, ac_odd), (eg, eg_odd)) = (even(a, c), even(e, g));
        let ((bd, bd_odd), (fh, fh_odd)) = (even(b, d), even(f, h));
        let ((w0, w4), (w2, w6)) = (even(ac, eg), even(ac_odd, eg_odd));
        let ((w1, w5), (w3, w7)) = (even(bd, fh), even(bd_odd, fh_odd));
        [w0, w1, w2, w3, w4, w5, w6, w7]
    }

    /// Hashes of up to eight messages of `length` bytes, one every `stride` bytes; those that are not there give hashes of no use.
    ///
    /// # Safety
    /// `messages` holds one to eight times `stride` bytes, `stride` whole blocks that hold `length` bytes, which is not 0, and
    /// zeros behind them.
    #[target_feature(enable = "avx512f")]
    pub unsafe fn hash(messages: &[u8], stride: usize, length: usize) -> [Hash; WAYS] {
        let count = messages.len() / stride;
        let mut h = IV.map(|word| _mm512_set1_epi64(word as i64));
        h[0] = _mm512_set1_epi64((IV[0] ^ PARAMETERS) as i64);
        let blocks = length.div_ceil(BLOCK);
        for block in 0..blocks {
            let mut m = [_mm512_setzero_si512(); 16];
            for half in 0..2 {
                let mut rows = [_mm512_setzero_si512(); 8];
                for (way, row) in rows.iter_mut().enumerate() {
                    let from = way.min(count - 1) * stride + block * BLOCK + half * 64;
                    // SAFETY: within the message, by the contract.
                    *row = unsafe { _mm512_loadu_si512(messages.as_ptr().add(from).cast()) };
                }
                m[half * 8..][..8].copy_from_slice(&transposed(rows));
            }
            let last = block + 1 == blocks;
            let counter = if last { length } else { (block + 1) * BLOCK };
            let mut v = [_mm512_setzero_si512(); 16];
            v[..8].copy_from_slice(&h);
            v[8..].copy_from_slice(&IV.map(|word| _mm512_set1_epi64(word as i64)));
            v[12] = _mm512_xor_si512(v[12], _mm512_set1_epi64(counter as i64));
            if last {
                v[14] = _mm512_xor_si512(v[14], _mm512_set1_epi64(-1));
            }
            rounds!(v, m:
                [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
                [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3]
                [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4]
                [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8]
                [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13]
                [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9]
                [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11]
                [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10]
                [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5]
                [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0]
                [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
                [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3]);
            for (word, h) in h.iter_mut().enumerate() {
                *h = _mm512_xor_si512(*h, _mm512_xor_si512(v[word], v[word + 8]));
            }
        }
        let mut hashes = [[0; 32]; WAYS];
        for (hash, row) in hashes.iter_mut().zip(transposed(h)) {
            // The first four words are the hash.
            // SAFETY: 32 bytes are written.
            unsafe { _mm256_storeu_si256(hash.as_mut_ptr().cast(), _mm512_castsi512_si256(row)) };
        }
        hashes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &[u8] = b"strike/1/a-tag-here";

    #[test]
    fn every_instruction_set_hashes_as_the_reference() {
        for isa in Isa::available() {
            for data_length in [0, 1, 90, 108, 109, 237, 256, 960, 963, 5000] {
                for count in [1, 2, 7, 8, 9, 16, 23] {
                    let mut messages = Messages::new(TAG, data_length, count);
                    for (index, data) in messages.data().enumerate() {
                        data.iter_mut()
                            .enumerate()
                            .for_each(|(at, byte)| *byte = (at * 31 + index * 7 + at / 251) as u8);
                    }
                    let reference = |data: &mut [u8]| {
                        let mut state = Params::new().hash_length(32).to_state();
                        state.update(&[TAG.len() as u8]).update(TAG).update(data);
                        state.finalize().as_bytes().try_into().unwrap()
                    };
                    let expected: Vec<Hash> = messages.data().map(reference).collect();
                    assert_eq!(messages.hash(isa), expected, "{isa:?}, {count} of {data_length}");
                }
            }
        }
    }
}

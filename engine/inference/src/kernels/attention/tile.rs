//! The loops of attention over one tile, in registers.
//!
//! A block of queries and vectors is worked on at once, so that what is loaded serves several products.

#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use strike_arithmetic::attention::TILE;

use super::call::{Heads, Query};
use crate::kernels::lanes::{self, exp, Lanes, LANES};

/// Up to so many queries keys and values are converted where they are used, not beforehand.
const DIRECT: usize = 6;

/// What a kernel reads: f32, or binary16 that it converts in registers.
trait Stored: Copy {
    /// Whether it comes from the cache of keys and values itself, out of far memory.
    const FAR: bool;
    /// # Safety
    /// As [`Lanes::load`].
    unsafe fn load<L: Lanes>(from: *const Self) -> L;
}

impl Stored for f32 {
    const FAR: bool = false;
    #[inline(always)]
    unsafe fn load<L: Lanes>(from: *const Self) -> L {
        // SAFETY: the caller's promise.
        unsafe { L::load(from) }
    }
}

impl Stored for u16 {
    const FAR: bool = true;
    #[inline(always)]
    unsafe fn load<L: Lanes>(from: *const Self) -> L {
        // SAFETY: the caller's promise.
        unsafe { L::load_half(from) }
    }
}

/// Rows of keys or values, `stride` numbers apart. `next` is what will be read next: fetched meanwhile if it is far.
#[derive(Clone, Copy)]
struct Rows<S> {
    at: *const S,
    next: *const S,
    stride: usize,
}

impl<S> Rows<S> {
    /// The same rows from a later number on.
    ///
    /// # Safety
    /// The rows have it.
    #[inline(always)]
    unsafe fn skip(self, number: usize) -> Self {
        // SAFETY: the caller's promise; what comes next is as long or the same.
        unsafe { Self { at: self.at.add(number), next: self.next.add(number), stride: self.stride } }
    }
}

/// One row of scores or weights for each query, `stride` numbers apart.
#[derive(Clone, Copy)]
pub(super) struct Scores {
    pub at: *mut f32,
    pub stride: usize,
}

impl Scores {
    /// The rows of later queries, from a later number on.
    ///
    /// # Safety
    /// There are so many.
    #[inline(always)]
    unsafe fn skip(self, query: usize, number: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self { at: self.at.add(query * self.stride + number), stride: self.stride } }
    }
}

/// Scores of all queries against the first `vectors` vectors of a tile's keys.
///
/// # Safety
/// `keys` is a whole tile, `converted` has as many numbers, and `to` a tile for each query.
#[inline(always)]
pub(super) unsafe fn score_tile<L: Lanes>(
    heads: &Heads<'_>,
    queries: &[Query],
    keys: &[u16],
    next: &[u16],
    vectors: usize,
    converted: &mut [f32],
    to: Scores,
) {
    // SAFETY: the caller's promise.
    unsafe {
        if queries.len() <= DIRECT {
            let rows = Rows { at: keys.as_ptr(), next: next.as_ptr(), stride: TILE };
            return score_all::<L, u16>(heads, queries, rows, vectors, to);
        }
        let panel = if L::WIDE { 4 } else { 2 };
        for first in (0..vectors).step_by(panel) {
            let count = (vectors - first).min(panel);
            // The panel's keys as `width` rows.
            for element in 0..heads.width {
                let from = keys.as_ptr().add(element * TILE + first * LANES);
                let row = converted.as_mut_ptr().add(element * panel * LANES);
                for vector in 0..count {
                    L::load_half(from.add(vector * LANES)).store(row.add(vector * LANES));
                }
            }
            let rows = Rows { at: converted.as_ptr(), next: converted.as_ptr(), stride: panel * LANES };
            score_all::<L, f32>(heads, queries, rows, count, to.skip(0, first * LANES));
        }
    }
}

/// Scores of all queries against `vectors` vectors of keys.
///
/// # Safety
/// `keys` holds `width` rows of that many vectors, and `to` as many for each query.
#[inline(always)]
unsafe fn score_all<L: Lanes, S: Stored>(
    heads: &Heads<'_>,
    queries: &[Query],
    keys: Rows<S>,
    vectors: usize,
    to: Scores,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut index = 0;
        while index < queries.len() {
            let group = &queries[index..];
            let to = to.skip(index, 0);
            index += match group.len() {
                1 => score_group::<L, S, 1>(heads, group, keys, vectors, to),
                2 => score_group::<L, S, 2>(heads, group, keys, vectors, to),
                3 => score_group::<L, S, 3>(heads, group, keys, vectors, to),
                4 => score_group::<L, S, 4>(heads, group, keys, vectors, to),
                5 => score_group::<L, S, 5>(heads, group, keys, vectors, to),
                _ => score_group::<L, S, 6>(heads, group, keys, vectors, to),
            };
        }
    }
}

/// Scores of the first `Q` queries; returns `Q`.
///
/// # Safety
/// As [`score_all`].
#[inline(always)]
unsafe fn score_group<L: Lanes, S: Stored, const Q: usize>(
    heads: &Heads<'_>,
    queries: &[Query],
    keys: Rows<S>,
    vectors: usize,
    to: Scores,
) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let mut at = 0;
        while at < vectors {
            let left = vectors - at;
            let many = if L::WIDE { 4 } else { 1 };
            let from = keys.at.add(at * LANES);
            // After the last vectors of this tile come the first of the next.
            let next = if left > many { from.add(many * LANES) } else { keys.next };
            let (keys, to) = (Rows { at: from, next, ..keys }, to.skip(0, at * LANES));
            at += match left {
                4.. if L::WIDE => score::<L, S, Q, 4>(heads, queries, keys, to),
                2.. if L::WIDE => score::<L, S, Q, 2>(heads, queries, keys, to),
                _ => score::<L, S, Q, 1>(heads, queries, keys, to),
            };
        }
    }
    Q
}

/// Scores of `Q` queries against `V` vectors of keys; returns `V`.
///
/// # Safety
/// As [`score_all`].
#[inline(always)]
unsafe fn score<L: Lanes, S: Stored, const Q: usize, const V: usize>(
    heads: &Heads<'_>,
    queries: &[Query],
    keys: Rows<S>,
    to: Scores,
) -> usize {
    // SAFETY: the caller's promise; offsets were checked on entry.
    unsafe {
        let mut elements = [std::ptr::null::<f32>(); Q];
        for query in 0..Q {
            elements[query] = heads.queries.as_ptr().add(queries[query].offset);
        }
        let mut sums = [[L::splat(0.0); V]; Q];
        let (mut key, mut ahead) = (keys.at, keys.next);
        for element in 0..heads.width {
            if S::FAR {
                L::prefetch(ahead);
                L::prefetch(ahead.wrapping_add(2 * LANES));
                ahead = ahead.wrapping_add(keys.stride);
            }
            let mut numbers = [L::splat(0.0); V];
            for vector in 0..V {
                numbers[vector] = S::load::<L>(key.add(vector * LANES));
            }
            for query in 0..Q {
                for vector in 0..V {
                    let product = numbers[vector].mul_by(elements[query], element);
                    sums[query][vector] = sums[query][vector].add(product);
                }
            }
            key = key.add(keys.stride);
        }
        let scale = L::splat(heads.scale);
        for query in 0..Q {
            for vector in 0..V {
                let mut score = sums[query][vector].mul(scale);
                if let Some(cap) = heads.cap {
                    score = lanes::soft_cap(score, L::splat(cap));
                }
                score.store(to.skip(query, vector * LANES).at);
            }
        }
    }
    V
}

/// Makes what a query does not see of a tile -infinity, as far as it shares vectors with what it sees, and enters its scores in the
/// largest of each lane.
///
/// # Safety
/// `scores` holds a tile, `maxima` a vector.
#[inline(always)]
pub(super) unsafe fn mask_and_max<L: Lanes>(scores: *mut f32, seen: Range<usize>, maxima: *mut f32) {
    // SAFETY: the caller's promise.
    unsafe {
        let (from, to) = (seen.start / LANES * LANES, seen.end.next_multiple_of(LANES));
        for hidden in (from..seen.start).chain(seen.end..to) {
            *scores.add(hidden) = f32::NEG_INFINITY;
        }
        let mut max = L::load(maxima);
        for at in (from..to).step_by(LANES) {
            let score = L::load(scores.add(at));
            max = L::select_below(max, score, score, max);
        }
        max.store(maxima);
    }
}

/// Scores of one tile to weights, in place: `exp(score - max)`, +0 where the query does not look; returns their sum.
///
/// # Safety
/// As [`Kernel::run`]; what shares vectors with `seen` is masked.
#[inline(always)]
pub(super) unsafe fn weigh<L: Lanes>(scores: &mut [f32], seen: Range<usize>, max: f32) -> f32 {
    let (from, to) = (seen.start / LANES * LANES, seen.end.next_multiple_of(LANES));
    scores[..from].fill(0.0);
    scores[to..].fill(0.0);
    // SAFETY: whole vectors within the tile.
    unsafe {
        let max = L::splat(max);
        let mut lanes = L::splat(0.0);
        for chunk in scores[from..to].as_chunks_mut::<LANES>().0 {
            let weight = exp(L::load(chunk.as_ptr()).sub(max));
            weight.store(chunk.as_mut_ptr());
            lanes = lanes.add(weight);
        }
        lanes.fold()
    }
}

/// Adds the weighted values of one tile to the sums of all queries. `next` is the tile that will be read next.
///
/// # Safety
/// `weights` holds a tile for each query; `values` and `next` are whole tiles of rows of whole vectors; `converted` has as many numbers;
/// `sums` holds a row for each query.
#[inline(always)]
pub(super) unsafe fn mix_tile<L: Lanes>(
    weights: Scores,
    used: usize,
    values: &[u16],
    next: &[u16],
    converted: &mut [f32],
    queries: usize,
    sums: *mut f32,
) {
    let stride = values.len() / TILE;
    // SAFETY: the caller's promise.
    unsafe {
        if queries <= DIRECT {
            let rows = Rows { at: values.as_ptr(), next: next.as_ptr(), stride };
            return mix_all::<L, u16>(weights, used, rows, queries, sums);
        }
        for chunk in (0..used * stride).step_by(LANES) {
            L::load_half(values.as_ptr().add(chunk)).store(converted.as_mut_ptr().add(chunk));
        }
        let rows = Rows { at: converted.as_ptr(), next: converted.as_ptr(), stride };
        mix_all::<L, f32>(weights, used, rows, queries, sums);
    }
}

/// As [`mix_tile`], from where the values are.
///
/// # Safety
/// `weights` holds a tile for each query, `values` holds `used` rows of whole vectors, `sums` a row of as many for each query.
#[inline(always)]
unsafe fn mix_all<L: Lanes, S: Stored>(weights: Scores, used: usize, values: Rows<S>, queries: usize, sums: *mut f32) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut index = 0;
        while index < queries {
            let (weights, sums) = (weights.skip(index, 0), sums.add(index * values.stride));
            index += match queries - index {
                1 => mix_group::<L, S, 1>(weights, used, values, sums),
                2 => mix_group::<L, S, 2>(weights, used, values, sums),
                3 => mix_group::<L, S, 3>(weights, used, values, sums),
                4 => mix_group::<L, S, 4>(weights, used, values, sums),
                5 => mix_group::<L, S, 5>(weights, used, values, sums),
                _ => mix_group::<L, S, 6>(weights, used, values, sums),
            };
        }
    }
}

/// The first `Q` queries of [`mix_all`]; returns `Q`.
///
/// # Safety
/// As [`mix_all`].
#[inline(always)]
unsafe fn mix_group<L: Lanes, S: Stored, const Q: usize>(
    weights: Scores,
    used: usize,
    values: Rows<S>,
    sums: *mut f32,
) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let mut element = 0;
        while element < values.stride {
            let left = values.stride - element;
            let (values, sums) = (values.skip(element), sums.add(element));
            element += match left / LANES {
                4.. if L::WIDE => mix::<L, S, Q, 4>(weights, used, values, sums),
                2.. if L::WIDE => mix::<L, S, Q, 2>(weights, used, values, sums),
                _ => mix::<L, S, Q, 1>(weights, used, values, sums),
            };
        }
    }
    Q
}

/// `V` vectors of the values for `Q` queries; returns their numbers.
///
/// # Safety
/// As [`mix_all`].
#[inline(always)]
unsafe fn mix<L: Lanes, S: Stored, const Q: usize, const V: usize>(
    weights: Scores,
    used: usize,
    values: Rows<S>,
    sums: *mut f32,
) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let mut rows = [weights.at.cast_const(); Q];
        for query in 0..Q {
            rows[query] = weights.skip(query, 0).at;
        }
        let mut tile = [[L::splat(0.0); V]; Q];
        let (mut value, mut ahead) = (values.at, values.next);
        for key in 0..used {
            if S::FAR {
                L::prefetch(ahead);
                L::prefetch(ahead.wrapping_add(2 * LANES));
                ahead = ahead.wrapping_add(values.stride);
            }
            let mut numbers = [L::splat(0.0); V];
            for vector in 0..V {
                numbers[vector] = S::load::<L>(value.add(vector * LANES));
            }
            for query in 0..Q {
                for vector in 0..V {
                    let product = numbers[vector].mul_by(rows[query], key);
                    tile[query][vector] = tile[query][vector].add(product);
                }
            }
            value = value.add(values.stride);
        }
        for query in 0..Q {
            for vector in 0..V {
                let sum = sums.add(query * values.stride + vector * LANES);
                L::load(sum).add(tile[query][vector]).store(sum);
            }
        }
    }
    V * LANES
}

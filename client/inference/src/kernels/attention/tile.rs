//! The loops of attention over one tile, in registers.
//!
//! A block of queries and vectors is worked on at once, so that what is loaded serves several products.

#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use strike_arithmetic::attention::TILE;

use super::{Heads, Query};
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

/// Scores of all queries against the first `vectors` vectors of a tile's keys.
///
/// # Safety
/// `keys` is a whole tile, `converted` has as many numbers, and `to` a tile for each query, `stride` apart.
#[inline(always)]
pub(super) unsafe fn score_tile<L: Lanes>(
    heads: &Heads<'_>,
    queries: &[Query],
    keys: &[u16],
    next: &[u16],
    vectors: usize,
    converted: &mut [f32],
    to: *mut f32,
    stride: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        if queries.len() <= DIRECT {
            return score_all::<L, u16>(heads, queries, keys.as_ptr(), next.as_ptr(), TILE, vectors, to, stride);
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
            let keys = converted.as_ptr();
            score_all::<L, f32>(heads, queries, keys, keys, panel * LANES, count, to.add(first * LANES), stride);
        }
    }
}

/// Scores of all queries against `vectors` vectors of keys.
///
/// # Safety
/// `keys` holds `width` rows of that many vectors, `row` numbers apart; `to` as many for each query, `stride` apart.
#[inline(always)]
unsafe fn score_all<L: Lanes, S: Stored>(
    heads: &Heads<'_>,
    queries: &[Query],
    keys: *const S,
    next: *const S,
    row: usize,
    vectors: usize,
    to: *mut f32,
    stride: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut index = 0;
        while index < queries.len() {
            let group = &queries[index..];
            let to = to.add(index * stride);
            index += match group.len() {
                1 => score_group::<L, S, 1>(heads, group, keys, next, row, vectors, to, stride),
                2 => score_group::<L, S, 2>(heads, group, keys, next, row, vectors, to, stride),
                3 => score_group::<L, S, 3>(heads, group, keys, next, row, vectors, to, stride),
                4 => score_group::<L, S, 4>(heads, group, keys, next, row, vectors, to, stride),
                5 => score_group::<L, S, 5>(heads, group, keys, next, row, vectors, to, stride),
                _ => score_group::<L, S, 6>(heads, group, keys, next, row, vectors, to, stride),
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
    keys: *const S,
    next: *const S,
    row: usize,
    vectors: usize,
    to: *mut f32,
    stride: usize,
) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let mut at = 0;
        while at < vectors {
            let (keys, to, left) = (keys.add(at * LANES), to.add(at * LANES), vectors - at);
            let many = if L::WIDE { 4 } else { 1 };
            let next = if left > many { keys.add(many * LANES) } else { next };
            at += match left {
                4.. if L::WIDE => score::<L, S, Q, 4>(heads, queries, keys, next, row, to, stride),
                2.. if L::WIDE => score::<L, S, Q, 2>(heads, queries, keys, next, row, to, stride),
                _ => score::<L, S, Q, 1>(heads, queries, keys, next, row, to, stride),
            };
        }
    }
    Q
}

/// Scores of `Q` queries against `V` vectors of keys; returns `V`. `next` is what will be read next.
///
/// # Safety
/// As [`score_all`].
#[inline(always)]
unsafe fn score<L: Lanes, S: Stored, const Q: usize, const V: usize>(
    heads: &Heads<'_>,
    queries: &[Query],
    keys: *const S,
    next: *const S,
    row: usize,
    to: *mut f32,
    stride: usize,
) -> usize {
    // SAFETY: the caller's promise; offsets were checked on entry.
    unsafe {
        let mut elements = [std::ptr::null::<f32>(); Q];
        for query in 0..Q {
            elements[query] = heads.queries.as_ptr().add(queries[query].offset);
        }
        let mut sums = [[L::splat(0.0); V]; Q];
        let (mut key, mut ahead) = (keys, next);
        for element in 0..heads.width {
            if S::FAR {
                L::prefetch(ahead);
                L::prefetch(ahead.wrapping_add(2 * LANES));
                ahead = ahead.wrapping_add(row);
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
            key = key.add(row);
        }
        let scale = L::splat(heads.scale);
        for query in 0..Q {
            for vector in 0..V {
                let mut score = sums[query][vector].mul(scale);
                if let Some(cap) = heads.cap {
                    score = lanes::soft_cap(score, L::splat(cap));
                }
                score.store(to.add(query * stride + vector * LANES));
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
/// `weights` holds a tile for each query, `stride` apart; `values` and `next` are whole tiles of rows of `width` numbers, whole vectors;
/// `converted` has as many numbers; `sums` holds a row for each query.
#[allow(clippy::too_many_arguments)]
#[inline(always)]
pub(super) unsafe fn mix_tile<L: Lanes>(
    weights: *const f32,
    stride: usize,
    used: usize,
    values: &[u16],
    next: &[u16],
    converted: &mut [f32],
    width: usize,
    queries: usize,
    sums: *mut f32,
) {
    // SAFETY: the caller's promise.
    unsafe {
        if queries <= DIRECT {
            let (values, next) = (values.as_ptr(), next.as_ptr());
            return mix_all::<L, u16>(weights, stride, used, values, next, width, queries, sums);
        }
        for chunk in (0..used * width).step_by(LANES) {
            L::load_half(values.as_ptr().add(chunk)).store(converted.as_mut_ptr().add(chunk));
        }
        let values = converted.as_ptr();
        mix_all::<L, f32>(weights, stride, used, values, values, width, queries, sums);
    }
}

/// As [`mix_tile`], from where the values are.
///
/// # Safety
/// `weights` holds a tile for each query, `stride` apart; `values` holds `used` rows of `width` numbers, whole vectors; `sums` a row
/// of as many for each query.
#[inline(always)]
unsafe fn mix_all<L: Lanes, S: Stored>(
    weights: *const f32,
    stride: usize,
    used: usize,
    values: *const S,
    next: *const S,
    width: usize,
    queries: usize,
    sums: *mut f32,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut index = 0;
        while index < queries {
            let (weights, sums) = (weights.add(index * stride), sums.add(index * width));
            index += match queries - index {
                1 => mix_group::<L, S, 1>(weights, stride, used, values, next, width, sums),
                2 => mix_group::<L, S, 2>(weights, stride, used, values, next, width, sums),
                3 => mix_group::<L, S, 3>(weights, stride, used, values, next, width, sums),
                4 => mix_group::<L, S, 4>(weights, stride, used, values, next, width, sums),
                5 => mix_group::<L, S, 5>(weights, stride, used, values, next, width, sums),
                _ => mix_group::<L, S, 6>(weights, stride, used, values, next, width, sums),
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
    weights: *const f32,
    stride: usize,
    used: usize,
    values: *const S,
    next: *const S,
    width: usize,
    sums: *mut f32,
) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let mut element = 0;
        while element < width {
            let (values, next, sums) = (values.add(element), next.add(element), sums.add(element));
            element += match (width - element) / LANES {
                4.. if L::WIDE => mix::<L, S, Q, 4>(weights, stride, used, values, next, width, sums),
                2.. if L::WIDE => mix::<L, S, Q, 2>(weights, stride, used, values, next, width, sums),
                _ => mix::<L, S, Q, 1>(weights, stride, used, values, next, width, sums),
            };
        }
    }
    Q
}

/// `V` vectors of the values for `Q` queries; returns their numbers. `next` is what will be read next.
///
/// # Safety
/// As [`mix_all`].
#[inline(always)]
unsafe fn mix<L: Lanes, S: Stored, const Q: usize, const V: usize>(
    weights: *const f32,
    stride: usize,
    used: usize,
    values: *const S,
    next: *const S,
    width: usize,
    sums: *mut f32,
) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let mut rows = [weights; Q];
        for query in 0..Q {
            rows[query] = weights.add(query * stride);
        }
        let mut tile = [[L::splat(0.0); V]; Q];
        let (mut value, mut ahead) = (values, next);
        for key in 0..used {
            if S::FAR {
                L::prefetch(ahead);
                L::prefetch(ahead.wrapping_add(2 * LANES));
                ahead = ahead.wrapping_add(width);
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
            value = value.add(width);
        }
        for query in 0..Q {
            for vector in 0..V {
                let sum = sums.add(query * width + vector * LANES);
                L::load(sum).add(tile[query][vector]).store(sum);
            }
        }
    }
    V * LANES
}

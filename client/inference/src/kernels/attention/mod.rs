//! Attention of a few queries of one key head over tiles of keys: `docs/arithmetic.md`, "Attention".
//!
//! Scores have keys as lanes, values have elements as lanes; queries are only grouped so that a loaded key or value serves
//! several of them. The tiles are those of absolute positions, so neither the grouping nor the length of a prompt shows.

#![allow(clippy::needless_range_loop)]

use strike_arithmetic::attention::TILE;

use super::lanes::{self, exp, run, Kernel, Lanes, LANES};
use crate::isa::Isa;

/// One tile of the cache of one key head.
#[derive(Clone, Copy)]
pub(crate) struct TileView<'a> {
    /// Binary16 keys, element by element: `width` rows of 128 positions.
    pub keys: &'a [u16],
    /// Binary16 values: 128 rows of [`padded`] elements.
    pub values: &'a [u16],
}

/// Elements of a row of values: the head's, and zeros up to whole vectors.
pub(crate) const fn padded(width: usize) -> usize {
    width.next_multiple_of(LANES)
}

/// A query and the keys it sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query {
    /// Where its elements begin in the queries, and its result in the output.
    pub offset: usize,
    /// First position it sees.
    pub first: usize,
    /// The position after the last.
    pub end: usize,
}

/// Working memory of one thread.
#[derive(Default)]
pub(crate) struct Scratch {
    scores: Vec<f32>,
    converted: Vec<f32>,
    maxima: Vec<f32>,
    totals: Vec<f32>,
    sums: Vec<f32>,
}

/// What all queries of a call share.
#[derive(Clone, Copy)]
pub(crate) struct Heads<'a> {
    /// Elements of a head.
    pub width: usize,
    /// Factor of the scores.
    pub scale: f32,
    /// Soft cap of the scores.
    pub cap: Option<f32>,
    /// Queries after the rotary embedding.
    pub queries: &'a [f32],
}

/// Most queries of one call.
pub(crate) const MAX_QUERIES: usize = 48;

/// Up to so many queries keys and values are converted where they are used, not beforehand.
const DIRECT: usize = 6;

/// Attends with up to [`MAX_QUERIES`] queries to `tiles`, which begin with the tile of the lowest `first`. `output` receives
/// `width` numbers for each query, in their order.
pub(crate) fn attend<'a>(
    isa: Isa,
    heads: Heads<'_>,
    queries: &[Query],
    first_tile: usize,
    tiles: &dyn Fn(usize) -> TileView<'a>,
    scratch: &mut Scratch,
    output: &mut [f32],
) {
    assert!(queries.len() <= MAX_QUERIES && output.len() == queries.len() * heads.width);
    assert!(queries.iter().all(|query| query.first < query.end && query.offset + heads.width <= heads.queries.len()));
    run(isa, Attend { heads, queries, first_tile, tiles, scratch, output });
}

struct Attend<'a, 'b> {
    heads: Heads<'a>,
    queries: &'a [Query],
    first_tile: usize,
    tiles: &'a dyn Fn(usize) -> TileView<'b>,
    scratch: &'a mut Scratch,
    output: &'a mut [f32],
}

impl Kernel for Attend<'_, '_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { heads, queries, first_tile, tiles, scratch, output } = self;
        let width = heads.width;
        let stored = padded(width);
        let end = queries.iter().map(|query| query.end).max().unwrap_or(0);
        let last_tile = end.div_ceil(TILE);
        let stride = (last_tile - first_tile) * TILE;
        let Scratch { scores, converted, maxima, totals, sums } = scratch;
        scores.resize(queries.len() * stride, 0.0);
        converted.resize(TILE * stored, 0.0);
        maxima.clear();
        maxima.resize(queries.len() * LANES, f32::NEG_INFINITY);
        totals.clear();
        totals.resize(queries.len(), 0.0);
        sums.clear();
        sums.resize(queries.len() * stored, 0.0);
        // SAFETY: offsets within the tile's `width * TILE` elements, and within the scratch sized above.
        unsafe {
            for tile in first_tile..last_tile {
                let (view, start) = (tiles(tile), tile * TILE);
                assert!(view.keys.len() == TILE * width);
                let vectors = (end - start).min(TILE).div_ceil(LANES);
                let to = scores.as_mut_ptr().add(start - first_tile * TILE);
                score_tile::<L>(&heads, queries, view.keys, vectors, converted, to, stride);
                for (index, query) in queries.iter().enumerate() {
                    if let Some(seen) = query.seen(start) {
                        let maxima = maxima.as_mut_ptr().add(index * LANES);
                        mask_and_max::<L>(to.add(index * stride), seen, maxima);
                    }
                }
            }
            // The first numbers now hold one maximum a query; what they held was read before.
            for index in 0..queries.len() {
                maxima[index] = largest(maxima, index);
            }
            for tile in first_tile..last_tile {
                let (view, start) = (tiles(tile), tile * TILE);
                assert!(view.values.len() == TILE * stored);
                let used = (end - start).min(TILE);
                let weights = scores.as_mut_ptr().add(start - first_tile * TILE);
                for (index, query) in queries.iter().enumerate() {
                    let weights = std::slice::from_raw_parts_mut(weights.add(index * stride), TILE);
                    match query.seen(start) {
                        Some(seen) => totals[index] += weigh::<L>(weights, seen, maxima[index]),
                        None => weights.fill(0.0),
                    }
                }
                let sums = sums.as_mut_ptr();
                if queries.len() <= DIRECT {
                    mix_all::<L, u16>(weights, stride, used, view.values.as_ptr(), stored, queries.len(), sums);
                    continue;
                }
                for chunk in (0..used * stored).step_by(LANES) {
                    L::load_half(view.values.as_ptr().add(chunk)).store(converted.as_mut_ptr().add(chunk));
                }
                mix_all::<L, f32>(weights, stride, used, converted.as_ptr(), stored, queries.len(), sums);
            }
            for ((output, sums), total) in output.chunks_exact_mut(width).zip(sums.chunks_exact_mut(stored)).zip(totals) {
                let total = L::splat(*total);
                for chunk in (0..stored).step_by(LANES) {
                    let sum = sums.as_mut_ptr().add(chunk);
                    L::load(sum).div(total).store(sum);
                }
                output.copy_from_slice(&sums[..width]);
            }
        }
    }
}

impl Query {
    /// The part of the tile at `start` that the query sees, from the tile's begin.
    #[inline(always)]
    fn seen(&self, start: usize) -> Option<std::ops::Range<usize>> {
        let (first, end) = (self.first.max(start), self.end.min(start + TILE));
        (first < end).then(|| first - start..end - start)
    }
}

/// What a kernel reads: f32, or binary16 that it converts in registers.
trait Stored: Copy {
    /// # Safety
    /// As [`Lanes::load`].
    unsafe fn load<L: Lanes>(from: *const Self) -> L;
}

impl Stored for f32 {
    #[inline(always)]
    unsafe fn load<L: Lanes>(from: *const Self) -> L {
        // SAFETY: the caller's promise.
        unsafe { L::load(from) }
    }
}

impl Stored for u16 {
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
unsafe fn score_tile<L: Lanes>(
    heads: &Heads<'_>,
    queries: &[Query],
    keys: &[u16],
    vectors: usize,
    converted: &mut [f32],
    to: *mut f32,
    stride: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        if queries.len() <= DIRECT {
            return score_all::<L, u16>(heads, queries, keys.as_ptr(), TILE, vectors, to, stride);
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
            score_all::<L, f32>(heads, queries, keys, panel * LANES, count, to.add(first * LANES), stride);
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
                1 => score_group::<L, S, 1>(heads, group, keys, row, vectors, to, stride),
                2 => score_group::<L, S, 2>(heads, group, keys, row, vectors, to, stride),
                4 if L::WIDE => score_group::<L, S, 4>(heads, group, keys, row, vectors, to, stride),
                5 if L::WIDE => score_group::<L, S, 5>(heads, group, keys, row, vectors, to, stride),
                6.. if L::WIDE => score_group::<L, S, 6>(heads, group, keys, row, vectors, to, stride),
                _ => score_group::<L, S, 3>(heads, group, keys, row, vectors, to, stride),
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
    row: usize,
    vectors: usize,
    to: *mut f32,
    stride: usize,
) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let mut at = 0;
        while at < vectors {
            let (keys, to) = (keys.add(at * LANES), to.add(at * LANES));
            at += match vectors - at {
                4.. if L::WIDE => score::<L, S, Q, 4>(heads, queries, keys, row, to, stride),
                1 => score::<L, S, Q, 1>(heads, queries, keys, row, to, stride),
                _ => score::<L, S, Q, 2>(heads, queries, keys, row, to, stride),
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
    keys: *const S,
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
        let mut key = keys;
        for element in 0..heads.width {
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
unsafe fn mask_and_max<L: Lanes>(scores: *mut f32, seen: std::ops::Range<usize>, maxima: *mut f32) {
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

/// The largest of the lanes of a query.
fn largest(maxima: &[f32], query: usize) -> f32 {
    let lanes = &maxima[query * LANES..][..LANES];
    lanes.iter().fold(f32::NEG_INFINITY, |max, score| if max < *score { *score } else { max })
}

/// Scores of one tile to weights, in place: `exp(score - max)`, +0 where the query does not look; returns their sum.
///
/// # Safety
/// As [`Kernel::run`]; what shares vectors with `seen` is masked.
#[inline(always)]
unsafe fn weigh<L: Lanes>(scores: &mut [f32], seen: std::ops::Range<usize>, max: f32) -> f32 {
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

/// Adds the weighted values of one tile to the sums of all queries.
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
                1 => mix_group::<L, S, 1>(weights, stride, used, values, width, sums),
                2 => mix_group::<L, S, 2>(weights, stride, used, values, width, sums),
                4 if L::WIDE => mix_group::<L, S, 4>(weights, stride, used, values, width, sums),
                5 if L::WIDE => mix_group::<L, S, 5>(weights, stride, used, values, width, sums),
                6.. if L::WIDE => mix_group::<L, S, 6>(weights, stride, used, values, width, sums),
                _ => mix_group::<L, S, 3>(weights, stride, used, values, width, sums),
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
    width: usize,
    sums: *mut f32,
) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let mut element = 0;
        while element < width {
            let (values, sums) = (values.add(element), sums.add(element));
            element += match (width - element) / LANES {
                4.. if L::WIDE => mix::<L, S, Q, 4>(weights, stride, used, values, width, sums),
                1 => mix::<L, S, Q, 1>(weights, stride, used, values, width, sums),
                _ => mix::<L, S, Q, 2>(weights, stride, used, values, width, sums),
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
    weights: *const f32,
    stride: usize,
    used: usize,
    values: *const S,
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
        let mut value = values;
        for key in 0..used {
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

#[cfg(test)]
mod tests;

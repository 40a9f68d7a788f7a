//! Attention of one query over tiles of keys: `docs/arithmetic.md`, "Attention".

use alloc::vec;
use alloc::vec::Vec;

use crate::functions::{exp, soft_cap};
use crate::half::f16_to_f32;
use crate::norm::lane_sum;
use crate::Float;

/// Keys of one tile. Tiles begin at absolute positions that are multiples of it.
pub const TILE: usize = 128;

/// Keys and values of one head as binary16 bits, one row of `width` a position, from position 0.
#[derive(Clone, Copy, Debug)]
pub struct Cache<'a> {
    /// Keys after the rotary embedding.
    pub keys: &'a [u16],
    /// Values.
    pub values: &'a [u16],
    /// Elements of a row.
    pub width: usize,
}

/// What one query head computes on the way to its output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps<F> {
    /// Scores of the positions `first..end`, after the scale and the cap.
    pub scores: Vec<F>,
    /// The largest score, the first in order among equals.
    pub maximum: F,
    /// `exp(score - maximum)` of the positions `first..end`.
    pub weights: Vec<F>,
    /// Sum of the weights over all tiles.
    pub total: F,
    /// The output: one number an element of a row.
    pub output: Vec<F>,
}

/// Output of one query head over the keys at positions `first..end`.
///
/// Scores: `q · k` serially over the elements from +0, times `scale`, then the cap. Weights `p = exp(s - max)`, +0 outside the
/// range. Sums of `p` a tile by lanes, of `p * v` a tile serially over its keys from +0; tiles in order from +0; one division.
/// Precondition: `first < end`, and the cache holds `end` rows.
pub fn attend<F: Float>(query: &[F], cache: &Cache<'_>, first: usize, end: usize, scale: F, cap: Option<F>) -> Vec<F> {
    attend_in_steps(query, cache, first, end, scale, cap).output
}

/// As [`attend`], with what was computed on the way.
pub fn attend_in_steps<F: Float>(
    query: &[F],
    cache: &Cache<'_>,
    first: usize,
    end: usize,
    scale: F,
    cap: Option<F>,
) -> Steps<F> {
    let row = |rows: &[u16], position: usize| -> Vec<F> {
        rows[position * cache.width..][..cache.width].iter().map(|bits| F::of(f16_to_f32(*bits))).collect()
    };
    let score = |position: usize| {
        let key = row(cache.keys, position);
        let dot = query.iter().zip(&key).fold(F::of(0.0), |sum, (q, k)| sum.plus(q.times(*k)));
        let scaled = dot.times(scale);
        cap.map_or(scaled, |cap| soft_cap(scaled, cap))
    };
    let scores: Vec<F> = (first..end).map(score).collect();
    // A NaN may or may not win here; it reaches the output either way, where it is an error.
    let maximum = scores.iter().copied().reduce(|max, s| if max.below(s) { s } else { max }).unwrap_or(F::of(0.0));
    let weights: Vec<F> = scores.iter().map(|score| exp(score.minus(maximum))).collect();
    let mut total = F::of(0.0);
    let mut output = vec![F::of(0.0); cache.width];
    for tile in first / TILE..end.div_ceil(TILE) {
        let weight =
            |position: usize| position.checked_sub(first).and_then(|at| weights.get(at)).copied().unwrap_or(F::of(0.0));
        total = total.plus(lane_sum((tile * TILE..(tile + 1) * TILE).map(weight)));
        let mut partial = vec![F::of(0.0); cache.width];
        for position in first.max(tile * TILE)..end.min((tile + 1) * TILE) {
            let value = row(cache.values, position);
            for (sum, v) in partial.iter_mut().zip(&value) {
                *sum = sum.plus(weight(position).times(*v));
            }
        }
        for (sum, partial) in output.iter_mut().zip(&partial) {
            *sum = sum.plus(*partial);
        }
    }
    let output = output.iter().map(|sum| sum.over(total)).collect();
    Steps { scores, maximum, weights, total, output }
}

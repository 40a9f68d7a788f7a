//! Attention of a few queries of one key head over tiles of keys: `docs/arithmetic.md`, "Attention".
//!
//! Scores have keys as lanes, values have elements as lanes; queries are only grouped so that a loaded key or value serves
//! several of them. The tiles are those of absolute positions, so neither the grouping nor the length of a prompt shows.

#![allow(clippy::needless_range_loop)]

use strike_arithmetic::attention::TILE;

use super::lanes::{self, exp, fold, run, Kernel, Lanes, LANES};
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
pub(crate) const MAX_QUERIES: usize = 32;

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
        let origin = first_tile * TILE;
        scratch.scores.resize(queries.len() * stride, 0.0);
        scratch.converted.resize(TILE * stored, 0.0);
        scratch.totals.clear();
        scratch.totals.resize(queries.len(), 0.0);
        let scores = &mut scratch.scores[..];
        let converted = &mut scratch.converted[..];
        // SAFETY: offsets within the tile's `width * TILE` elements, and within the scratch sized above.
        unsafe {
            for tile in first_tile..last_tile {
                let view = tiles(tile);
                assert!(view.keys.len() == TILE * width);
                let used = (end - tile * TILE).min(TILE).next_multiple_of(2 * LANES);
                for panel in (0..used).step_by(2 * LANES) {
                    // The panel's keys as `width` rows of 32 numbers.
                    for element in 0..width {
                        let from = view.keys.as_ptr().add(element * TILE + panel);
                        let to = converted.as_mut_ptr().add(element * 2 * LANES);
                        L::load_half(from).store(to);
                        L::load_half(from.add(LANES)).store(to.add(LANES));
                    }
                    let at = tile * TILE + panel;
                    let mut index = 0;
                    while index < queries.len() {
                        let left = queries.len() - index;
                        let group = &queries[index..];
                        let to = scores.as_mut_ptr().add(index * stride + at - origin);
                        index += match left {
                            1 => score::<L, 1>(&heads, group, converted, to, stride),
                            2 => score::<L, 2>(&heads, group, converted, to, stride),
                            3 => score::<L, 3>(&heads, group, converted, to, stride),
                            _ => score::<L, 4>(&heads, group, converted, to, stride),
                        };
                    }
                }
            }
            for (query, scores) in queries.iter().zip(scores.chunks_exact_mut(stride)) {
                weigh::<L>(query, origin, scores);
            }
            let sums = &mut scratch.sums;
            sums.clear();
            sums.resize(queries.len() * stored, 0.0);
            for tile in first_tile..last_tile {
                let view = tiles(tile);
                assert!(view.values.len() == TILE * stored);
                let start = tile * TILE;
                let used = (end - start).min(TILE);
                for chunk in (0..used * stored).step_by(LANES) {
                    L::load_half(view.values.as_ptr().add(chunk)).store(converted.as_mut_ptr().add(chunk));
                }
                for (index, query) in queries.iter().enumerate() {
                    if query.end > start && query.first < start + TILE {
                        let weights = scores.as_ptr().add(index * stride + start - origin);
                        let mut lanes = L::splat(0.0);
                        for chunk in (0..TILE).step_by(LANES) {
                            lanes = lanes.add(L::load(weights.add(chunk)));
                        }
                        scratch.totals[index] += fold(lanes);
                    }
                }
                let mut index = 0;
                while index < queries.len() {
                    let left = queries.len() - index;
                    let weights = scores.as_ptr().add(index * stride + start - origin);
                    let sums = &mut sums[index * stored..];
                    index += match left {
                        1 => mix::<L, 1>(weights, stride, used, converted, stored, sums),
                        2 => mix::<L, 2>(weights, stride, used, converted, stored, sums),
                        3 => mix::<L, 3>(weights, stride, used, converted, stored, sums),
                        _ => mix::<L, 4>(weights, stride, used, converted, stored, sums),
                    };
                }
            }
            for ((output, sums), total) in
                output.chunks_exact_mut(width).zip(sums.chunks_exact_mut(stored)).zip(&scratch.totals)
            {
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

/// Scores of `Q` queries against 32 keys; returns `Q`.
///
/// # Safety
/// `keys` holds `width` rows of 32 numbers, `to` 32 numbers for each query, `stride` apart.
#[inline(always)]
unsafe fn score<L: Lanes, const Q: usize>(
    heads: &Heads<'_>,
    queries: &[Query],
    keys: &[f32],
    to: *mut f32,
    stride: usize,
) -> usize {
    // SAFETY: the caller's promise; offsets were checked on entry.
    unsafe {
        let mut elements = [std::ptr::null::<f32>(); Q];
        for query in 0..Q {
            elements[query] = heads.queries.as_ptr().add(queries[query].offset);
        }
        let mut low = [L::splat(0.0); Q];
        let mut high = [L::splat(0.0); Q];
        let mut key = keys.as_ptr();
        for element in 0..heads.width {
            let (first, second) = (L::load(key), L::load(key.add(LANES)));
            for query in 0..Q {
                let q = L::splat(*elements[query].add(element));
                low[query] = low[query].add(q.mul(first));
                high[query] = high[query].add(q.mul(second));
            }
            key = key.add(2 * LANES);
        }
        let scale = L::splat(heads.scale);
        for query in 0..Q {
            let (mut first, mut second) = (low[query].mul(scale), high[query].mul(scale));
            if let Some(cap) = heads.cap {
                first = lanes::soft_cap(first, L::splat(cap));
                second = lanes::soft_cap(second, L::splat(cap));
            }
            first.store(to.add(query * stride));
            second.store(to.add(query * stride + LANES));
        }
    }
    Q
}

/// Scores to weights, in place: `exp(score - max)`, +0 where the query does not look.
///
/// # Safety
/// As [`Kernel::run`].
#[inline(always)]
unsafe fn weigh<L: Lanes>(query: &Query, origin: usize, scores: &mut [f32]) {
    // Only vectors of which the query sees something are computed. What it does not see in them, or what was left by a call
    // before, becomes -infinity, whose weight is +0.
    let (first, end) = (query.first - origin, query.end - origin);
    let seen = first / LANES * LANES..end.next_multiple_of(LANES);
    scores[..seen.start].fill(0.0);
    scores[seen.end..].fill(0.0);
    scores[seen.start..first].fill(f32::NEG_INFINITY);
    scores[end..seen.end].fill(f32::NEG_INFINITY);
    let scores = &mut scores[seen];
    // SAFETY: rows are whole tiles.
    unsafe {
        let mut max = L::splat(f32::NEG_INFINITY);
        for chunk in scores.as_chunks::<LANES>().0 {
            let score = L::load(chunk.as_ptr());
            max = L::select_below(max, score, score, max);
        }
        let max = max.array().into_iter().fold(f32::NEG_INFINITY, |max, score| if max < score { score } else { max });
        let max = L::splat(max);
        for chunk in scores.as_chunks_mut::<LANES>().0 {
            exp(L::load(chunk.as_ptr()).sub(max)).store(chunk.as_mut_ptr());
        }
    }
}

/// Adds the weighted values of one tile to the sums of `Q` queries; returns `Q`.
///
/// # Safety
/// `weights` holds a tile for each query, `stride` apart; `values` holds `used` rows of `width` numbers; `sums` a row for each query.
#[inline(always)]
unsafe fn mix<L: Lanes, const Q: usize>(
    weights: *const f32,
    stride: usize,
    used: usize,
    values: &[f32],
    width: usize,
    sums: &mut [f32],
) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let mut element = 0;
        while element < width {
            let sum = sums.as_mut_ptr().add(element);
            let mut value = values.as_ptr().add(element);
            let mut low = [L::splat(0.0); Q];
            if element + LANES == width {
                for key in 0..used {
                    let first = L::load(value);
                    for query in 0..Q {
                        low[query] = low[query].add(L::splat(*weights.add(query * stride + key)).mul(first));
                    }
                    value = value.add(width);
                }
            } else {
                let mut high = [L::splat(0.0); Q];
                for key in 0..used {
                    let (first, second) = (L::load(value), L::load(value.add(LANES)));
                    for query in 0..Q {
                        let weight = L::splat(*weights.add(query * stride + key));
                        low[query] = low[query].add(weight.mul(first));
                        high[query] = high[query].add(weight.mul(second));
                    }
                    value = value.add(width);
                }
                for query in 0..Q {
                    let sum = sum.add(query * width + LANES);
                    L::load(sum).add(high[query]).store(sum);
                }
            }
            for query in 0..Q {
                let sum = sum.add(query * width);
                L::load(sum).add(low[query]).store(sum);
            }
            element += 2 * LANES;
        }
    }
    Q
}

#[cfg(test)]
mod tests {
    use super::*;
    use strike_arithmetic::attention::{attend as reference, Cache};
    use strike_arithmetic::half::f32_to_f16;

    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed | 1;
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 22) as f32 - 2.0
            })
            .collect()
    }

    fn stored_values(values: &[u16], width: usize) -> Vec<u16> {
        let row =
            |row: &[u16]| row.iter().copied().chain(std::iter::repeat_n(0, padded(width) - width)).collect::<Vec<_>>();
        values.chunks_exact(width).flat_map(row).collect()
    }

    #[test]
    fn every_length_and_window_gives_the_bits_of_the_reference() {
        for (width, cap) in [(32, None), (64, Some(20.0)), (48, None), (24, None), (8, Some(5.0)), (128, None)] {
            let positions = 3 * TILE;
            let keys: Vec<u16> = numbers(positions * width, 1).into_iter().map(f32_to_f16).collect();
            let values: Vec<u16> = numbers(positions * width, 2).into_iter().map(f32_to_f16).collect();
            let tiles: Vec<(Vec<u16>, Vec<u16>)> = (0..3)
                .map(|tile| {
                    let rows = &keys[tile * TILE * width..][..TILE * width];
                    let transposed = (0..TILE * width).map(|at| rows[at % TILE * width + at / TILE]).collect();
                    (transposed, stored_values(&values[tile * TILE * width..][..TILE * width], width))
                })
                .collect();
            let view = |tile: usize| TileView { keys: &tiles[tile].0, values: &tiles[tile].1 };
            let queries = numbers(7 * width, 3);
            for end in [1usize, 2, 16, 31, 32, 33, 127, 128, 129, 130, 255, 256, 257, 384] {
                for window in [usize::MAX, 1, 5, 64, 128, 130] {
                    for count in 1..=7usize {
                        // Neighbouring positions, the last of which is `end - 1`.
                        let group: Vec<Query> = (0..count)
                            .map(|at| {
                                let end = end.saturating_sub(count - 1 - at).max(1);
                                Query { offset: at * width, first: end.saturating_sub(window), end }
                            })
                            .collect();
                        let first_tile = group.iter().map(|query| query.first).min().unwrap() / TILE;
                        let heads = Heads { width, scale: 0.125, cap, queries: &queries };
                        for isa in Isa::available() {
                            let mut found = vec![0.0; count * width];
                            let mut scratch = Scratch::default();
                            scratch.scores.resize(100_000, f32::NAN);
                            attend(isa, heads, &group, first_tile, &view, &mut scratch, &mut found);
                            for (query, found) in group.iter().zip(found.chunks_exact(width)) {
                                let expected = reference(
                                    &queries[query.offset..][..width],
                                    &Cache { keys: &keys, values: &values, width },
                                    query.first,
                                    query.end,
                                    0.125,
                                    cap,
                                );
                                let same = found.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits());
                                assert!(same, "{} {width} {query:?}", isa.name());
                            }
                        }
                    }
                }
            }
        }
    }
}

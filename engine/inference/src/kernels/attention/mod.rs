//! Attention of a few queries of one key head over tiles of keys: `docs/arithmetic.md`, "Attention".
//!
//! Scores have keys as lanes, values have elements as lanes; queries are only grouped so that a loaded key or value serves
//! several of them. The tiles are those of absolute positions, so neither the grouping nor the length of a prompt shows.

mod call;
mod tile;

use std::ops::Range;

use strike_arithmetic::attention::TILE;

pub(crate) use self::call::{padded, Call, Heads, Query, TileView, Tiles, MAX_QUERIES};
use self::tile::{mask_and_max, mix_tile, score_tile, weigh, Scores};
use super::lanes::{run, Kernel, Lanes, LANES};
use crate::isa::Isa;

/// Working memory of one thread.
#[derive(Default)]
pub(crate) struct Scratch {
    converted: Vec<f32>,
    buffers: Buffers,
}

/// What the parts of a call pass on: the scores of all its queries, and sums of tiles.
#[derive(Default)]
pub(crate) struct Buffers {
    scores: Vec<f32>,
    maxima: Vec<f32>,
    totals: Vec<f32>,
    sums: Vec<f32>,
}

/// [`Buffers`] in the hands of several threads.
#[derive(Clone, Copy)]
pub(crate) struct Shared {
    scores: *mut f32,
    /// Numbers between the scores of two queries.
    stride: usize,
    maxima: *mut f32,
    spans: usize,
    totals: *mut f32,
    sums: *mut f32,
    /// Whether every tile has sums of its own.
    apart: bool,
}

// SAFETY: users write disjoint spans and tiles, which `score` and `mix` demand.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Buffers {
    /// Makes room for a call whose tiles are dealt out in `spans`.
    pub fn share(&mut self, call: &Call<'_>, spans: usize) -> Shared {
        let (queries, tiles) = (call.queries.len(), call.tiles().len());
        let (stride, apart) = (tiles * TILE, spans > 1);
        let slots = if apart { tiles } else { 1 };
        self.scores.resize(queries * stride, 0.0);
        self.maxima.clear();
        self.maxima.resize(spans * queries * LANES, f32::NEG_INFINITY);
        self.totals.clear();
        self.totals.resize(slots * queries, 0.0);
        self.sums.clear();
        self.sums.resize(slots * queries * padded(call.heads.width), 0.0);
        Shared {
            scores: self.scores.as_mut_ptr(),
            stride,
            maxima: self.maxima.as_mut_ptr(),
            spans,
            totals: self.totals.as_mut_ptr(),
            sums: self.sums.as_mut_ptr(),
            apart,
        }
    }

    /// The result of a call whose tiles are all mixed: `width` numbers for each query, in their order.
    pub fn finish(&mut self, isa: Isa, call: &Call<'_>, output: &mut [f32]) {
        assert_eq!(output.len(), call.queries.len() * call.heads.width);
        run(isa, Finish { buffers: self, call, output });
    }
}

/// Attends with all queries of a call; `output` as for [`Buffers::finish`].
pub(crate) fn attend(isa: Isa, call: &Call<'_>, scratch: &mut Scratch, output: &mut [f32]) {
    let shared = scratch.buffers.share(call, 1);
    // SAFETY: the only user.
    unsafe {
        score(isa, call, shared, 0, call.tiles(), &mut scratch.converted);
        mix(isa, call, shared, call.tiles(), &mut scratch.converted);
    }
    scratch.buffers.finish(isa, call, output);
}

/// First step: scores of some tiles, and their maxima.
///
/// # Safety
/// `shared` was made for the call and its buffers are still there; spans and tiles are this thread's alone.
pub(crate) unsafe fn score(
    isa: Isa,
    call: &Call<'_>,
    shared: Shared,
    span: usize,
    tiles: Range<usize>,
    converted: &mut Vec<f32>,
) {
    assert!(span < shared.spans && call.tiles().start <= tiles.start && tiles.end <= call.tiles().end);
    converted.resize(TILE * padded(call.heads.width), 0.0);
    run(isa, Score { call, shared, span, tiles, converted });
}

/// Second step, after the first is done for all tiles: weights of some tiles, and their values weighted.
///
/// # Safety
/// As [`score`].
pub(crate) unsafe fn mix(isa: Isa, call: &Call<'_>, shared: Shared, tiles: Range<usize>, converted: &mut Vec<f32>) {
    assert!(call.tiles().start <= tiles.start && tiles.end <= call.tiles().end);
    converted.resize(TILE * padded(call.heads.width), 0.0);
    run(isa, Mix { call, shared, tiles, converted });
}

struct Score<'a, 'b> {
    call: &'a Call<'b>,
    shared: Shared,
    span: usize,
    tiles: Range<usize>,
    converted: &'a mut [f32],
}

impl Kernel for Score<'_, '_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { call, shared, span, tiles, converted } = self;
        let Call { heads, queries, first_tile, end, .. } = call;
        for tile in tiles.clone() {
            let (view, next) = call.pair(tile, &tiles);
            let start = tile * TILE;
            let vectors = (end - start).min(TILE).div_ceil(LANES);
            // SAFETY: offsets within the buffers that were made for this call.
            unsafe {
                let to = shared.scores.add((tile - first_tile) * TILE);
                let scores = Scores { at: to, stride: shared.stride };
                score_tile::<L>(heads, queries, view.keys, next.keys, vectors, converted, scores);
                for (index, query) in queries.iter().enumerate() {
                    if let Some(seen) = query.seen(start) {
                        let maxima = shared.maxima.add((span * queries.len() + index) * LANES);
                        mask_and_max::<L>(to.add(index * shared.stride), seen, maxima);
                    }
                }
            }
        }
    }
}

struct Mix<'a, 'b> {
    call: &'a Call<'b>,
    shared: Shared,
    tiles: Range<usize>,
    converted: &'a mut [f32],
}

impl Kernel for Mix<'_, '_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { call, shared, tiles, converted } = self;
        let Call { heads, queries, first_tile, end, .. } = call;
        let width = padded(heads.width);
        let mut maxima = [f32::NEG_INFINITY; MAX_QUERIES];
        // SAFETY: offsets within the buffers that were made for this call; nobody writes maxima in this step.
        unsafe {
            for part in 0..shared.spans * queries.len() {
                let max = &mut maxima[part % queries.len()];
                for lane in std::slice::from_raw_parts(shared.maxima.add(part * LANES), LANES) {
                    *max = if *max < *lane { *lane } else { *max };
                }
            }
            for tile in tiles.clone() {
                let (view, next) = call.pair(tile, &tiles);
                let start = tile * TILE;
                let used = (end - start).min(TILE);
                let slot = if shared.apart { (tile - first_tile) * queries.len() } else { 0 };
                let weights = shared.scores.add((tile - first_tile) * TILE);
                for (index, query) in queries.iter().enumerate() {
                    let weights = std::slice::from_raw_parts_mut(weights.add(index * shared.stride), TILE);
                    match query.seen(start) {
                        Some(seen) => *shared.totals.add(slot + index) += weigh::<L>(weights, seen, maxima[index]),
                        None => weights.fill(0.0),
                    }
                }
                let weights = Scores { at: weights, stride: shared.stride };
                let sums = shared.sums.add(slot * width);
                mix_tile::<L>(weights, used, view.values, next.values, converted, queries.len(), sums);
            }
        }
    }
}

struct Finish<'a, 'b> {
    buffers: &'a mut Buffers,
    call: &'a Call<'b>,
    output: &'a mut [f32],
}

impl Kernel for Finish<'_, '_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Self { buffers, call, output } = self;
        let (width, queries) = (call.heads.width, call.queries.len());
        let stored = padded(width);
        let slots = buffers.totals.len() / queries;
        for (index, output) in output.chunks_exact_mut(width).enumerate() {
            let mut total = 0.0;
            for slot in 0..slots {
                total += buffers.totals[slot * queries + index];
            }
            // SAFETY: rows are whole vectors.
            unsafe {
                for chunk in (0..stored).step_by(LANES) {
                    let first = buffers.sums.as_mut_ptr().add(index * stored + chunk);
                    let mut sum = L::splat(0.0);
                    for slot in 0..slots {
                        sum = sum.add(L::load(first.add(slot * queries * stored)));
                    }
                    sum.div(L::splat(total)).store(first);
                }
            }
            output.copy_from_slice(&buffers.sums[index * stored..][..width]);
        }
    }
}

#[cfg(test)]
mod tests;

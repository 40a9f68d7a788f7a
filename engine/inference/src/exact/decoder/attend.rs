//! Attention of all rows of a pass: which queries are worked on together, and by which thread.

use std::cell::RefCell;
use std::ops::Range;

use strike_arithmetic::attention::TILE;

use crate::exact::decoder::cache::Sequence;
use crate::exact::decoder::forward::Forward;
use crate::exact::decoder::workspace::{Position, Workspace};
use crate::exact::threads::parallel::SharedRows;
use crate::kernels::attention::{attend, mix, score, Call, Heads, Query, Scratch, TileView, Tiles, MAX_QUERIES};

/// Rows of one sequence whose queries share loaded keys, and one key head.
struct Group {
    kv_head: usize,
    run: usize,
    queries: Vec<Query>,
}

/// One key head of one layer of a sequence.
struct HeadCache<'a> {
    sequence: &'a Sequence,
    layer: usize,
    kv_head: usize,
}

impl Tiles for HeadCache<'_> {
    fn tile(&self, tile: usize) -> TileView<'_> {
        self.sequence.tile(self.layer, self.kv_head, tile)
    }
}

/// Tiles from which on a call is worth dealing out.
pub(crate) const MANY_TILES: usize = 4;

impl Forward<'_> {
    /// Attends with the queries of all rows; the results go where the queries came from, in `attended`.
    pub(crate) fn attend_rows(&self, layer: usize, sequences: &[&Sequence], workspace: &mut Workspace) {
        let decoder = &self.network.decoder;
        let (width, threads) = (decoder.head_dim, self.pool.threads());
        let query_width = decoder.heads * width;
        let groups = self.groups(layer, &workspace.positions);
        let (scale, cap) = (decoder.attention_scale, decoder.attention_softcap);
        let heads = Heads { width, scale, cap, queries: &workspace.query };
        let out = SharedRows::new(&mut workspace.attended, query_width);
        let give_out = |group: &Group, results: &[f32]| {
            for (query, result) in group.queries.iter().zip(results.chunks_exact(width)) {
                // SAFETY: each head of each row is in one group.
                unsafe { out.part(query.offset, width).copy_from_slice(result) };
            }
        };
        let tiles = |group: &Group| HeadCache { sequence: sequences[group.run], layer, kv_head: group.kv_head };
        let queries = || groups.iter().flat_map(|group| &group.queries);
        // Tiles that a query sees: a window keeps them few, however long the sequence.
        let longest = queries().map(|query| query.end.div_ceil(TILE) - query.first / TILE).max().unwrap_or(0);
        if threads == 1 || groups.len() >= 4 * threads || longest < MANY_TILES {
            let seen: usize = queries().map(|query| query.end - query.first).sum();
            return self.parallel().share(seen * width, groups.len(), &|task| {
                let group = &groups[task];
                SCRATCH.with_borrow_mut(|scratch| {
                    scratch.results.resize(group.queries.len() * width, 0.0);
                    let tiles = tiles(group);
                    let call = Call::new(heads, &group.queries, &tiles);
                    attend(self.isa, &call, &mut scratch.scratch, &mut scratch.results);
                    give_out(group, &scratch.results);
                });
            });
        }
        // Few groups, as when decoding: their tiles are dealt out.
        let views: Vec<_> = groups.iter().map(tiles).collect();
        let calls: Vec<Call<'_>> =
            groups.iter().zip(&views).map(|(group, tiles)| Call::new(heads, &group.queries, tiles)).collect();
        let spans = (4 * threads).div_ceil(groups.len());
        workspace.spans.resize_with(groups.len(), Default::default);
        let shared: Vec<_> =
            calls.iter().zip(&mut workspace.spans).map(|(call, buffers)| buffers.share(call, spans)).collect();
        let span = |call: &Call<'_>, at: usize| -> Range<usize> {
            let (from, count) = (call.tiles().start, call.tiles().len());
            from + count * at / spans..from + count * (at + 1) / spans
        };
        self.pool.run(calls.len() * spans, &|task| {
            let (call, at) = (&calls[task / spans], task % spans);
            // SAFETY: spans do not overlap, and the buffers stay until the end of this function.
            SCRATCH.with_borrow_mut(|scratch| unsafe {
                score(self.isa, call, shared[task / spans], at, span(call, at), &mut scratch.converted)
            });
        });
        self.pool.run(calls.len() * spans, &|task| {
            let (call, at) = (&calls[task / spans], task % spans);
            // SAFETY: as above; all scores are there.
            SCRATCH.with_borrow_mut(|scratch| unsafe {
                mix(self.isa, call, shared[task / spans], span(call, at), &mut scratch.converted)
            });
        });
        let mut results = Vec::new();
        for ((group, call), buffers) in groups.iter().zip(&calls).zip(&mut workspace.spans) {
            results.resize(group.queries.len() * width, 0.0);
            buffers.finish(self.isa, call, &mut results);
            give_out(group, &results);
        }
    }

    fn groups(&self, layer: usize, positions: &[Position]) -> Vec<Group> {
        let decoder = &self.network.decoder;
        let (width, members) = (decoder.head_dim, decoder.heads / decoder.kv_heads);
        let together = (MAX_QUERIES / members).max(1);
        let mut groups = Vec::new();
        let mut row = 0;
        while row < positions.len() {
            let run = positions[row].run;
            let rows = positions[row..].iter().take(together).take_while(|position| position.run == run).count();
            for kv_head in 0..decoder.kv_heads {
                let query = |row: usize, member: usize| {
                    let end = positions[row].at + 1;
                    let first = decoder.windows[layer].map_or(0, |window| end.saturating_sub(window));
                    let head = kv_head * members + member;
                    Query { offset: (row * decoder.heads + head) * width, first, end }
                };
                let all: Vec<(usize, usize)> =
                    (row..row + rows).flat_map(|row| (0..members).map(move |member| (row, member))).collect();
                // More heads than fit share a key head: in several groups.
                for some in all.chunks(MAX_QUERIES) {
                    let queries = some.iter().map(|(row, member)| query(*row, *member)).collect();
                    groups.push(Group { kv_head, run, queries });
                }
            }
            row += rows;
        }
        groups
    }
}

#[derive(Default)]
struct ThreadScratch {
    scratch: Scratch,
    converted: Vec<f32>,
    results: Vec<f32>,
}

thread_local! {
    static SCRATCH: RefCell<ThreadScratch> = RefCell::default();
}

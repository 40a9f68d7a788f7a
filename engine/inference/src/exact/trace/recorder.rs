//! Makes the cells of a trace while the network runs.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use strike_arithmetic::attention::TILE;

use crate::exact::decoder::cache::Sequence;
use crate::exact::decoder::workspace::{Observer, Position};
use crate::exact::threads::thread_pool::ThreadPool;
use crate::exact::trace::{Hash, Trace, ARITY, CACHE_TAG, CELL_TAG, HIDDEN_LEAF, HIDDEN_TAG, NODE_TAG};
use crate::isa::Isa;
use crate::kernels::attention::padded;
use crate::kernels::blake2b::Messages;

/// Rows hashed together: enough messages for the parallel hash, little enough memory for the cache.
const ROWS: usize = 8;
/// Rows that wait for others at most. A pass of few rows is hashed when several layers have run.
const WAITING: usize = 16;

/// Fills the cells of the traces of the runs.
pub(crate) struct Recorder<'a> {
    isa: Isa,
    /// The trace of each run; its positions are there already.
    traces: Vec<&'a mut Trace>,
    layers: usize,
    kv_heads: usize,
    width: usize,
    /// What is not hashed yet: residual streams behind the last layers, and their keys and values.
    waiting: Vec<f32>,
    waiting_cached: Vec<u16>,
}

impl<'a> Recorder<'a> {
    /// For a network that keeps keys and values of `kv_heads` heads of `width` numbers in each of its layers.
    pub fn new(isa: Isa, layers: usize, kv_heads: usize, width: usize, traces: Vec<&'a mut Trace>) -> Self {
        Self { isa, traces, layers, kv_heads, width, waiting: Vec::new(), waiting_cached: Vec::new() }
    }

    /// Adds the keys and values of a position and layer: of each head its key, then its value.
    fn cached(&self, layer: usize, position: Position, runs: &[&Sequence], to: &mut Vec<u16>) {
        for head in 0..self.kv_heads {
            let tile = runs[position.run].tile(layer, head, position.at / TILE);
            let at = position.at % TILE;
            to.extend((0..self.width).map(|element| tile.keys[element * TILE + at]));
            to.extend_from_slice(&tile.values[at * padded(self.width)..][..self.width]);
        }
    }

    /// Makes the cells of all positions behind a layer.
    fn record_layer(
        &mut self,
        pool: &ThreadPool,
        layer: usize,
        hidden: &[f32],
        positions: &[Position],
        runs: &[&Sequence],
    ) {
        let width = hidden.len() / positions.len();
        let this = &*self;
        let cells = in_parallel(pool, positions.len(), &|range| {
            let mut cached = Vec::with_capacity(range.len() * this.cached_width());
            positions[range.clone()].iter().for_each(|position| this.cached(layer, *position, runs, &mut cached));
            let rows = positions[range.clone()].iter().map(|position| (layer, position.at)).collect();
            this.cells(&Rows { places: rows, hidden: &hidden[range.start * width..range.end * width], cached: &cached })
        });
        self.set(positions.iter().map(|position| (layer, *position)), &cells);
    }

    /// Makes the cells that wait: of all positions behind the layers up to `last`.
    fn record_waiting(&mut self, pool: &ThreadPool, last: usize, positions: &[Position], width: usize) {
        let layers = self.waiting.len() / width / positions.len();
        let places =
            (last + 1 - layers..=last).flat_map(|layer| positions.iter().map(move |position| (layer, *position)));
        let places: Vec<(usize, Position)> = places.collect();
        let (this, cached) = (&*self, self.cached_width());
        let cells = in_parallel(pool, places.len(), &|range| {
            this.cells(&Rows {
                places: places[range.clone()].iter().map(|(layer, position)| (*layer, position.at)).collect(),
                hidden: &this.waiting[range.start * width..range.end * width],
                cached: &this.waiting_cached[range.start * cached..range.end * cached],
            })
        });
        self.set(places.into_iter(), &cells);
        self.waiting.clear();
        self.waiting_cached.clear();
    }

    fn set(&mut self, places: impl Iterator<Item = (usize, Position)>, cells: &[Hash]) {
        for ((layer, position), cell) in places.zip(cells) {
            let trace = &mut self.traces[position.run];
            if trace.layers() > 0 {
                trace.set_cell(position.at, layer, *cell);
            }
        }
    }

    /// Numbers of the keys and values of a position and layer.
    fn cached_width(&self) -> usize {
        2 * self.kv_heads * self.width
    }

    fn cells(&self, rows: &Rows<'_>) -> Vec<Hash> {
        let count = rows.places.len();
        let width = rows.hidden.len() / count;
        let leaves = (0..width).step_by(HIDDEN_LEAF).map(|from| {
            let numbers = from..width.min(from + HIDDEN_LEAF);
            let mut messages = Messages::new(HIDDEN_TAG, numbers.len() * 4, count);
            for (data, row) in messages.data().zip(rows.hidden.chunks_exact(width)) {
                for (bytes, number) in data.as_chunks_mut::<4>().0.iter_mut().zip(&row[numbers.clone()]) {
                    *bytes = number.to_le_bytes();
                }
            }
            messages.hash(self.isa)
        });
        let leaves = self.trees(leaves.collect(), count);
        let heads = (0..self.kv_heads).map(|head| {
            let mut messages = Messages::new(CACHE_TAG, self.width * 4, count);
            for (data, row) in messages.data().zip(rows.cached.chunks_exact(self.cached_width())) {
                let numbers = &row[head * 2 * self.width..][..2 * self.width];
                for (bytes, number) in data.as_chunks_mut::<2>().0.iter_mut().zip(numbers) {
                    *bytes = number.to_le_bytes();
                }
            }
            messages.hash(self.isa)
        });
        let heads = self.trees(heads.collect(), count);
        let mut messages = Messages::new(CELL_TAG, 4 + 2 + 2 * 32, count);
        for (index, (data, (layer, at))) in messages.data().zip(&rows.places).enumerate() {
            data[..4].copy_from_slice(&(*at as u32).to_le_bytes());
            data[4..6].copy_from_slice(&(*layer as u16).to_le_bytes());
            data[6..38].copy_from_slice(&leaves[index]);
            data[38..].copy_from_slice(&heads[index]);
        }
        messages.hash(self.isa)
    }

    /// The top of a tree for each row; `columns` hold the hashes of all rows at one place in the tree.
    fn trees(&self, mut columns: Vec<Vec<Hash>>, rows: usize) -> Vec<Hash> {
        while columns.len() > 1 {
            let nodes = columns.chunks(ARITY).map(|children| {
                let mut messages = Messages::new(NODE_TAG, children.len() * 32, rows);
                for (row, data) in messages.data().enumerate() {
                    for (bytes, child) in data.as_chunks_mut::<32>().0.iter_mut().zip(children) {
                        *bytes = child[row];
                    }
                }
                messages.hash(self.isa)
            });
            columns = nodes.collect();
        }
        columns.pop().unwrap_or_else(|| vec![[0; 32]; rows])
    }
}

/// What some cells are made of.
struct Rows<'a> {
    /// Layer and position of each.
    places: Vec<(usize, usize)>,
    hidden: &'a [f32],
    cached: &'a [u16],
}

/// Hashes of `count` rows, made by all threads a few rows at a time.
fn in_parallel(pool: &ThreadPool, count: usize, some: &(dyn Fn(Range<usize>) -> Vec<Hash> + Sync)) -> Vec<Hash> {
    let mut hashes = vec![[0; 32]; count];
    let shared = Mutex::new(&mut hashes[..]);
    pool.run(count.div_ceil(ROWS), &|task| {
        let from = task * ROWS;
        let made = some(from..count.min(from + ROWS));
        shared.lock().unwrap_or_else(PoisonError::into_inner)[from..][..made.len()].copy_from_slice(&made);
    });
    hashes
}

impl Observer for Recorder<'_> {
    fn layer(&mut self, pool: &ThreadPool, layer: usize, hidden: &[f32], positions: &[Position], runs: &[&Sequence]) {
        if positions.is_empty() {
            return;
        }
        if positions.len() >= ROWS {
            return self.record_layer(pool, layer, hidden, positions, runs);
        }
        let mut cached = std::mem::take(&mut self.waiting_cached);
        positions.iter().for_each(|position| self.cached(layer, *position, runs, &mut cached));
        self.waiting_cached = cached;
        self.waiting.extend_from_slice(hidden);
        let width = hidden.len() / positions.len();
        if layer + 1 == self.layers || self.waiting.len() / width >= WAITING {
            self.record_waiting(pool, layer, positions, width);
        }
    }
}

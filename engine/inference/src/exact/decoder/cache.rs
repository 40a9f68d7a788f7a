//! Keys and values of a sequence: `docs/arithmetic.md`, "Attention".
//!
//! Blocks of 128 positions over all layers and key heads. Sequences that begin alike share whole blocks.

use std::sync::Arc;

use strike_arithmetic::attention::TILE;

use crate::kernels::attention::{padded, TileView};

/// Sizes of the cache of one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CacheShape {
    pub layers: usize,
    pub kv_heads: usize,
    pub width: usize,
}

impl CacheShape {
    /// binary16 numbers of one block: for each layer and head, keys and then values.
    fn numbers(&self) -> usize {
        self.layers * self.kv_heads * self.head_numbers()
    }

    /// Numbers of one head of one layer: its keys, then its values.
    fn head_numbers(&self) -> usize {
        (self.width + padded(self.width)) * TILE
    }

    /// Bytes of one block.
    fn block_bytes(&self) -> usize {
        2 * self.numbers()
    }

    fn head_offset(&self, layer: usize, head: usize) -> usize {
        (layer * self.kv_heads + head) * self.head_numbers()
    }
}

/// One sequence's keys and values.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    shape: CacheShape,
    blocks: Vec<Arc<[u16]>>,
    length: usize,
}

impl Sequence {
    /// Without positions.
    pub fn new(shape: CacheShape) -> Self {
        Self { shape, blocks: Vec::new(), length: 0 }
    }

    /// Positions filled in all layers.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Makes room for `more` positions, and the blocks they go into this sequence's own.
    pub fn reserve(&mut self, more: usize) {
        let end = self.length + more;
        let first = self.length / TILE;
        while self.blocks.len() < end.div_ceil(TILE) {
            self.blocks.push(std::iter::repeat_n(0u16, self.shape.numbers()).collect());
        }
        for block in &mut self.blocks[first..] {
            if Arc::get_mut(block).is_none() {
                *block = Arc::from(&block[..]);
            }
        }
    }

    /// Counts positions as filled.
    pub fn advance(&mut self, positions: usize) {
        self.length += positions;
        debug_assert!(self.length <= self.blocks.len() * TILE);
    }

    /// Forgets the positions from `length` on.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
        self.blocks.truncate(self.length.div_ceil(TILE));
    }

    /// The first `length` positions, sharing what is whole.
    pub fn prefix(&self, length: usize) -> Self {
        let mut prefix = self.clone();
        prefix.truncate(length);
        prefix
    }

    /// Bytes of its blocks.
    pub fn bytes(&self) -> usize {
        self.blocks.len() * self.shape.block_bytes()
    }

    /// One tile of a head.
    pub fn tile(&self, layer: usize, head: usize, tile: usize) -> TileView<'_> {
        let block = &self.blocks[tile][self.shape.head_offset(layer, head)..][..self.shape.head_numbers()];
        let (keys, values) = block.split_at(self.shape.width * TILE);
        TileView { keys, values }
    }

    /// For writing the positions that were reserved; borrows the sequence as long as it lives.
    pub fn writer(&mut self) -> Writer<'_> {
        let first = self.length / TILE;
        let blocks = self.blocks[first..].iter_mut();
        let blocks =
            blocks.map(|block| Arc::get_mut(block).map_or(std::ptr::null_mut(), <[u16]>::as_mut_ptr)).collect();
        Writer { shape: self.shape, first, blocks, sequence: std::marker::PhantomData }
    }
}

/// Writes positions from several threads at once.
pub(crate) struct Writer<'a> {
    shape: CacheShape,
    first: usize,
    blocks: Vec<*mut u16>,
    sequence: std::marker::PhantomData<&'a mut Sequence>,
}

// SAFETY: `write` demands that no two threads write the same position.
unsafe impl Send for Writer<'_> {}
// SAFETY: as above.
unsafe impl Sync for Writer<'_> {}

impl Writer<'_> {
    /// Writes key and value of one head at a reserved position.
    ///
    /// # Safety
    /// No other thread writes the same position of the same layer and head, and none reads it.
    pub unsafe fn write(&self, layer: usize, head: usize, position: usize, key: &[u16], value: &[u16]) {
        let width = self.shape.width;
        assert!(key.len() == width && value.len() == width);
        let block = self.blocks[position / TILE - self.first];
        assert!(!block.is_null() && layer < self.shape.layers && head < self.shape.kv_heads);
        let at = position % TILE;
        // SAFETY: within the block; disjoint for different positions.
        unsafe {
            let keys = block.add(self.shape.head_offset(layer, head));
            for (element, bits) in key.iter().enumerate() {
                *keys.add(element * TILE + at) = *bits;
            }
            let values = keys.add(width * TILE + at * padded(width));
            values.copy_from_nonoverlapping(value.as_ptr(), width);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: CacheShape = CacheShape { layers: 2, kv_heads: 3, width: 4 };

    fn fill(sequence: &mut Sequence, positions: usize, seed: u16) {
        sequence.reserve(positions);
        let from = sequence.len();
        let writer = sequence.writer();
        for position in from..from + positions {
            for layer in 0..2 {
                for head in 0..3 {
                    let number = seed + (position * 6 + layer * 3 + head) as u16;
                    // SAFETY: one thread.
                    unsafe { writer.write(layer, head, position, &[number; 4], &[number + 1000; 4]) };
                }
            }
        }
        drop(writer);
        sequence.advance(positions);
    }

    fn key(sequence: &Sequence, position: usize) -> u16 {
        sequence.tile(1, 2, position / TILE).keys[3 * TILE + position % TILE]
    }

    #[test]
    fn positions_keep_what_was_written_across_blocks() {
        let mut sequence = Sequence::new(SHAPE);
        fill(&mut sequence, 100, 0);
        fill(&mut sequence, 100, 0);
        for position in 0..200 {
            let expected = (position * 6 + 5) as u16;
            assert_eq!(key(&sequence, position), expected);
            assert_eq!(sequence.tile(1, 2, position / TILE).values[position % TILE * 16], expected + 1000);
        }
        assert_eq!(sequence.bytes(), 2 * SHAPE.block_bytes());
    }

    #[test]
    fn a_shared_prefix_is_not_changed_by_either_side() {
        let mut one = Sequence::new(SHAPE);
        fill(&mut one, 150, 0);
        let mut two = one.prefix(140);
        fill(&mut two, 20, 7);
        fill(&mut one, 3, 3);
        assert_eq!(key(&one, 145), 145 * 6 + 5);
        assert_eq!(key(&two, 145), 145 * 6 + 5 + 7);
        assert_eq!(key(&two, 139), 139 * 6 + 5);
        assert!(Arc::ptr_eq(&one.blocks[0], &two.blocks[0]));
    }
}

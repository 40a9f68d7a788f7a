//! Canonical rows and their panels: the layouts of [`Matrix`](crate::canonical::matrix::Matrix).

use crate::canonical::blocks::{row_bytes, CANONICAL_BLOCK};
use crate::canonical::matrix::{Matrix, Packing, BLOCK, PANEL_BLOCK_Q4, PANEL_BLOCK_Q8, PANEL_COLUMNS};
use crate::canonical::merkle::{each_hash, Hash, LEAF_PREFIX};

const SCALES: usize = 2 * PANEL_COLUMNS;
/// Bytes of a group: four weights, or four pairs of them, of each row.
const GROUP: usize = 4 * PANEL_COLUMNS;

/// The canonical rows of one panel, each behind the prefix of a leaf so that they are hashed where they are.
pub(crate) struct Rows {
    stride: usize,
    bytes: Vec<u8>,
}

impl Rows {
    pub fn new(columns: usize) -> Self {
        let stride = LEAF_PREFIX.len() + row_bytes(columns);
        let mut bytes = vec![0; stride * PANEL_COLUMNS];
        for row in bytes.chunks_exact_mut(stride) {
            row[..LEAF_PREFIX.len()].copy_from_slice(LEAF_PREFIX);
        }
        Self { stride, bytes }
    }

    /// The canonical bytes of a row.
    pub fn row(&self, row: usize) -> &[u8] {
        &self.bytes[row * self.stride + LEAF_PREFIX.len()..(row + 1) * self.stride]
    }

    pub fn row_mut(&mut self, row: usize) -> &mut [u8] {
        &mut self.bytes[row * self.stride + LEAF_PREFIX.len()..(row + 1) * self.stride]
    }

    /// Zeros the rows from `count` on.
    pub fn clear_from(&mut self, count: usize) {
        for row in count..PANEL_COLUMNS {
            self.row_mut(row).fill(0);
        }
    }

    /// The leaf of each row.
    pub fn leaves(&self) -> [Hash; PANEL_COLUMNS] {
        let mut leaves = [[0; 32]; PANEL_COLUMNS];
        each_hash(&self.bytes, self.stride, &mut leaves);
        leaves
    }

    /// Whether every integer lies in -8..=7.
    pub fn fit_four_bits(&self) -> bool {
        (0..PANEL_COLUMNS).all(|row| {
            let (blocks, _) = self.row(row).as_chunks::<CANONICAL_BLOCK>();
            blocks.iter().all(|block| block[2..].iter().all(|byte| byte.wrapping_add(8) < 16))
        })
    }

    /// Writes the panel.
    pub fn pack(&self, packing: Packing, panel: &mut [u8]) {
        match packing {
            Packing::Q8 => {
                let (blocks, _) = panel.as_chunks_mut::<PANEL_BLOCK_Q8>();
                self.each_block(blocks, |block, column, canonical| {
                    for (group, weights) in canonical[2..].as_chunks::<4>().0.iter().enumerate() {
                        block[SCALES + GROUP * group + 4 * column..][..4].copy_from_slice(weights);
                    }
                });
            }
            Packing::Q4 => {
                let (blocks, _) = panel.as_chunks_mut::<PANEL_BLOCK_Q4>();
                self.each_block(blocks, |block, column, canonical| {
                    let (low, high) = canonical[2..].split_at(BLOCK / 2);
                    for (at, (low, high)) in low.iter().zip(high).enumerate() {
                        let pair = (low.wrapping_add(8) & 15) | high.wrapping_add(8) << 4;
                        block[SCALES + GROUP * (at / 4) + 4 * column + at % 4] = pair;
                    }
                });
            }
        }
    }

    /// Calls `write` for each block of the panel and each row, after writing the scale.
    fn each_block<const BYTES: usize>(
        &self,
        blocks: &mut [[u8; BYTES]],
        write: impl Fn(&mut [u8; BYTES], usize, &[u8; CANONICAL_BLOCK]),
    ) {
        for (at, block) in blocks.iter_mut().enumerate() {
            for column in 0..PANEL_COLUMNS {
                let start = column * self.stride + LEAF_PREFIX.len() + at * CANONICAL_BLOCK;
                let Some(canonical) = self.bytes[start..].first_chunk::<CANONICAL_BLOCK>() else { continue };
                block[2 * column..][..2].copy_from_slice(&canonical[..2]);
                write(block, column, canonical);
            }
        }
    }
}

/// Bytes of one panel.
pub(crate) fn panel_bytes(columns: usize, packing: Packing) -> usize {
    columns / BLOCK
        * match packing {
            Packing::Q8 => PANEL_BLOCK_Q8,
            Packing::Q4 => PANEL_BLOCK_Q4,
        }
}

impl Matrix<'_> {
    /// The canonical bytes of a row: what is hashed into the weights root, and a row's evidence. Empty for a row that the
    /// matrix does not have.
    pub fn canonical_row(&self, row: usize) -> Vec<u8> {
        if row >= self.rows {
            return Vec::new();
        }
        let (panel, column) = (row / PANEL_COLUMNS, row % PANEL_COLUMNS);
        let bytes = self.panel_bytes();
        let Some(panel) = self.panels.get(panel * bytes..(panel + 1) * bytes) else { return Vec::new() };
        let mut canonical = Vec::with_capacity(row_bytes(self.columns));
        let block_bytes = bytes / (self.columns / BLOCK).max(1);
        for block in panel.chunks_exact(block_bytes.max(1)) {
            canonical.extend_from_slice(&block[2 * column..][..2]);
            let groups = block[SCALES..].chunks_exact(GROUP).map(|group| &group[4 * column..][..4]);
            match self.packing {
                Packing::Q8 => groups.for_each(|weights| canonical.extend_from_slice(weights)),
                Packing::Q4 => {
                    let pairs: Vec<u8> = groups.flatten().copied().collect();
                    canonical.extend(pairs.iter().map(|pair| (pair & 15).wrapping_sub(8)));
                    canonical.extend(pairs.iter().map(|pair| (pair >> 4).wrapping_sub(8)));
                }
            }
        }
        canonical
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_give_back_the_rows() {
        for packing in [Packing::Q8, Packing::Q4] {
            let (rows, columns) = (27, 96);
            let mut panel_rows = Rows::new(columns);
            for row in 0..rows {
                for (at, byte) in panel_rows.row_mut(row).iter_mut().enumerate() {
                    let number = (row * 131 + at * 37) as u8;
                    *byte = match (packing, at % CANONICAL_BLOCK) {
                        (Packing::Q4, 2..) => (number & 15).wrapping_sub(8),
                        _ => number,
                    };
                }
            }
            panel_rows.clear_from(rows);
            assert_eq!(panel_rows.fit_four_bits(), packing == Packing::Q4);
            let mut panels = vec![0; panel_bytes(columns, packing)];
            panel_rows.pack(packing, &mut panels);
            let matrix = Matrix { rows, columns, packing, panels: &panels };
            assert_eq!(matrix.panel_bytes(), panels.len());
            for row in 0..rows {
                assert_eq!(matrix.canonical_row(row), panel_rows.row(row));
            }
            assert!(matrix.canonical_row(rows).is_empty());
            // One weight by the formula of the layout.
            let (row, input) = (5, 32 + 4 * 2 + 3);
            if packing == Packing::Q8 {
                assert_eq!(
                    panels[PANEL_BLOCK_Q8 + 64 + 128 * 2 + 4 * row + 3],
                    panel_rows.row(row)[34 + 2 + input % 32]
                );
            } else {
                let pair = panels[PANEL_BLOCK_Q4 + 64 + 128 * 2 + 4 * row + 3];
                assert_eq!((pair & 15).wrapping_sub(8), panel_rows.row(row)[34 + 2 + 11]);
                assert_eq!((pair >> 4).wrapping_sub(8), panel_rows.row(row)[34 + 2 + 27]);
            }
        }
    }
}

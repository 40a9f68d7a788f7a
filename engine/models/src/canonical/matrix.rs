//! A weight matrix in canonical form, as the engine computes with it.

/// Columns of one panel. An output row of a weight matrix is a column of its panel.
pub const PANEL_COLUMNS: usize = 32;
/// Weights that share one scale.
pub const BLOCK: usize = 32;
/// Bytes of one block of a panel in [`Packing::Q8`]: 32 f16 scales, then eight groups of 32 columns by 4 signed bytes.
pub const PANEL_BLOCK_Q8: usize = 2 * PANEL_COLUMNS + BLOCK * PANEL_COLUMNS;
/// Bytes of one block of a panel in [`Packing::Q4`]: 32 f16 scales, then four groups of 32 columns by 4 bytes. The low
/// nibbles of group `g` are `q + 8` of the four weights `4g..4g+4`, the high nibbles those of `4(g+4)..4(g+4)+4`.
pub const PANEL_BLOCK_Q4: usize = 2 * PANEL_COLUMNS + BLOCK * PANEL_COLUMNS / 2;

/// How the integers of a matrix are stored. Both give the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Packing {
    /// One signed byte a weight.
    Q8,
    /// Four bits a weight, for matrices whose integers all lie in -8..=7.
    Q4,
}

/// A weight matrix, `rows` outputs by `columns` inputs.
///
/// Panel `p` holds output rows `32p..32p+32`; rows beyond the last are zero. A panel is `columns/32` blocks of
/// [`PANEL_BLOCK_Q8`] or [`PANEL_BLOCK_Q4`] bytes. In a Q8 block, byte `64 + 128 g + 4 c + i` is the weight of row `c` of the
/// panel at input `4g + i` of the block; scale `c` is the little-endian f16 at byte `2c`. The data begin at a multiple of 64.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// Outputs.
    pub rows: usize,
    /// Inputs, a multiple of 32.
    pub columns: usize,
    /// How the integers are stored.
    pub packing: Packing,
    /// The panels, one after the other.
    pub panels: &'a [u8],
}

impl Matrix<'_> {
    /// Bytes of one panel.
    pub fn panel_bytes(&self) -> usize {
        let block = match self.packing {
            Packing::Q8 => PANEL_BLOCK_Q8,
            Packing::Q4 => PANEL_BLOCK_Q4,
        };
        self.columns / BLOCK * block
    }
}

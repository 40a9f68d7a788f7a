//! Rows of an embedding table: `docs/arithmetic.md`, "Embedding".

use strike_arithmetic::half::f16_to_f32;
use strike_models::tensors::{Matrix, Packing, BLOCK, PANEL_COLUMNS};

/// A row of a matrix as numbers.
pub(crate) fn embed(matrix: &Matrix<'_>, row: usize, output: &mut [f32]) {
    let (panel, column) = (row / PANEL_COLUMNS, row % PANEL_COLUMNS);
    let bytes = matrix.panel_bytes();
    let blocks = matrix.columns / BLOCK;
    let panel = &matrix.panels[panel * bytes..][..bytes];
    for (block, output) in panel.chunks_exact(bytes / blocks).zip(output.as_chunks_mut::<BLOCK>().0) {
        let (scales, weights) = block.split_at(2 * PANEL_COLUMNS);
        let scale = f16_to_f32(u16::from_le_bytes([scales[2 * column], scales[2 * column + 1]]));
        for (at, output) in output.iter_mut().enumerate() {
            let (group, byte) = (at / 4, at % 4);
            let q = match matrix.packing {
                Packing::Q8 => weights[128 * group + 4 * column + byte] as i8,
                Packing::Q4 => {
                    let packed = weights[128 * (group % 4) + 4 * column + byte];
                    (if group < 4 { packed & 0xf } else { packed >> 4 }) as i8 - 8
                }
            };
            *output = f32::from(q) * scale;
        }
    }
}

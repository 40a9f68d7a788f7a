//! Without vector instructions of its own; every machine has it.

use strike_arithmetic::half::f16_to_f32;
use strike_models::tensors::{BLOCK, PANEL_BLOCK_Q4, PANEL_BLOCK_Q8, PANEL_COLUMNS};

use super::operands::Operands;

/// # Safety
/// The operands hold `rows` rows.
pub unsafe fn rows<const Q4: bool>(operands: Operands, rows: usize) {
    let block_bytes = if Q4 { PANEL_BLOCK_Q4 } else { PANEL_BLOCK_Q8 };
    for row in 0..rows {
        // SAFETY: the caller's promise; blocks and columns stay within the panel and the row.
        let (panel, q, scales, out) = unsafe {
            let operands = operands.at_row(row);
            (
                std::slice::from_raw_parts(operands.panel, operands.blocks * block_bytes),
                std::slice::from_raw_parts(operands.q, operands.blocks * BLOCK),
                std::slice::from_raw_parts(operands.scales, operands.blocks),
                std::slice::from_raw_parts_mut(operands.out, PANEL_COLUMNS),
            )
        };
        let mut sums = [0f32; PANEL_COLUMNS];
        for ((block, q), scale) in panel.chunks_exact(block_bytes).zip(q.as_chunks::<BLOCK>().0).zip(scales) {
            let (weight_scales, weights) = block.split_at(2 * PANEL_COLUMNS);
            for (column, sum) in sums.iter_mut().enumerate() {
                let mut dot = 0i32;
                for (at, q) in q.iter().enumerate() {
                    dot += weight::<Q4>(weights, column, at) * i32::from(*q);
                }
                let bits = u16::from_le_bytes([weight_scales[2 * column], weight_scales[2 * column + 1]]);
                *sum += dot as f32 * (f16_to_f32(bits) * scale);
            }
        }
        out.copy_from_slice(&sums);
    }
}

fn weight<const Q4: bool>(weights: &[u8], column: usize, at: usize) -> i32 {
    let (group, byte) = (at / 4, at % 4);
    if Q4 {
        let packed = weights[128 * (group % 4) + 4 * column + byte];
        i32::from(if group < 4 { packed & 0xf } else { packed >> 4 }) - 8
    } else {
        i32::from(weights[128 * group + 4 * column + byte] as i8)
    }
}

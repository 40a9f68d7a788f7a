//! Arm Advanced SIMD: eight columns at a time, products widened to 16 bits and added in pairs.

use std::arch::aarch64::*;

use strike_arithmetic::half::f16_to_f32;
use strike_models::tensors::{BLOCK, PANEL_BLOCK_Q4, PANEL_BLOCK_Q8, PANEL_COLUMNS};

use super::operands::Operands;

/// # Safety
/// The operands hold `rows` rows.
#[target_feature(enable = "neon")]
pub unsafe fn plain<const Q4: bool>(operands: Operands, rows: usize) {
    let mut row = 0;
    // SAFETY: rows are taken from those left.
    unsafe {
        while row < rows {
            let rest = operands.at_row(row);
            for part in 0..PANEL_COLUMNS / 8 {
                match rows - row {
                    1 => tile::<1, Q4>(rest, part),
                    2 => tile::<2, Q4>(rest, part),
                    3 => tile::<3, Q4>(rest, part),
                    _ => tile::<4, Q4>(rest, part),
                }
            }
            row += 4;
        }
    }
}

#[target_feature(enable = "neon")]
#[inline]
unsafe fn tile<const R: usize, const Q4: bool>(operands: Operands, part: usize) {
    let Operands { panel, blocks, q, scales, corrections: _, out, out_stride } = operands;
    let block_bytes = if Q4 { PANEL_BLOCK_Q4 } else { PANEL_BLOCK_Q8 };
    let mut sums = [[vdupq_n_f32(0.0); 2]; R];
    // SAFETY: all addresses lie in the rows and blocks of the operands.
    unsafe {
        for block in 0..blocks {
            let weight_block = panel.add(block * block_bytes);
            let mut dots = [[vdupq_n_s32(0); 2]; R];
            for group in 0..8 {
                let at = weight_block.add(64 + 128 * if Q4 { group % 4 } else { group } + 32 * part);
                let mut w = [vld1q_s8(at.cast()), vld1q_s8(at.add(16).cast())];
                if Q4 {
                    w = w.map(|w| {
                        let w = vreinterpretq_u8_s8(w);
                        let nibbles = if group < 4 { vandq_u8(w, vdupq_n_u8(0xf)) } else { vshrq_n_u8::<4>(w) };
                        vsubq_s8(vreinterpretq_s8_u8(nibbles), vdupq_n_s8(8))
                    });
                }
                for (row, dots) in dots.iter_mut().enumerate() {
                    let a = q.add((row * blocks + block) * BLOCK + 4 * group).cast::<i32>().read_unaligned();
                    let a = vreinterpretq_s8_s32(vdupq_n_s32(a));
                    for half in 0..2 {
                        // Four columns of four products each; products fit 16 bits, sums of two fit 32.
                        let low = vpaddlq_s16(vmull_s8(vget_low_s8(w[half]), vget_low_s8(a)));
                        let high = vpaddlq_s16(vmull_high_s8(w[half], a));
                        dots[half] = vaddq_s32(dots[half], vpaddq_s32(low, high));
                    }
                }
            }
            let mut column_scales = [0f32; 8];
            for (at, scale) in column_scales.iter_mut().enumerate() {
                let bits = weight_block.add(2 * (8 * part + at)).cast::<u16>().read_unaligned();
                *scale = f16_to_f32(u16::from_le(bits));
            }
            let column_scales = [vld1q_f32(column_scales.as_ptr()), vld1q_f32(column_scales.as_ptr().add(4))];
            for row in 0..R {
                let scale = vdupq_n_f32(*scales.add(row * blocks + block));
                for half in 0..2 {
                    let dot = vcvtq_f32_s32(dots[row][half]);
                    let term = vmulq_f32(dot, vmulq_f32(column_scales[half], scale));
                    sums[row][half] = vaddq_f32(sums[row][half], term);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            let out = out.add(row * out_stride + 8 * part);
            vst1q_f32(out, sums[0]);
            vst1q_f32(out.add(4), sums[1]);
        }
    }
}

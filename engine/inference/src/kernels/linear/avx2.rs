//! AVX2, with and without 256-bit VNNI: a panel is computed as two halves of 16 columns, two registers each.
//!
//! Registers are named or indexed by constants: iterators and closures over them would go through memory.

#![allow(clippy::needless_range_loop)]

use std::arch::x86_64::*;

use strike_models::tensors::{BLOCK, PANEL_BLOCK_Q4, PANEL_BLOCK_Q8};

use super::operands::Operands;

/// Rows computed together.
const ROWS: usize = 3;

/// Defines a kernel over all rows from one that computes a few rows against 16 columns.
macro_rules! rows {
    ($(#[$doc:meta])* $name:ident, $tile:ident, $features:literal) => {
        $(#[$doc])*
        #[target_feature(enable = $features)]
        pub unsafe fn $name<const Q4: bool>(operands: Operands, rows: usize) {
            let mut row = 0;
            // SAFETY: rows are taken from those left.
            unsafe {
                while row < rows {
                    let rest = operands.at_row(row);
                    for half in 0..2 {
                        match rows - row {
                            1 => $tile::<1, Q4>(rest, half),
                            2 => $tile::<2, Q4>(rest, half),
                            _ => $tile::<ROWS, Q4>(rest, half),
                        }
                    }
                    row += ROWS;
                }
            }
        }
    };
}

rows! {
    /// Without VNNI.
    ///
    /// # Safety
    /// The machine has AVX2 and F16C, and the operands hold `rows` rows.
    plain, plain_tile, "avx2,f16c"
}

rows! {
    /// With VNNI.
    ///
    /// # Safety
    /// The machine has AVX2, F16C and AVX-VNNI, and the operands hold `rows` rows.
    vnni, vnni_tile, "avx2,f16c,avxvnni"
}

/// The weights of 16 columns at inputs `4g..4g+4` of a block: signed bytes, or nibbles `q + 8`.
///
/// # Safety
/// `block` is a block of a panel, `half` 0 or 1.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn weights<const Q4: bool>(block: *const u8, half: usize, group: usize) -> (__m256i, __m256i) {
    // SAFETY: both registers lie within the block.
    unsafe {
        let at = block.add(64 + 128 * if Q4 { group % 4 } else { group } + 64 * half);
        let (first, second) = (_mm256_loadu_si256(at.cast()), _mm256_loadu_si256(at.add(32).cast()));
        if !Q4 {
            return (first, second);
        }
        let low = _mm256_set1_epi8(0xf);
        if group < 4 {
            (_mm256_and_si256(first, low), _mm256_and_si256(second, low))
        } else {
            let (first, second) = (_mm256_srli_epi16::<4>(first), _mm256_srli_epi16::<4>(second));
            (_mm256_and_si256(first, low), _mm256_and_si256(second, low))
        }
    }
}

/// Scales of 16 columns.
///
/// # Safety
/// As [`weights`].
#[target_feature(enable = "avx2,f16c")]
#[inline]
unsafe fn column_scales(block: *const u8, half: usize) -> (__m256, __m256) {
    // SAFETY: a block begins with 64 bytes of scales.
    unsafe {
        let at = block.add(32 * half);
        (_mm256_cvtph_ps(_mm_loadu_si128(at.cast())), _mm256_cvtph_ps(_mm_loadu_si128(at.add(16).cast())))
    }
}

/// `sum + f32(dot) * (weight scale * activation scale)` for every row.
///
/// # Safety
/// `scales` holds one number every `stride` for each row.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn accumulate<const R: usize>(
    sums: &mut [[__m256; 2]; R],
    dots: &[[__m256i; 2]; R],
    (first, second): (__m256, __m256),
    scales: *const f32,
    stride: usize,
) {
    for row in 0..R {
        // SAFETY: the caller's promise.
        let scale = _mm256_set1_ps(unsafe { *scales.add(row * stride) });
        let term = _mm256_mul_ps(_mm256_cvtepi32_ps(dots[row][0]), _mm256_mul_ps(first, scale));
        sums[row][0] = _mm256_add_ps(sums[row][0], term);
        let term = _mm256_mul_ps(_mm256_cvtepi32_ps(dots[row][1]), _mm256_mul_ps(second, scale));
        sums[row][1] = _mm256_add_ps(sums[row][1], term);
    }
}

/// # Safety
/// `out` holds 16 numbers for each row, `stride` apart.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn store<const R: usize>(sums: &[[__m256; 2]; R], out: *mut f32, stride: usize) {
    for row in 0..R {
        // SAFETY: the caller's promise.
        unsafe {
            _mm256_storeu_ps(out.add(row * stride), sums[row][0]);
            _mm256_storeu_ps(out.add(row * stride + 8), sums[row][1]);
        }
    }
}

#[target_feature(enable = "avx2,f16c")]
#[inline]
unsafe fn plain_tile<const R: usize, const Q4: bool>(operands: Operands, half: usize) {
    let Operands { panel, blocks, q, scales, corrections: _, out, out_stride } = operands;
    let block_bytes = if Q4 { PANEL_BLOCK_Q4 } else { PANEL_BLOCK_Q8 };
    let ones = _mm256_set1_epi16(1);
    let mut sums = [[_mm256_setzero_ps(); 2]; R];
    // SAFETY: all addresses lie in the rows and blocks of the operands.
    unsafe {
        for block in 0..blocks {
            let weight_block = panel.add(block * block_bytes);
            let mut dots = [[_mm256_setzero_si256(); 2]; R];
            for group in 0..8 {
                let (mut first, mut second) = weights::<Q4>(weight_block, half, group);
                if Q4 {
                    first = _mm256_sub_epi8(first, _mm256_set1_epi8(8));
                    second = _mm256_sub_epi8(second, _mm256_set1_epi8(8));
                }
                // |w| times a with the sign of w: sums of two stay within 2 * 128 * 127, so nothing saturates.
                let (first_magnitude, second_magnitude) = (_mm256_abs_epi8(first), _mm256_abs_epi8(second));
                for row in 0..R {
                    let a = q.add((row * blocks + block) * BLOCK + 4 * group).cast::<i32>().read_unaligned();
                    let a = _mm256_set1_epi32(a);
                    let pairs = _mm256_maddubs_epi16(first_magnitude, _mm256_sign_epi8(a, first));
                    dots[row][0] = _mm256_add_epi32(dots[row][0], _mm256_madd_epi16(pairs, ones));
                    let pairs = _mm256_maddubs_epi16(second_magnitude, _mm256_sign_epi8(a, second));
                    dots[row][1] = _mm256_add_epi32(dots[row][1], _mm256_madd_epi16(pairs, ones));
                }
            }
            accumulate(&mut sums, &dots, column_scales(weight_block, half), scales.add(block), blocks);
        }
        store(&sums, out.add(16 * half), out_stride);
    }
}

#[target_feature(enable = "avx2,f16c,avxvnni")]
#[inline]
unsafe fn vnni_tile<const R: usize, const Q4: bool>(operands: Operands, half: usize) {
    let Operands { panel, blocks, q, scales, corrections, out, out_stride } = operands;
    let block_bytes = if Q4 { PANEL_BLOCK_Q4 } else { PANEL_BLOCK_Q8 };
    let flip = _mm256_set1_epi8(-128);
    let mut sums = [[_mm256_setzero_ps(); 2]; R];
    // SAFETY: all addresses lie in the rows and blocks of the operands.
    unsafe {
        for block in 0..blocks {
            let weight_block = panel.add(block * block_bytes);
            let mut dots = [[_mm256_setzero_si256(); 2]; R];
            for row in 0..R {
                let correction = *corrections.add(row * blocks + block);
                let correction = _mm256_set1_epi32(if Q4 { correction >> 4 } else { correction });
                dots[row][0] = correction;
                dots[row][1] = correction;
            }
            for group in 0..8 {
                let (mut first, mut second) = weights::<Q4>(weight_block, half, group);
                if !Q4 {
                    first = _mm256_xor_si256(first, flip);
                    second = _mm256_xor_si256(second, flip);
                }
                for row in 0..R {
                    let a = q.add((row * blocks + block) * BLOCK + 4 * group).cast::<i32>().read_unaligned();
                    let a = _mm256_set1_epi32(a);
                    dots[row][0] = _mm256_dpbusd_avx_epi32(dots[row][0], first, a);
                    dots[row][1] = _mm256_dpbusd_avx_epi32(dots[row][1], second, a);
                }
            }
            accumulate(&mut sums, &dots, column_scales(weight_block, half), scales.add(block), blocks);
        }
        store(&sums, out.add(16 * half), out_stride);
    }
}

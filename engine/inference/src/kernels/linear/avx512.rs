//! AVX-512, with and without VNNI: 32 columns are two registers.
//!
//! Registers are named or indexed by constants: iterators and closures over them would go through memory.

#![allow(clippy::needless_range_loop)]

use std::arch::x86_64::*;
use std::ops::Range;

use strike_models::tensors::{BLOCK, PANEL_BLOCK_Q4, PANEL_BLOCK_Q8};

use super::operands::Operands;

/// With VNNI.
///
/// # Safety
/// The machine has AVX-512 F, BW, DQ, VL and VNNI, and the operands hold `rows` rows.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,f16c")]
pub unsafe fn vnni<const Q4: bool>(operands: Operands, rows: usize) {
    // Four rows: with more, sums and products do not fit into the registers, and the sums go through memory in every block.
    let tiles = rows / 4;
    let block_bytes = if Q4 { PANEL_BLOCK_Q4 } else { PANEL_BLOCK_Q8 };
    // SAFETY: rows are taken from those left.
    unsafe {
        for tile in 0..tiles {
            // Each tile fetches its part of the next panel, which otherwise the first tile would wait for. A single tile waits for
            // memory anyway, and then the processor's own fetching is better.
            let part = |at: usize| if tiles > 1 { block_bytes * at / tiles / 64 * 64 } else { 0 };
            vnni_tile::<4, Q4>(operands.at_row(4 * tile), part(tile)..part(tile + 1));
        }
        let rest = operands.at_row(4 * tiles);
        match rows % 4 {
            1 => vnni_tile::<1, Q4>(rest, 0..0),
            2 => vnni_tile::<2, Q4>(rest, 0..0),
            3 => vnni_tile::<3, Q4>(rest, 0..0),
            _ => {}
        }
    }
}

/// The weights of columns 0..16 and 16..32 at inputs `4g..4g+4` of a block: signed bytes, or nibbles `q + 8`.
///
/// # Safety
/// `block` is a block of a panel.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
unsafe fn weights<const Q4: bool>(block: *const u8, group: usize) -> (__m512i, __m512i) {
    // SAFETY: both halves of the group lie within the block.
    unsafe {
        let at = block.add(64 + 128 * if Q4 { group % 4 } else { group });
        let (first, second) = (_mm512_loadu_si512(at.cast()), _mm512_loadu_si512(at.add(64).cast()));
        if !Q4 {
            return (first, second);
        }
        let low = _mm512_set1_epi8(0xf);
        if group < 4 {
            (_mm512_and_si512(first, low), _mm512_and_si512(second, low))
        } else {
            let (first, second) = (_mm512_srli_epi16::<4>(first), _mm512_srli_epi16::<4>(second));
            (_mm512_and_si512(first, low), _mm512_and_si512(second, low))
        }
    }
}

/// Scales of the 32 columns.
///
/// # Safety
/// `block` is a block of a panel.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn column_scales(block: *const u8) -> (__m512, __m512) {
    // SAFETY: a block begins with 64 bytes of scales.
    unsafe {
        (_mm512_cvtph_ps(_mm256_loadu_si256(block.cast())), _mm512_cvtph_ps(_mm256_loadu_si256(block.add(32).cast())))
    }
}

/// `R` rows against a panel. `ahead` are the bytes of each block of the next panel that are fetched meanwhile.
///
/// # Safety
/// As [`vnni`], of `R` rows.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,f16c")]
#[inline]
unsafe fn vnni_tile<const R: usize, const Q4: bool>(operands: Operands, ahead: Range<usize>) {
    let Operands { panel, blocks, q, scales, corrections, out, out_stride } = operands;
    let block_bytes = if Q4 { PANEL_BLOCK_Q4 } else { PANEL_BLOCK_Q8 };
    let flip = _mm512_set1_epi8(-128);
    let mut sums = [[_mm512_setzero_ps(); 2]; R];
    // SAFETY: all addresses lie in the rows and blocks of the operands; a fetch in vain does no harm.
    unsafe {
        for block in 0..blocks {
            let weight_block = panel.add(block * block_bytes);
            let mut at = ahead.start;
            while at < ahead.end {
                _mm_prefetch::<_MM_HINT_T1>(weight_block.wrapping_add(blocks * block_bytes + at).cast());
                at += 64;
            }
            let mut dots = [[_mm512_setzero_si512(); 2]; R];
            for row in 0..R {
                let correction = *corrections.add(row * blocks + block);
                // Weights go in as w + 128 (or q + 8): take the surplus away beforehand.
                let correction = _mm512_set1_epi32(if Q4 { correction >> 4 } else { correction });
                dots[row][0] = correction;
                dots[row][1] = correction;
            }
            let inputs = q.add(block * BLOCK);
            for group in 0..8 {
                let (mut first, mut second) = weights::<Q4>(weight_block, group);
                if !Q4 {
                    first = _mm512_xor_si512(first, flip);
                    second = _mm512_xor_si512(second, flip);
                }
                for row in 0..R {
                    let a = inputs.add(row * blocks * BLOCK + 4 * group).cast::<i32>().read_unaligned();
                    let a = _mm512_set1_epi32(a);
                    dots[row][0] = _mm512_dpbusd_epi32(dots[row][0], first, a);
                    dots[row][1] = _mm512_dpbusd_epi32(dots[row][1], second, a);
                }
            }
            accumulate(&mut sums, &dots, column_scales(weight_block), scales.add(block), blocks);
        }
        store(&sums, out, out_stride);
    }
}

/// `sum + f32(dot) * (weight scale * activation scale)` for every row.
///
/// # Safety
/// `scales` holds one number every `stride` for each row.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn accumulate<const R: usize>(
    sums: &mut [[__m512; 2]; R],
    dots: &[[__m512i; 2]; R],
    (first, second): (__m512, __m512),
    scales: *const f32,
    stride: usize,
) {
    for row in 0..R {
        // SAFETY: the caller's promise.
        let scale = _mm512_set1_ps(unsafe { *scales.add(row * stride) });
        let term = _mm512_mul_ps(_mm512_cvtepi32_ps(dots[row][0]), _mm512_mul_ps(first, scale));
        sums[row][0] = _mm512_add_ps(sums[row][0], term);
        let term = _mm512_mul_ps(_mm512_cvtepi32_ps(dots[row][1]), _mm512_mul_ps(second, scale));
        sums[row][1] = _mm512_add_ps(sums[row][1], term);
    }
}

/// # Safety
/// `out` holds 32 numbers for each row, `stride` apart.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn store<const R: usize>(sums: &[[__m512; 2]; R], out: *mut f32, stride: usize) {
    for row in 0..R {
        // SAFETY: the caller's promise.
        unsafe {
            _mm512_storeu_ps(out.add(row * stride), sums[row][0]);
            _mm512_storeu_ps(out.add(row * stride + 16), sums[row][1]);
        }
    }
}

/// Without VNNI.
///
/// # Safety
/// The machine has AVX-512 F, BW, DQ and VL, and the operands hold `rows` rows.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,f16c")]
pub unsafe fn plain<const Q4: bool>(operands: Operands, rows: usize) {
    let mut row = 0;
    // SAFETY: rows are taken from those left.
    unsafe {
        while rows - row >= 4 {
            plain_tile::<4, Q4>(operands.at_row(row));
            row += 4;
        }
        let rest = operands.at_row(row);
        match rows - row {
            1 => plain_tile::<1, Q4>(rest),
            2 => plain_tile::<2, Q4>(rest),
            3 => plain_tile::<3, Q4>(rest),
            _ => {}
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,f16c")]
#[inline]
unsafe fn plain_tile<const R: usize, const Q4: bool>(operands: Operands) {
    let Operands { panel, blocks, q, scales, corrections: _, out, out_stride } = operands;
    let block_bytes = if Q4 { PANEL_BLOCK_Q4 } else { PANEL_BLOCK_Q8 };
    let ones = _mm512_set1_epi16(1);
    let zero = _mm512_setzero_si512();
    let mut sums = [[_mm512_setzero_ps(); 2]; R];
    // SAFETY: all addresses lie in the rows and blocks of the operands.
    unsafe {
        for block in 0..blocks {
            let weight_block = panel.add(block * block_bytes);
            let mut dots = [[zero; 2]; R];
            for group in 0..8 {
                let (mut first, mut second) = weights::<Q4>(weight_block, group);
                if Q4 {
                    first = _mm512_sub_epi8(first, _mm512_set1_epi8(8));
                    second = _mm512_sub_epi8(second, _mm512_set1_epi8(8));
                }
                // |w| times a with the sign of w: sums of two stay within 2 * 128 * 127, so nothing saturates.
                let (negative_first, negative_second) = (_mm512_movepi8_mask(first), _mm512_movepi8_mask(second));
                let (first, second) = (_mm512_abs_epi8(first), _mm512_abs_epi8(second));
                for row in 0..R {
                    let a = q.add((row * blocks + block) * BLOCK + 4 * group).cast::<i32>().read_unaligned();
                    let a = _mm512_set1_epi32(a);
                    let pairs = _mm512_maddubs_epi16(first, _mm512_mask_sub_epi8(a, negative_first, zero, a));
                    dots[row][0] = _mm512_add_epi32(dots[row][0], _mm512_madd_epi16(pairs, ones));
                    let pairs = _mm512_maddubs_epi16(second, _mm512_mask_sub_epi8(a, negative_second, zero, a));
                    dots[row][1] = _mm512_add_epi32(dots[row][1], _mm512_madd_epi16(pairs, ones));
                }
            }
            accumulate(&mut sums, &dots, column_scales(weight_block), scales.add(block), blocks);
        }
        store(&sums, out, out_stride);
    }
}

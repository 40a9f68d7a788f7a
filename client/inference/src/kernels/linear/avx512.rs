//! AVX-512, with and without VNNI: 32 columns are two registers.

use std::arch::x86_64::*;

use strike_models::tensors::{BLOCK, PANEL_BLOCK_Q4, PANEL_BLOCK_Q8};

use super::Operands;

/// With VNNI.
///
/// # Safety
/// The machine has AVX-512 F, BW, DQ, VL and VNNI, and the operands hold `rows` rows.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,f16c")]
pub unsafe fn vnni<const Q4: bool>(operands: Operands, rows: usize) {
    let mut row = 0;
    // SAFETY: rows are taken from those left.
    unsafe {
        while rows - row >= 6 {
            vnni_tile::<6, Q4>(operands.from_row(row));
            row += 6;
        }
        let rest = operands.from_row(row);
        match rows - row {
            1 => vnni_tile::<1, Q4>(rest),
            2 => vnni_tile::<2, Q4>(rest),
            3 => vnni_tile::<3, Q4>(rest),
            4 => vnni_tile::<4, Q4>(rest),
            5 => vnni_tile::<5, Q4>(rest),
            _ => {}
        }
    }
}

/// The weights of columns 0..16 and 16..32 at inputs `4g..4g+4` of a block: signed bytes, or nibbles `q + 8`.
///
/// # Safety
/// `block` is a block of a panel.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn weights<const Q4: bool>(block: *const u8, group: usize) -> [__m512i; 2] {
    // SAFETY: both halves of the group lie within the block.
    unsafe {
        if Q4 {
            let at = block.add(64 + 128 * (group % 4));
            let packed = [_mm512_loadu_si512(at.cast()), _mm512_loadu_si512(at.add(64).cast())];
            let low = _mm512_set1_epi8(0xf);
            if group < 4 {
                packed.map(|w| _mm512_and_si512(w, low))
            } else {
                packed.map(|w| _mm512_and_si512(_mm512_srli_epi16::<4>(w), low))
            }
        } else {
            let at = block.add(64 + 128 * group);
            [_mm512_loadu_si512(at.cast()), _mm512_loadu_si512(at.add(64).cast())]
        }
    }
}

/// Scales of the 32 columns.
///
/// # Safety
/// `block` is a block of a panel.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn column_scales(block: *const u8) -> [__m512; 2] {
    // SAFETY: a block begins with 64 bytes of scales.
    unsafe {
        [_mm512_cvtph_ps(_mm256_loadu_si256(block.cast())), _mm512_cvtph_ps(_mm256_loadu_si256(block.add(32).cast()))]
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,f16c")]
#[inline]
unsafe fn vnni_tile<const R: usize, const Q4: bool>(operands: Operands) {
    let Operands { panel, blocks, q, scales, corrections, out, out_stride } = operands;
    let block_bytes = if Q4 { PANEL_BLOCK_Q4 } else { PANEL_BLOCK_Q8 };
    let flip = _mm512_set1_epi8(-128);
    let mut sums = [[_mm512_setzero_ps(); 2]; R];
    // SAFETY: all addresses lie in the rows and blocks of the operands.
    unsafe {
        for block in 0..blocks {
            let weight_block = panel.add(block * block_bytes);
            _mm_prefetch::<_MM_HINT_T0>(weight_block.add(4 * block_bytes).cast());
            let mut dots = [[_mm512_setzero_si512(); 2]; R];
            for (row, dots) in dots.iter_mut().enumerate() {
                let correction = *corrections.add(row * blocks + block);
                // Weights go in as w + 128 (or q + 8): take the surplus away beforehand.
                let correction = _mm512_set1_epi32(if Q4 { correction >> 4 } else { correction });
                *dots = [correction; 2];
            }
            for group in 0..8 {
                let mut w = weights::<Q4>(weight_block, group);
                if !Q4 {
                    w = w.map(|w| _mm512_xor_si512(w, flip));
                }
                for (row, dots) in dots.iter_mut().enumerate() {
                    let a = q.add((row * blocks + block) * BLOCK + 4 * group).cast::<i32>().read_unaligned();
                    let a = _mm512_set1_epi32(a);
                    *dots = [_mm512_dpbusd_epi32(dots[0], w[0], a), _mm512_dpbusd_epi32(dots[1], w[1], a)];
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
    column_scales: [__m512; 2],
    scales: *const f32,
    stride: usize,
) {
    for row in 0..R {
        // SAFETY: the caller's promise.
        let scale = _mm512_set1_ps(unsafe { *scales.add(row * stride) });
        for half in 0..2 {
            let dot = _mm512_cvtepi32_ps(dots[row][half]);
            let term = _mm512_mul_ps(dot, _mm512_mul_ps(column_scales[half], scale));
            sums[row][half] = _mm512_add_ps(sums[row][half], term);
        }
    }
}

/// # Safety
/// `out` holds 32 numbers for each row, `stride` apart.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn store<const R: usize>(sums: &[[__m512; 2]; R], out: *mut f32, stride: usize) {
    for (row, sums) in sums.iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe {
            _mm512_storeu_ps(out.add(row * stride), sums[0]);
            _mm512_storeu_ps(out.add(row * stride + 16), sums[1]);
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
            plain_tile::<4, Q4>(operands.from_row(row));
            row += 4;
        }
        let rest = operands.from_row(row);
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
                let mut w = weights::<Q4>(weight_block, group);
                if Q4 {
                    w = w.map(|w| _mm512_sub_epi8(w, _mm512_set1_epi8(8)));
                }
                // |w| times a with the sign of w: sums of two stay within 2 * 128 * 127, so nothing saturates.
                let magnitudes = w.map(|w| _mm512_abs_epi8(w));
                let negative = w.map(|w| _mm512_movepi8_mask(w));
                for (row, dots) in dots.iter_mut().enumerate() {
                    let a = q.add((row * blocks + block) * BLOCK + 4 * group).cast::<i32>().read_unaligned();
                    let a = _mm512_set1_epi32(a);
                    for half in 0..2 {
                        let signed = _mm512_mask_sub_epi8(a, negative[half], zero, a);
                        let pairs = _mm512_maddubs_epi16(magnitudes[half], signed);
                        dots[half] = _mm512_add_epi32(dots[half], _mm512_madd_epi16(pairs, ones));
                    }
                }
            }
            accumulate(&mut sums, &dots, column_scales(weight_block), scales.add(block), blocks);
        }
        store(&sums, out, out_stride);
    }
}

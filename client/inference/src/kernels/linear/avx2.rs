//! AVX2, with and without 256-bit VNNI: a panel is computed as two halves of 16 columns, two registers each.

use std::arch::x86_64::*;

use strike_models::tensors::{BLOCK, PANEL_BLOCK_Q4, PANEL_BLOCK_Q8};

use super::Operands;

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
                    let rest = operands.from_row(row);
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
unsafe fn weights<const Q4: bool>(block: *const u8, half: usize, group: usize) -> [__m256i; 2] {
    // SAFETY: both registers lie within the block.
    unsafe {
        let at = block.add(64 + 128 * if Q4 { group % 4 } else { group } + 64 * half);
        let loaded = [_mm256_loadu_si256(at.cast()), _mm256_loadu_si256(at.add(32).cast())];
        if !Q4 {
            return loaded;
        }
        let low = _mm256_set1_epi8(0xf);
        if group < 4 {
            loaded.map(|w| _mm256_and_si256(w, low))
        } else {
            loaded.map(|w| _mm256_and_si256(_mm256_srli_epi16::<4>(w), low))
        }
    }
}

/// Scales of 16 columns.
///
/// # Safety
/// As [`weights`].
#[target_feature(enable = "avx2,f16c")]
#[inline]
unsafe fn column_scales(block: *const u8, half: usize) -> [__m256; 2] {
    // SAFETY: a block begins with 64 bytes of scales.
    unsafe {
        let at = block.add(32 * half);
        [_mm256_cvtph_ps(_mm_loadu_si128(at.cast())), _mm256_cvtph_ps(_mm_loadu_si128(at.add(16).cast()))]
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
    column_scales: [__m256; 2],
    scales: *const f32,
    stride: usize,
) {
    for row in 0..R {
        // SAFETY: the caller's promise.
        let scale = _mm256_set1_ps(unsafe { *scales.add(row * stride) });
        for at in 0..2 {
            let dot = _mm256_cvtepi32_ps(dots[row][at]);
            let term = _mm256_mul_ps(dot, _mm256_mul_ps(column_scales[at], scale));
            sums[row][at] = _mm256_add_ps(sums[row][at], term);
        }
    }
}

/// # Safety
/// `out` holds 16 numbers for each row, `stride` apart.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn store<const R: usize>(sums: &[[__m256; 2]; R], out: *mut f32, stride: usize) {
    for (row, sums) in sums.iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe {
            _mm256_storeu_ps(out.add(row * stride), sums[0]);
            _mm256_storeu_ps(out.add(row * stride + 8), sums[1]);
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
                let mut w = weights::<Q4>(weight_block, half, group);
                if Q4 {
                    w = w.map(|w| _mm256_sub_epi8(w, _mm256_set1_epi8(8)));
                }
                // |w| times a with the sign of w: sums of two stay within 2 * 128 * 127, so nothing saturates.
                let magnitudes = w.map(|w| _mm256_abs_epi8(w));
                for (row, dots) in dots.iter_mut().enumerate() {
                    let a = q.add((row * blocks + block) * BLOCK + 4 * group).cast::<i32>().read_unaligned();
                    let a = _mm256_set1_epi32(a);
                    for at in 0..2 {
                        let pairs = _mm256_maddubs_epi16(magnitudes[at], _mm256_sign_epi8(a, w[at]));
                        dots[at] = _mm256_add_epi32(dots[at], _mm256_madd_epi16(pairs, ones));
                    }
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
            for (row, dots) in dots.iter_mut().enumerate() {
                let correction = *corrections.add(row * blocks + block);
                *dots = [_mm256_set1_epi32(if Q4 { correction >> 4 } else { correction }); 2];
            }
            for group in 0..8 {
                let mut w = weights::<Q4>(weight_block, half, group);
                if !Q4 {
                    w = w.map(|w| _mm256_xor_si256(w, flip));
                }
                for (row, dots) in dots.iter_mut().enumerate() {
                    let a = q.add((row * blocks + block) * BLOCK + 4 * group).cast::<i32>().read_unaligned();
                    let a = _mm256_set1_epi32(a);
                    for at in 0..2 {
                        dots[at] = _mm256_dpbusd_avx_epi32(dots[at], w[at], a);
                    }
                }
            }
            accumulate(&mut sums, &dots, column_scales(weight_block, half), scales.add(block), blocks);
        }
        store(&sums, out.add(16 * half), out_stride);
    }
}

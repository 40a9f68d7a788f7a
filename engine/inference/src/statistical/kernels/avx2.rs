//! The dot products of the parent module with 256-bit vectors: two of them are the 16 lanes.

use std::arch::x86_64::*;

use strike_models::FloatMatrix;

use super::order::{add_tail, sum_lanes, LANES};

/// As `portable`.
#[target_feature(enable = "avx2")]
pub(super) fn block(x: &[f32], weight: &FloatMatrix, first: usize, count: usize, out: &mut [f32]) {
    let rows = x.len() / weight.columns;
    let row = |at: usize| &x[at * weight.columns..][..weight.columns];
    let column = |at: usize| weight.row(first + at);
    let mut r = 0;
    while r < rows {
        let pair = r + 2 <= rows;
        let mut c = 0;
        while c < count {
            // The shapes keep eight accumulators in registers, enough to hide the latency of an addition.
            let at = r * count + c;
            if pair && c + 2 <= count {
                let sums = tile([row(r), row(r + 1)], [column(c), column(c + 1)]);
                out[at..at + 2].copy_from_slice(&sums[0]);
                out[at + count..at + count + 2].copy_from_slice(&sums[1]);
                c += 2;
            } else if !pair && c + 4 <= count {
                let sums = tile([row(r)], [column(c), column(c + 1), column(c + 2), column(c + 3)]);
                out[at..at + 4].copy_from_slice(&sums[0]);
                c += 4;
            } else {
                out[at] = tile([row(r)], [column(c)])[0][0];
                if pair {
                    out[at + count] = tile([row(r + 1)], [column(c)])[0][0];
                }
                c += 1;
            }
        }
        r += if pair { 2 } else { 1 };
    }
}

/// `R` by `C` dot products at once; all slices have the same length.
#[target_feature(enable = "avx2")]
#[inline]
fn tile<const R: usize, const C: usize>(x: [&[f32]; R], w: [&[f32]; C]) -> [[f32; C]; R] {
    let length = x.iter().chain(&w).map(|row| row.len()).min().unwrap_or(0);
    let whole = length - length % LANES;
    let mut sums = [[[_mm256_setzero_ps(); 2]; C]; R];
    for at in (0..whole).step_by(LANES) {
        let load = |row: &[f32]| {
            debug_assert!(at + LANES <= row.len());
            // SAFETY: `at + LANES <= whole <= row.len()`, as `length` is the shortest of all rows, and
            // the loads need no alignment.
            unsafe { [_mm256_loadu_ps(row.as_ptr().add(at)), _mm256_loadu_ps(row.as_ptr().add(at + 8))] }
        };
        let ws = w.map(load);
        for r in 0..R {
            let xs = load(x[r]);
            for c in 0..C {
                for half in 0..2 {
                    // Two roundings: a fused multiply-add would give other bits.
                    sums[r][c][half] = _mm256_add_ps(sums[r][c][half], _mm256_mul_ps(xs[half], ws[c][half]));
                }
            }
        }
    }
    let mut out = [[0f32; C]; R];
    for r in 0..R {
        for c in 0..C {
            out[r][c] = if whole == length {
                sum(sums[r][c])
            } else {
                let mut lanes = [0f32; LANES];
                // SAFETY: the array holds both vectors, and the stores need no alignment.
                unsafe {
                    _mm256_storeu_ps(lanes.as_mut_ptr(), sums[r][c][0]);
                    _mm256_storeu_ps(lanes.as_mut_ptr().add(8), sums[r][c][1]);
                }
                add_tail(&mut lanes, &x[r][whole..length], &w[c][whole..length]);
                sum_lanes(&lanes)
            };
        }
    }
    out
}

/// [`sum_lanes`] of two vectors.
#[target_feature(enable = "avx2")]
#[inline]
fn sum(lanes: [__m256; 2]) -> f32 {
    let eight = _mm256_add_ps(lanes[0], lanes[1]);
    let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
}

//! Matrix products and norms with one fixed order of additions.
//!
//! A dot product has 16 lanes: lane `j` sums the products at `j`, `j + 16`, `j + 32`, ... in this
//! order from +0, and the lanes are added as a tree (8, 4, 2, 1 apart). Products and sums are rounded
//! separately. Vector units compute exactly this with any width up to 16, so the instruction set is
//! chosen at run time without changing a bit, and a row's result does not depend on other rows.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod order;

use rayon::prelude::*;
use strike_models::FloatMatrix;

use self::order::{add_tail, sum_lanes, LANES};

/// Rows that share one pass over the weights.
const ROW_BLOCK: usize = 16;
/// Multiplications below which threads cost more than they bring.
const PARALLEL_FROM: usize = 1 << 18;

/// Dot product in the order of this module.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0f32; LANES];
    let ((a, a_tail), (b, b_tail)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    add_tail(&mut lanes, a_tail, b_tail);
    sum_lanes(&lanes)
}

/// Products of the rows of `x` with `count` weight rows from `first` on, into rows of `count`.
fn portable(x: &[f32], weight: &FloatMatrix, first: usize, count: usize, out: &mut [f32]) {
    // Weight rows outside: each is read once for all rows of the block.
    for c in 0..count {
        let row = weight.row(first + c);
        for (r, x) in x.chunks_exact(weight.columns).enumerate() {
            out[r * count + c] = dot(x, row);
        }
    }
}

fn block(x: &[f32], weight: &FloatMatrix, first: usize, count: usize, out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, which is all the function requires.
        unsafe { avx2::block(x, weight, first, count, out) };
        return;
    }
    portable(x, weight, first, count, out);
}

/// `x` times the transposed weight: rows `[n][columns]` to rows `[n][rows]`.
///
/// The length of `x` is a multiple of `weight.columns`.
pub(crate) fn linear(x: &[f32], weight: &FloatMatrix) -> Vec<f32> {
    let count = x.len() / weight.columns;
    let mut out = vec![0f32; count * weight.rows];
    if x.len().saturating_mul(weight.rows) < PARALLEL_FROM {
        for (x, out) in x.chunks(ROW_BLOCK * weight.columns).zip(out.chunks_mut(ROW_BLOCK * weight.rows)) {
            block(x, weight, 0, weight.rows, out);
        }
    } else if count <= ROW_BLOCK {
        // Few rows: every thread takes a share of the columns of each row.
        let share = weight.rows.div_ceil(4 * rayon::current_num_threads()).next_multiple_of(4);
        for (x, out) in x.chunks_exact(weight.columns).zip(out.chunks_exact_mut(weight.rows)) {
            out.par_chunks_mut(share).enumerate().for_each(|(at, out)| {
                block(x, weight, at * share, out.len(), out);
            });
        }
    } else {
        x.par_chunks(ROW_BLOCK * weight.columns)
            .zip(out.par_chunks_mut(ROW_BLOCK * weight.rows))
            .for_each(|(x, out)| block(x, weight, 0, weight.rows, out));
    }
    out
}

/// RMS norm of each row: `(x * (1 / sqrt(mean of squares + epsilon))) * gain`.
pub(crate) fn rms_norm(x: &[f32], gain: &[f32], epsilon: f32) -> Vec<f32> {
    let mut out = vec![0f32; x.len()];
    for (row, out) in x.chunks_exact(gain.len()).zip(out.chunks_exact_mut(gain.len())) {
        let scale = 1.0 / (dot(row, row) / gain.len() as f32 + epsilon).sqrt();
        for ((out, x), gain) in out.iter_mut().zip(row).zip(gain) {
            *out = (x * scale) * gain;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        std::iter::repeat_with(next).take(count).collect()
    }

    /// The definition, one lane at a time.
    fn plain(a: &[f32], b: &[f32]) -> f32 {
        let mut lanes = [0f32; LANES];
        for (at, (a, b)) in a.iter().zip(b).enumerate() {
            let product = a * b;
            lanes[at % LANES] += product;
        }
        sum_lanes(&lanes)
    }

    #[test]
    fn every_path_has_the_bits_of_the_definition() {
        // Shapes that reach odd rows, odd columns, tails and both parallel paths.
        for (rows, k, n) in [(1, 7, 3), (2, 16, 5), (3, 192, 320), (1, 576, 1537), (17, 100, 33), (40, 192, 513)] {
            let x = numbers(rows * k, 1);
            let weight = FloatMatrix { rows: n, columns: k, values: numbers(n * k, 2) };
            let out = linear(&x, &weight);
            let mut portable = vec![0f32; rows * n];
            super::portable(&x, &weight, 0, n, &mut portable);
            for r in 0..rows {
                for c in 0..n {
                    let expected = plain(&x[r * k..][..k], weight.row(c)).to_bits();
                    assert_eq!(out[r * n + c].to_bits(), expected, "{rows} {k} {n} at {r} {c}");
                    assert_eq!(portable[r * n + c].to_bits(), expected);
                }
            }
        }
    }
}

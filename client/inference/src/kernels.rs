//! Matrix products and norms with one fixed order of additions.
//!
//! A dot product has 16 lanes: lane `j` sums the products at `j`, `j + 16`, `j + 32`, ... in this
//! order from +0, and the lanes are added as a tree (8, 4, 2, 1 apart). Products and sums are rounded
//! separately. Vector units compute exactly this with any width up to 16, so the instruction set is
//! chosen at run time without changing a bit, and a row's result does not depend on other rows.

use rayon::prelude::*;

const LANES: usize = 16;
/// Rows that share one pass over the weights.
const ROW_BLOCK: usize = 16;
/// Multiplications below which threads cost more than they bring.
const PARALLEL_FROM: usize = 1 << 18;

/// A row-major matrix `[outputs][inputs]` as linear layers store it.
#[derive(Debug)]
pub(crate) struct Matrix {
    pub rows: usize,
    pub columns: usize,
    pub values: Vec<f32>,
}

impl Matrix {
    /// One row.
    pub fn row(&self, at: usize) -> &[f32] {
        &self.values[at * self.columns..][..self.columns]
    }
}

#[inline(always)]
fn sum_lanes(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for j in 0..width {
            lanes[j] += lanes[j + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// `R` by `C` dot products at once; the lanes of each are independent of the others.
#[inline(always)]
fn tile<const R: usize, const C: usize>(x: [&[f32]; R], w: [&[f32]; C]) -> [[f32; C]; R] {
    let mut lanes = [[[0f32; LANES]; C]; R];
    let x = x.map(|row| row.as_chunks::<LANES>());
    let w = w.map(|row| row.as_chunks::<LANES>());
    let blocks = x.iter().chain(&w).map(|(chunks, _)| chunks.len()).min().unwrap_or(0);
    let xs = x.map(|(chunks, _)| &chunks[..blocks]);
    let ws = w.map(|(chunks, _)| &chunks[..blocks]);
    for at in 0..blocks {
        for r in 0..R {
            for c in 0..C {
                for j in 0..LANES {
                    lanes[r][c][j] += xs[r][at][j] * ws[c][at][j];
                }
            }
        }
    }
    for r in 0..R {
        for c in 0..C {
            for (lane, (x, w)) in lanes[r][c].iter_mut().zip(x[r].1.iter().zip(w[c].1)) {
                *lane += x * w;
            }
        }
    }
    lanes.map(|row| row.map(sum_lanes))
}

/// Products of a block of rows `x` with the weight rows from `first` on, into `out` rows of width
/// `stride`.
#[inline(always)]
fn block(x: &[f32], weight: &Matrix, first: usize, count: usize, out: &mut [f32], stride: usize) {
    let k = weight.columns;
    let rows = x.len() / k;
    let row = |at: usize| &x[at * k..][..k];
    let mut c = 0;
    while c < count {
        let wide = c + 2 <= count;
        let w0 = weight.row(first + c);
        let w1 = weight.row(first + if wide { c + 1 } else { c });
        let mut r = 0;
        while r < rows {
            if r + 2 <= rows {
                let sums = tile([row(r), row(r + 1)], [w0, w1]);
                for (r, sums) in (r..).zip(sums) {
                    out[r * stride + c] = sums[0];
                    if wide {
                        out[r * stride + c + 1] = sums[1];
                    }
                }
                r += 2;
            } else {
                let sums = tile([row(r)], [w0, w1]);
                out[r * stride + c] = sums[0][0];
                if wide {
                    out[r * stride + c + 1] = sums[0][1];
                }
                r += 1;
            }
        }
        c += 2;
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn block_avx2(x: &[f32], weight: &Matrix, first: usize, count: usize, out: &mut [f32], stride: usize) {
    block(x, weight, first, count, out, stride);
}

fn run_block(x: &[f32], weight: &Matrix, first: usize, count: usize, out: &mut [f32], stride: usize) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, which is all the function requires.
        unsafe { block_avx2(x, weight, first, count, out, stride) };
        return;
    }
    block(x, weight, first, count, out, stride);
}

/// `x` times the transposed weight: rows `[n][columns]` to rows `[n][rows]`.
///
/// The length of `x` is a multiple of `weight.columns`.
pub(crate) fn linear(x: &[f32], weight: &Matrix) -> Vec<f32> {
    let count = x.len() / weight.columns;
    let mut out = vec![0f32; count * weight.rows];
    if x.len().saturating_mul(weight.rows) < PARALLEL_FROM {
        for (x, out) in x.chunks(ROW_BLOCK * weight.columns).zip(out.chunks_mut(ROW_BLOCK * weight.rows)) {
            run_block(x, weight, 0, weight.rows, out, weight.rows);
        }
    } else if count <= ROW_BLOCK {
        // Few rows: every thread takes a share of the columns of each row.
        let share = weight.rows.div_ceil(4 * rayon::current_num_threads()).next_multiple_of(2);
        for (x, out) in x.chunks_exact(weight.columns).zip(out.chunks_exact_mut(weight.rows)) {
            out.par_chunks_mut(share).enumerate().for_each(|(at, out)| {
                run_block(x, weight, at * share, out.len(), out, out.len());
            });
        }
    } else {
        x.par_chunks(ROW_BLOCK * weight.columns)
            .zip(out.par_chunks_mut(ROW_BLOCK * weight.rows))
            .for_each(|(x, out)| run_block(x, weight, 0, weight.rows, out, weight.rows));
    }
    out
}

/// Dot product in the order of this module.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    tile([a], [b])[0][0]
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
        sum_lanes(lanes)
    }

    #[test]
    fn every_path_has_the_bits_of_the_definition() {
        // Shapes that reach odd rows, odd columns, tails and both parallel paths.
        for (rows, k, n) in [(1, 7, 3), (2, 16, 5), (3, 192, 320), (1, 576, 1537), (17, 100, 33), (40, 192, 513)] {
            let x = numbers(rows * k, 1);
            let weight = Matrix { rows: n, columns: k, values: numbers(n * k, 2) };
            let out = linear(&x, &weight);
            let mut portable = vec![0f32; rows * n];
            block(&x, &weight, 0, n, &mut portable, n);
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

//! From the states of a text's tokens to one vector: `docs/arithmetic.md`, "Embeddings".
//!
//! Pooling by the first token is that token's state as it is.

use alloc::vec;
use alloc::vec::Vec;

use crate::norm::lane_sum;
use crate::{Float, NotFinite};

/// The mean of `rows`, of which there is at least one: each element serially over the rows from +0, then one division by the
/// number of rows.
pub fn mean<F: Float>(rows: &[&[F]]) -> Vec<F> {
    let mut sums = vec![F::of(0.0); rows[0].len()];
    for row in rows {
        for (sum, x) in sums.iter_mut().zip(*row) {
            *sum = sum.plus(*x);
        }
    }
    let count = F::of_integer(rows.len() as i32);
    sums.iter().map(|sum| sum.over(count)).collect()
}

/// Divides every element by the Euclidean length, the root of the squares' sum in lanes.
///
/// A row whose squares sum to zero stays as it is: its elements are zeros, or too small for a square. An error where the sum is
/// not finite, be it that an element is not or that the squares are too large.
pub fn normalize<F: Float>(row: &mut [F]) -> Result<(), NotFinite> {
    let squares = lane_sum(row.iter().map(|x| x.times(*x)));
    if !squares.is_finite() {
        return Err(NotFinite);
    }
    if squares.magnitude() != 0 {
        let length = squares.root();
        for x in row {
            *x = x.over(length);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_sums_rows_in_order() {
        // In another order the ones would not vanish in the large number.
        let rows = [[1e8f32, -0.0], [1.0, -0.0], [-1e8, -0.0], [1.0, -0.0]];
        let rows: Vec<&[f32]> = rows.iter().map(|row| &row[..]).collect();
        let mean = mean(&rows);
        assert_eq!(mean[0], 0.25);
        assert_eq!(mean[1].to_bits(), 0);
    }

    #[test]
    fn a_row_without_length_stays_as_it_is() {
        let mut row = [0.0f32, -0.0, 1e-30];
        normalize(&mut row).unwrap();
        assert_eq!(row.map(f32::to_bits), [0.0f32, -0.0, 1e-30].map(f32::to_bits));
        let mut row = [3.0f32, -4.0];
        normalize(&mut row).unwrap();
        assert_eq!(row, [0.6, -0.8]);
    }

    #[test]
    fn a_sum_that_is_not_finite_is_an_error() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e20] {
            assert_eq!(normalize(&mut [1.0, bad]), Err(NotFinite));
        }
    }
}

//! Sums in lanes and the norms: `docs/arithmetic.md`, "Sums" and "Norms".

use crate::Float;

/// Lanes of a sum.
pub const LANES: usize = 16;

/// Sum of `terms`: term `i` goes to lane `i mod 16`, in order, from +0; the lanes are folded by halves.
pub fn lane_sum<F: Float>(terms: impl Iterator<Item = F>) -> F {
    let mut lanes = [F::of(0.0); LANES];
    for (at, term) in terms.enumerate() {
        let lane = &mut lanes[at % LANES];
        *lane = lane.plus(term);
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            lanes[lane] = lanes[lane].plus(lanes[lane + width]);
        }
    }
    lanes[0]
}

/// `1 / sqrt(sum(x²) / d + epsilon)`.
pub fn rms_factor<F: Float>(row: &[F], epsilon: F) -> F {
    let squares = lane_sum(row.iter().map(|x| x.times(*x)));
    inverse_root(squares, row.len(), epsilon)
}

fn inverse_root<F: Float>(squares: F, width: usize, epsilon: F) -> F {
    F::of(1.0).over(squares.over(F::of_integer(width as i32)).plus(epsilon).root())
}

/// RMSNorm: `(x * factor) * gain`.
pub fn rms_norm<F: Float>(row: &mut [F], gain: &[F], epsilon: F) {
    let factor = rms_factor(row, epsilon);
    for (x, gain) in row.iter_mut().zip(gain) {
        *x = x.times(factor).times(*gain);
    }
}

/// LayerNorm in two passes: `((x - mean) * factor) * gain + shift`.
pub fn layer_norm<F: Float>(row: &mut [F], gain: &[F], shift: &[F], epsilon: F) {
    let mean = lane_sum(row.iter().copied()).over(F::of_integer(row.len() as i32));
    let squares = lane_sum(row.iter().map(|x| {
        let centred = x.minus(mean);
        centred.times(centred)
    }));
    let factor = inverse_root(squares, row.len(), epsilon);
    for ((x, gain), shift) in row.iter_mut().zip(gain).zip(shift) {
        *x = x.minus(mean).times(factor).times(*gain).plus(*shift);
    }
}

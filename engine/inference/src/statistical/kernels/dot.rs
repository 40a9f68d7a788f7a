//! The dot product that all kernels of this folder compute, whatever the instruction set.

/// Lanes of a sum.
pub(super) const LANES: usize = 16;

/// Adds the lanes as a tree: 8 apart, then 4, 2 and 1.
#[inline(always)]
pub(super) fn sum_lanes(lanes: &[f32; LANES]) -> f32 {
    let eight: [f32; 8] = std::array::from_fn(|j| lanes[j] + lanes[j + 8]);
    let four: [f32; 4] = std::array::from_fn(|j| eight[j] + eight[j + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// Adds the products of the last, incomplete group of elements.
#[inline(always)]
pub(super) fn add_tail(lanes: &mut [f32; LANES], a: &[f32], b: &[f32]) {
    for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
        *lane += a * b;
    }
}

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

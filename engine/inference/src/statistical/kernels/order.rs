//! The order of the additions of a dot product.

/// Sums of a dot product that go on side by side.
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

//! What kernels are written with: sixteen f32, and code that runs on any of them.

/// Number of lanes.
pub(crate) const LANES: usize = 16;

/// Sixteen f32.
///
/// # Safety
/// Methods may be called only where the machine has the instruction set of the type, that is within [`run`](super::dispatch::run).
pub(crate) trait Lanes: Copy {
    /// Whether two dozen of these fit into registers beside a few more, otherwise one half dozen.
    const WIDE: bool;
    unsafe fn splat(value: f32) -> Self;
    /// `from` holds 16 numbers.
    unsafe fn load(from: *const f32) -> Self;
    /// `from` holds 16 binary16 numbers.
    unsafe fn load_half(from: *const u16) -> Self;
    /// Asks for the cache line of an address, which need not be valid.
    #[inline(always)]
    fn prefetch<T>(address: *const T) {
        let _ = address;
    }
    /// `to` has room for 16 numbers.
    unsafe fn store(self, to: *mut f32);
    /// Rounds to binary16, ties to even. `to` has room for 16.
    unsafe fn store_half(self, to: *mut u16);
    /// Stores integers that have been rounded, of magnitude at most 127. `to` has room for 16.
    unsafe fn store_i8(self, to: *mut i8);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    /// Every lane times the number at `numbers + index`.
    #[inline(always)]
    unsafe fn mul_by(self, numbers: *const f32, index: usize) -> Self {
        unsafe { self.mul(Self::splat(*numbers.add(index))) }
    }
    unsafe fn div(self, other: Self) -> Self;
    /// `a < b ? x : y`, lane by lane; `y` where one is NaN.
    unsafe fn select_below(a: Self, b: Self, x: Self, y: Self) -> Self;
    unsafe fn and(self, bits: u32) -> Self;
    unsafe fn or(self, other: Self) -> Self;
    /// The larger of the bits as unsigned integers.
    unsafe fn max_bits(self, other: Self) -> Self;
    /// `2^n`, where `self` is `n + 1.5 * 2^23`.
    unsafe fn power_of_two(self) -> Self;
    /// The lanes.
    unsafe fn array(self) -> [f32; LANES];
    /// The largest of the lanes' bits as unsigned integers.
    #[inline(always)]
    unsafe fn largest_bits(self) -> u32 {
        let mut largest = 0;
        for lane in unsafe { self.array() } {
            largest = largest.max(lane.to_bits());
        }
        largest
    }
    /// Sum of integers that have been rounded, of magnitude at most 2^20.
    #[inline(always)]
    unsafe fn integer_sum(self) -> i32 {
        let mut sum = 0;
        for lane in unsafe { self.array() } {
            sum += lane as i32;
        }
        sum
    }
    /// The lanes folded by halves, as [`strike_arithmetic::norm::lane_sum`] ends.
    #[inline(always)]
    unsafe fn fold(self) -> f32 {
        let mut lanes = unsafe { self.array() };
        let mut width = LANES;
        while width > 1 {
            width /= 2;
            for lane in 0..width {
                lanes[lane] += lanes[lane + width];
            }
        }
        lanes[0]
    }
}

/// Code that can run on any [`Lanes`].
pub(crate) trait Kernel {
    type Output;
    /// Must be `#[inline(always)]`, to be compiled for the instruction set.
    ///
    /// # Safety
    /// The machine has the instruction set of `L`.
    unsafe fn run<L: Lanes>(self) -> Self::Output;
}

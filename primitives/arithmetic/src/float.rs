//! The floats that the arithmetic is generic over.

/// IEEE 754 binary32, every operation rounded to nearest even.
pub trait Float: Copy {
    /// The type for rotary angles.
    type Double: Double<Single = Self>;

    /// From its bits.
    fn from_bits(bits: u32) -> Self;
    /// Its bits.
    fn to_bits(self) -> u32;
    /// `self + other`.
    fn plus(self, other: Self) -> Self;
    /// `self - other`.
    fn minus(self, other: Self) -> Self;
    /// `self * other`.
    fn times(self, other: Self) -> Self;
    /// `self / other`.
    fn over(self, other: Self) -> Self;
    /// Square root.
    fn root(self) -> Self;

    /// The number with the value of a constant.
    fn of(value: f32) -> Self {
        Self::from_bits(value.to_bits())
    }

    /// An integer of magnitude at most 2^24; exact.
    fn of_integer(value: i32) -> Self {
        debug_assert!(value.unsigned_abs() <= 1 << 24);
        let magnitude = value.unsigned_abs();
        if magnitude == 0 {
            return Self::from_bits(0);
        }
        // Normalize by hand: works for every implementation alike.
        let shift = magnitude.leading_zeros();
        let exponent = 158 - shift;
        let fraction = ((u64::from(magnitude) << shift) >> 8) as u32 & 0x7f_ffff;
        Self::from_bits(u32::from(value < 0) << 31 | exponent << 23 | fraction)
    }

    /// Nearest integer, ties to even, of a number of magnitude at most 2^21.
    fn nearest(self) -> i32 {
        // Adding 1.5 * 2^23 leaves the integer in the low bits, rounded as every addition is.
        self.plus(Self::of(12_582_912.0)).to_bits() as i32 - 0x4b40_0000
    }

    /// Bits without the sign.
    fn magnitude(self) -> u32 {
        self.to_bits() & 0x7fff_ffff
    }

    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool {
        self.magnitude() < 0x7f80_0000
    }

    /// `-self`; flips the sign of zeros and NaN too.
    fn negated(self) -> Self {
        Self::from_bits(self.to_bits() ^ 0x8000_0000)
    }

    /// An integer that orders finite numbers as they are ordered, and -0 before +0.
    fn order(self) -> i32 {
        let bits = self.to_bits() as i32;
        bits ^ ((bits >> 31) as u32 >> 1) as i32
    }

    /// `self < other` for numbers that are not NaN; zeros of both signs are equal.
    fn below(self, other: Self) -> bool {
        if self.magnitude() == 0 && other.magnitude() == 0 {
            return false;
        }
        self.order() < other.order()
    }
}

/// IEEE 754 binary64, every operation rounded to nearest even.
pub trait Double: Copy {
    /// The binary32 type beside it.
    type Single;

    /// The number with the value of a constant.
    fn of(value: f64) -> Self;
    /// From binary32; exact.
    fn widened(value: Self::Single) -> Self;
    /// To binary32.
    fn rounded(self) -> Self::Single;
    /// Its bits.
    fn to_bits(self) -> u64;
    /// `self + other`.
    fn plus(self, other: Self) -> Self;
    /// `self - other`.
    fn minus(self, other: Self) -> Self;
    /// `self * other`.
    fn times(self, other: Self) -> Self;
}

impl Float for f32 {
    type Double = f64;

    fn from_bits(bits: u32) -> Self {
        f32::from_bits(bits)
    }
    fn to_bits(self) -> u32 {
        f32::to_bits(self)
    }
    fn plus(self, other: Self) -> Self {
        self + other
    }
    fn minus(self, other: Self) -> Self {
        self - other
    }
    fn times(self, other: Self) -> Self {
        self * other
    }
    fn over(self, other: Self) -> Self {
        self / other
    }
    fn root(self) -> Self {
        // Both are rounded correctly, so both give the same bits.
        #[cfg(feature = "std")]
        return self.sqrt();
        #[cfg(not(feature = "std"))]
        return libm::sqrtf(self);
    }
}

impl Double for f64 {
    type Single = f32;

    fn of(value: f64) -> Self {
        value
    }
    fn widened(value: f32) -> Self {
        f64::from(value)
    }
    fn rounded(self) -> f32 {
        self as f32
    }
    fn to_bits(self) -> u64 {
        f64::to_bits(self)
    }
    fn plus(self, other: Self) -> Self {
        self + other
    }
    fn minus(self, other: Self) -> Self {
        self - other
    }
    fn times(self, other: Self) -> Self {
        self * other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_convert_as_the_machine_does() {
        for value in (-(1 << 24)..=1 << 24).step_by(997).chain([0, 1, -1, 1 << 24, -(1 << 24), 520_192, -520_192]) {
            assert_eq!(<f32 as Float>::of_integer(value).to_bits(), (value as f32).to_bits(), "{value}");
        }
    }

    #[test]
    fn nearest_takes_ties_to_even() {
        for (value, integer) in
            [(0.5f32, 0), (1.5, 2), (2.5, 2), (-0.5, 0), (-1.5, -2), (-2.5, -2), (127.49, 127), (-125.51, -126)]
        {
            assert_eq!(value.nearest(), integer, "{value}");
        }
    }

    #[test]
    fn order_is_that_of_the_numbers() {
        let numbers = [f32::NEG_INFINITY, -3.0, -1e-40, -0.0, 0.0, 1e-40, 1.0, 3.0, f32::INFINITY];
        for pair in numbers.windows(2) {
            assert!(pair[0].order() < pair[1].order(), "{pair:?}");
            assert_eq!(pair[0].below(pair[1]), pair[0] < pair[1]);
            assert!(!pair[1].below(pair[0]));
        }
    }
}

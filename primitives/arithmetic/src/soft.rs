//! Floats made of integers: what a runtime recomputes a disputed element with, whatever the machine's own floats do.
//!
//! `docs/arithmetic.md`, "Floats". Results are exact integers that [`pack`] rounds once, so there is one place to get wrong.

use crate::{Double, Float};

/// Binary32 by integers. Every NaN that comes out is `0x7fc00000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Soft32(u32);

/// Binary64 by integers. Every NaN that comes out is `0x7ff8000000000000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Soft64(u64);

/// A format, named by the bits of its fraction and of its exponent.
#[derive(Clone, Copy)]
struct Format {
    fraction: u32,
    exponent: u32,
}

const SINGLE: Format = Format { fraction: 23, exponent: 8 };
const DOUBLE: Format = Format { fraction: 52, exponent: 11 };

/// What bits stand for.
#[derive(Clone, Copy)]
enum Number {
    Nan,
    Infinite { negative: bool },
    Finite(Finite),
}

/// `significand * 2^exponent`. A zero has the lowest exponent.
#[derive(Clone, Copy)]
struct Finite {
    negative: bool,
    exponent: i32,
    significand: u64,
}

impl Format {
    fn sign(self) -> u64 {
        1 << (self.fraction + self.exponent)
    }

    fn infinity(self) -> u64 {
        ((1 << self.exponent) - 1) << self.fraction
    }

    fn nan(self) -> u64 {
        self.infinity() | 1 << (self.fraction - 1)
    }

    /// Exponent of the last place of subnormal numbers.
    fn lowest(self) -> i32 {
        2 - (1 << (self.exponent - 1)) - self.fraction as i32
    }

    fn infinite(self, negative: bool) -> u64 {
        self.infinity() | if negative { self.sign() } else { 0 }
    }

    fn unpack(self, bits: u64) -> Number {
        let negative = bits & self.sign() != 0;
        let magnitude = bits & (self.sign() - 1);
        if magnitude > self.infinity() {
            return Number::Nan;
        }
        if magnitude == self.infinity() {
            return Number::Infinite { negative };
        }
        let fraction = magnitude & ((1 << self.fraction) - 1);
        let number = match (magnitude >> self.fraction) as i32 {
            0 => Finite { negative, exponent: self.lowest(), significand: fraction },
            exponent => {
                Finite { negative, exponent: self.lowest() + exponent - 1, significand: fraction | 1 << self.fraction }
            }
        };
        Number::Finite(number)
    }

    /// `significand * 2^exponent` rounded to nearest even. `more` says that the true number lies a little further from zero, by
    /// less than one unit of the significand, which then has at least two bits more than the format.
    fn pack(self, negative: bool, exponent: i32, significand: u128, more: bool) -> u64 {
        let sign = if negative { self.sign() } else { 0 };
        if significand == 0 {
            return sign;
        }
        let bits = 128 - significand.leading_zeros() as i32;
        // Exponent of the last place of the result.
        let unit = (exponent + bits - self.fraction as i32 - 1).max(self.lowest());
        let shift = unit - exponent;
        let kept = match shift {
            ..=0 => significand << -shift,
            1..=127 => {
                let kept = significand >> shift;
                let (rest, half) = (significand & ((1 << shift) - 1), 1 << (shift - 1));
                let up = rest > half || (rest == half && (more || kept & 1 == 1));
                kept + u128::from(up)
            }
            // Less than half of the smallest number.
            _ => 0,
        };
        // The leading one of a normal number counts the exponent up by one, a carry by one more. What is too large is infinite.
        let magnitude = (((unit - self.lowest()) as u64) << self.fraction) + kept as u64;
        sign | magnitude.min(self.infinity())
    }

    fn add(self, a: u64, b: u64) -> u64 {
        let (a, b) = match (self.unpack(a), self.unpack(b)) {
            (Number::Finite(a), Number::Finite(b)) => (a, b),
            (Number::Nan, _) | (_, Number::Nan) => return self.nan(),
            (Number::Infinite { negative: a }, Number::Infinite { negative: b }) if a != b => return self.nan(),
            (Number::Infinite { negative }, _) | (_, Number::Infinite { negative }) => return self.infinite(negative),
        };
        let (high, low) = if a.exponent >= b.exponent { (a, b) } else { (b, a) };
        let distance = high.exponent - low.exponent;
        // So far below the last place of `high`, which is normal then, all numbers round alike.
        let (distance, small) =
            if distance <= 64 { (distance, low.significand) } else { (64, u64::from(low.significand != 0)) };
        let signed =
            |negative: bool, significand: u128| if negative { -(significand as i128) } else { significand as i128 };
        let sum = signed(high.negative, u128::from(high.significand) << distance) + signed(low.negative, small.into());
        // Zeros of one sign keep it; what cancels out is +0.
        let negative = if sum == 0 { a.negative && b.negative } else { sum < 0 };
        self.pack(negative, high.exponent - distance, sum.unsigned_abs(), false)
    }

    fn multiply(self, a: u64, b: u64) -> u64 {
        let negative = (a ^ b) & self.sign() != 0;
        match (self.unpack(a), self.unpack(b)) {
            (Number::Nan, _) | (_, Number::Nan) => self.nan(),
            (Number::Finite(a), Number::Finite(b)) => {
                let product = u128::from(a.significand) * u128::from(b.significand);
                self.pack(negative, a.exponent + b.exponent, product, false)
            }
            (Number::Infinite { .. }, Number::Finite(x)) | (Number::Finite(x), Number::Infinite { .. })
                if x.significand == 0 =>
            {
                self.nan()
            }
            _ => self.infinite(negative),
        }
    }
}

/// A quotient of binary32 numbers.
fn divide(a: u32, b: u32) -> u32 {
    let (a, b) = (u64::from(a), u64::from(b));
    let negative = (a ^ b) & SINGLE.sign() != 0;
    let bits = match (SINGLE.unpack(a), SINGLE.unpack(b)) {
        (Number::Nan, _) | (_, Number::Nan) | (Number::Infinite { .. }, Number::Infinite { .. }) => SINGLE.nan(),
        (Number::Infinite { .. }, _) => SINGLE.infinite(negative),
        (_, Number::Infinite { .. }) => SINGLE.pack(negative, 0, 0, false),
        (Number::Finite(a), Number::Finite(b)) => match (a.significand, b.significand) {
            (0, 0) => SINGLE.nan(),
            (_, 0) => SINGLE.infinite(negative),
            (dividend, divisor) => {
                let (dividend, divisor) = (u128::from(dividend) << 64, u128::from(divisor));
                SINGLE.pack(negative, a.exponent - b.exponent - 64, dividend / divisor, dividend % divisor != 0)
            }
        },
    };
    bits as u32
}

/// A square root of a binary32 number.
fn root(bits: u32) -> u32 {
    let bits = match SINGLE.unpack(bits.into()) {
        Number::Infinite { negative: false } => SINGLE.infinity(),
        Number::Finite(x) if x.significand == 0 => bits.into(),
        Number::Finite(x) if !x.negative => {
            // An even exponent, and bits enough for the root.
            let shift = 64 + x.exponent.rem_euclid(2);
            let square = u128::from(x.significand) << shift;
            let root = square.isqrt();
            SINGLE.pack(false, (x.exponent - shift) / 2, root, root * root != square)
        }
        _ => SINGLE.nan(),
    };
    bits as u32
}

/// The number in another format.
fn converted(from: Format, to: Format, bits: u64) -> u64 {
    match from.unpack(bits) {
        Number::Nan => to.nan(),
        Number::Infinite { negative } => to.infinite(negative),
        Number::Finite(x) => to.pack(x.negative, x.exponent, x.significand.into(), false),
    }
}

impl Float for Soft32 {
    type Double = Soft64;

    fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
    fn to_bits(self) -> u32 {
        self.0
    }
    fn plus(self, other: Self) -> Self {
        Self(SINGLE.add(self.0.into(), other.0.into()) as u32)
    }
    fn minus(self, other: Self) -> Self {
        self.plus(other.negated())
    }
    fn times(self, other: Self) -> Self {
        Self(SINGLE.multiply(self.0.into(), other.0.into()) as u32)
    }
    fn over(self, other: Self) -> Self {
        Self(divide(self.0, other.0))
    }
    fn root(self) -> Self {
        Self(root(self.0))
    }
}

impl Double for Soft64 {
    type Single = Soft32;

    fn of(value: f64) -> Self {
        Self(value.to_bits())
    }
    fn widened(value: Soft32) -> Self {
        Self(converted(SINGLE, DOUBLE, value.0.into()))
    }
    fn rounded(self) -> Soft32 {
        Soft32(converted(DOUBLE, SINGLE, self.0) as u32)
    }
    fn to_bits(self) -> u64 {
        self.0
    }
    fn plus(self, other: Self) -> Self {
        Self(DOUBLE.add(self.0, other.0))
    }
    fn minus(self, other: Self) -> Self {
        self.plus(Self(other.0 ^ DOUBLE.sign()))
    }
    fn times(self, other: Self) -> Self {
        Self(DOUBLE.multiply(self.0, other.0))
    }
}

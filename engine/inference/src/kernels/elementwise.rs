//! Norms, activation functions and sums over rows: `docs/arithmetic.md`, "Sums", "Norms", "Functions".

#![allow(clippy::needless_range_loop)]

use strike_arithmetic::{half::f32_to_f16, NotFinite};
use strike_models::architecture::Activation;

use super::lanes::{self, run, Kernel, Lanes, LANES};
use crate::isa::Isa;

/// A function of a number and those at the same place of `N` other rows. A type, not a closure: closures are not compiled for
/// the instruction set of their caller.
trait Function<const N: usize>: Copy {
    /// Must be `#[inline(always)]`.
    ///
    /// # Safety
    /// As [`Kernel::run`].
    unsafe fn apply<L: Lanes>(self, x: L, others: [L; N]) -> L;
}

/// Defines a [`Function`] with captured numbers.
macro_rules! function {
    ($name:ident, $count:literal, { $($field:ident),* } [$($other:ident),*] ($x:ident) => $body:expr) => {
        #[derive(Clone, Copy)]
        struct $name { $($field: f32),* }
        impl Function<$count> for $name {
            #[inline(always)]
            unsafe fn apply<L: Lanes>(self, $x: L, others: [L; $count]) -> L {
                let [$($other),*] = others;
                // SAFETY: passed on.
                #[allow(unused_unsafe)]
                unsafe {
                    $(let $field = L::splat(self.$field);)*
                    $body
                }
            }
        }
    };
}

function!(Square, 0, {} [] (x) => x.mul(x));
function!(Gain, 1, { factor } [gain] (x) => x.mul(factor).mul(gain));
function!(Plus, 1, {} [y] (x) => x.add(y));
function!(Times, 0, { factor } [] (x) => x.mul(factor));
function!(Over, 0, { divisor } [] (x) => x.div(divisor));
function!(SoftCap, 0, { cap } [] (x) => lanes::soft_cap(x, cap));
function!(GateSilu, 1, {} [up] (x) => lanes::silu(x).mul(up));
function!(GateGeluErf, 1, {} [up] (x) => lanes::gelu_erf(x).mul(up));
function!(GateGeluTanh, 1, {} [up] (x) => lanes::gelu_tanh(x).mul(up));
function!(Silu, 1, {} [bias] (x) => lanes::silu(x.add(bias)));
function!(GeluErf, 1, {} [bias] (x) => lanes::gelu_erf(x.add(bias)));
function!(GeluTanh, 1, {} [bias] (x) => lanes::gelu_tanh(x.add(bias)));

/// Sum in lanes of `term(x)` over a row of any length.
///
/// # Safety
/// As [`Kernel::run`].
#[inline(always)]
unsafe fn lane_sum<L: Lanes>(row: &[f32], term: impl Function<0>) -> f32 {
    let (whole, rest) = row.as_chunks::<LANES>();
    // SAFETY: whole chunks have 16 numbers; the last is made whole.
    unsafe {
        let mut sum = L::splat(0.0);
        for chunk in whole {
            sum = sum.add(term.apply(L::load(chunk.as_ptr()), []));
        }
        let mut sums = sum.array();
        if !rest.is_empty() {
            let mut last = [0.0; LANES];
            last[..rest.len()].copy_from_slice(rest);
            let terms = term.apply(L::load(last.as_ptr()), []).array();
            for (sum, term) in sums.iter_mut().zip(&terms[..rest.len()]) {
                *sum += term;
            }
        }
        L::load(sums.as_ptr()).fold()
    }
}

/// Applies `function` to all numbers of `row` with those at the same place of `others`, which are at least as long.
///
/// # Safety
/// As [`Kernel::run`].
#[inline(always)]
unsafe fn zip_apply<L: Lanes, const N: usize>(row: &mut [f32], others: [&[f32]; N], function: impl Function<N>) {
    for other in others {
        assert!(other.len() >= row.len());
    }
    let mut at = 0;
    // SAFETY: chunks lie within all slices; what is left is made whole.
    unsafe {
        while at + LANES <= row.len() {
            let to = row.as_mut_ptr().add(at);
            let mut arguments = [L::splat(0.0); N];
            for index in 0..N {
                arguments[index] = L::load(others[index].as_ptr().add(at));
            }
            function.apply(L::load(to), arguments).store(to);
            at += LANES;
        }
        let left = row.len() - at;
        if left > 0 {
            let mut whole = [[0.0; LANES]; N];
            let mut arguments = [L::splat(0.0); N];
            for index in 0..N {
                whole[index][..left].copy_from_slice(&others[index][at..at + left]);
                arguments[index] = L::load(whole[index].as_ptr());
            }
            let mut last = [0.0; LANES];
            last[..left].copy_from_slice(&row[at..]);
            let result = function.apply(L::load(last.as_ptr()), arguments).array();
            row[at..].copy_from_slice(&result[..left]);
        }
    }
}

/// RMSNorm of `input` into `output`.
pub(crate) fn rms_norm(isa: Isa, input: &[f32], gain: &[f32], epsilon: f32, output: &mut [f32]) {
    struct Norm<'a>(&'a [f32], &'a [f32], f32, &'a mut [f32]);
    impl Kernel for Norm<'_> {
        type Output = ();
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) {
            let Self(input, gain, epsilon, output) = self;
            // SAFETY: passed on.
            unsafe {
                let squares = lane_sum::<L>(input, Square {});
                let factor = 1.0 / (squares / input.len() as f32 + epsilon).sqrt();
                output.copy_from_slice(input);
                zip_apply::<L, 1>(output, [gain], Gain { factor });
            }
        }
    }
    run(isa, Norm(input, gain, epsilon, output));
}

/// What an encoder does with the sums of its residual stream.
#[derive(Clone, Copy)]
pub(crate) struct SumNorm<'a> {
    pub gain: &'a [f32],
    pub shift: &'a [f32],
    pub epsilon: f32,
    /// What each channel is multiplied by for the linear layers: `docs/arithmetic.md`, "Equalization".
    pub factors: &'a [f32],
}

/// `row = LayerNorm(row + (other + bias))`, then `other = row * factors`. All rows have one width, a multiple of 16.
pub(crate) fn sum_norm(isa: Isa, row: &mut [f32], other: &mut [f32], bias: &[f32], norm: SumNorm<'_>) {
    struct Run<'a>(&'a mut [f32], &'a mut [f32], &'a [f32], SumNorm<'a>);
    impl Kernel for Run<'_> {
        type Output = ();
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) {
            let Self(row, other, bias, SumNorm { gain, shift, epsilon, factors }) = self;
            let length = row.len();
            let width = length as f32;
            let (row, other) = (row.as_mut_ptr(), other.as_mut_ptr());
            // SAFETY: all slices have `length` numbers, a multiple of 16.
            unsafe {
                let mut sum = L::splat(0.0);
                for at in (0..length).step_by(LANES) {
                    let term = L::load(other.add(at)).add(L::load(bias.as_ptr().add(at)));
                    let value = L::load(row.add(at)).add(term);
                    value.store(row.add(at));
                    sum = sum.add(value);
                }
                let mean = sum.fold() / width;
                let centre = L::splat(mean);
                let mut squares = L::splat(0.0);
                for at in (0..length).step_by(LANES) {
                    let value = L::load(row.add(at)).sub(centre);
                    squares = squares.add(value.mul(value));
                }
                let factor = L::splat(1.0 / (squares.fold() / width + epsilon).sqrt());
                for at in (0..length).step_by(LANES) {
                    let value = L::load(row.add(at)).sub(centre).mul(factor).mul(L::load(gain.as_ptr().add(at)));
                    let value = value.add(L::load(shift.as_ptr().add(at)));
                    value.store(row.add(at));
                    value.mul(L::load(factors.as_ptr().add(at))).store(other.add(at));
                }
            }
        }
    }
    let length = row.len();
    let lengths = [other.len(), bias.len(), norm.gain.len(), norm.shift.len(), norm.factors.len()];
    assert!(length.is_multiple_of(LANES) && lengths == [length; 5]);
    run(isa, Run(row, other, bias, norm));
}

/// `row[i] += other[i]`.
pub(crate) fn add(isa: Isa, row: &mut [f32], other: &[f32]) {
    struct Add<'a>(&'a mut [f32], &'a [f32]);
    impl Kernel for Add<'_> {
        type Output = ();
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) {
            // SAFETY: passed on.
            unsafe { zip_apply::<L, 1>(self.0, [self.1], Plus {}) }
        }
    }
    run(isa, Add(row, other));
}

/// `row[i] *= factor`.
pub(crate) fn scale(isa: Isa, row: &mut [f32], factor: f32) {
    struct Scale<'a>(&'a mut [f32], f32);
    impl Kernel for Scale<'_> {
        type Output = ();
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) {
            // SAFETY: passed on.
            unsafe { zip_apply::<L, 0>(self.0, [], Times { factor: self.1 }) }
        }
    }
    run(isa, Scale(row, factor));
}

/// `row[i] /= divisor`.
pub(crate) fn divide(isa: Isa, row: &mut [f32], divisor: f32) {
    struct Divide<'a>(&'a mut [f32], f32);
    impl Kernel for Divide<'_> {
        type Output = ();
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) {
            // SAFETY: passed on.
            unsafe { zip_apply::<L, 0>(self.0, [], Over { divisor: self.1 }) }
        }
    }
    run(isa, Divide(row, divisor));
}

/// Divides by the Euclidean length, as [`strike_arithmetic::pooling::normalize`].
pub(crate) fn normalize(isa: Isa, row: &mut [f32]) -> Result<(), NotFinite> {
    struct Normalize<'a>(&'a mut [f32]);
    impl Kernel for Normalize<'_> {
        type Output = Result<(), NotFinite>;
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) -> Self::Output {
            // SAFETY: passed on.
            unsafe {
                let squares = lane_sum::<L>(self.0, Square {});
                if !squares.is_finite() {
                    return Err(NotFinite);
                }
                if squares != 0.0 {
                    zip_apply::<L, 0>(self.0, [], Over { divisor: squares.sqrt() });
                }
            }
            Ok(())
        }
    }
    run(isa, Normalize(row))
}

/// `row[i] = cap * tanh(row[i] / cap)`.
pub(crate) fn soft_cap(isa: Isa, row: &mut [f32], cap: f32) {
    struct Cap<'a>(&'a mut [f32], f32);
    impl Kernel for Cap<'_> {
        type Output = ();
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) {
            // SAFETY: passed on.
            unsafe { zip_apply::<L, 0>(self.0, [], SoftCap { cap: self.1 }) }
        }
    }
    run(isa, Cap(row, cap));
}

/// `gate[i] = activation(gate[i]) * up[i]`.
pub(crate) fn gate(isa: Isa, activation: Activation, gate: &mut [f32], up: &[f32]) {
    struct Gate<'a>(Activation, &'a mut [f32], &'a [f32]);
    impl Kernel for Gate<'_> {
        type Output = ();
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) {
            // SAFETY: passed on.
            unsafe {
                match self.0 {
                    Activation::Silu => zip_apply::<L, 1>(self.1, [self.2], GateSilu {}),
                    Activation::GeluErf => zip_apply::<L, 1>(self.1, [self.2], GateGeluErf {}),
                    Activation::GeluTanh => zip_apply::<L, 1>(self.1, [self.2], GateGeluTanh {}),
                }
            }
        }
    }
    run(isa, Gate(activation, gate, up));
}

/// `row[i] = activation(row[i] + bias[i])`.
pub(crate) fn activate(isa: Isa, activation: Activation, row: &mut [f32], bias: &[f32]) {
    struct Activate<'a>(Activation, &'a mut [f32], &'a [f32]);
    impl Kernel for Activate<'_> {
        type Output = ();
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) {
            // SAFETY: passed on.
            unsafe {
                match self.0 {
                    Activation::Silu => zip_apply::<L, 1>(self.1, [self.2], Silu {}),
                    Activation::GeluErf => zip_apply::<L, 1>(self.1, [self.2], GeluErf {}),
                    Activation::GeluTanh => zip_apply::<L, 1>(self.1, [self.2], GeluTanh {}),
                }
            }
        }
    }
    run(isa, Activate(activation, row, bias));
}

/// Rotates one head: pair `(i, i + pairs)` by the `i`-th sine and cosine.
pub(crate) fn rotate(isa: Isa, head: &mut [f32], sines: &[f32], cosines: &[f32]) {
    struct Rotate<'a>(&'a mut [f32], &'a mut [f32], &'a [f32], &'a [f32]);
    impl Kernel for Rotate<'_> {
        type Output = ();
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) {
            let Self(first, second, sines, cosines) = self;
            for (((x, y), sine), cosine) in first.iter_mut().zip(second).zip(sines).zip(cosines) {
                let rotated = *x * cosine - *y * sine;
                *y = *y * cosine + *x * sine;
                *x = rotated;
            }
        }
    }
    let (first, second) = head.split_at_mut(sines.len());
    run(isa, Rotate(first, &mut second[..sines.len()], sines, cosines));
}

/// Rounds to binary16. An error where a number is not finite, or too large for binary16.
pub(crate) fn to_half(isa: Isa, row: &[f32], output: &mut [u16]) -> Result<(), NotFinite> {
    struct ToHalf<'a>(&'a [f32], &'a mut [u16]);
    impl Kernel for ToHalf<'_> {
        type Output = Result<(), NotFinite>;
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) -> Self::Output {
            let (whole, rest) = self.0.as_chunks::<LANES>();
            let (outputs, last) = self.1.as_chunks_mut::<LANES>();
            // SAFETY: whole chunks have 16 numbers.
            unsafe {
                for (chunk, output) in whole.iter().zip(outputs) {
                    L::load(chunk.as_ptr()).store_half(output.as_mut_ptr());
                }
            }
            for (number, bits) in rest.iter().zip(last) {
                *bits = f32_to_f16(*number);
            }
            // The exponent of what is infinite or NaN is all ones.
            let finite = |bits: &u16| bits & 0x7c00 != 0x7c00;
            if self.1.iter().fold(true, |all, bits| all & finite(bits)) {
                Ok(())
            } else {
                Err(NotFinite)
            }
        }
    }
    assert_eq!(row.len(), output.len());
    run(isa, ToHalf(row, output))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use strike_arithmetic::{functions, norm, pooling, rotary};

    fn bits(row: &[f32]) -> Vec<u32> {
        row.iter().map(|x| x.to_bits()).collect()
    }

    proptest! {
        #[test]
        fn every_kernel_gives_the_bits_of_the_reference(
            row in prop::collection::vec(-20f32..20.0, 2..100),
            seed in any::<u64>(),
            epsilon in 1e-6f32..1e-4,
        ) {
            let mut state = seed | 1;
            let mut other = || {
                (0..row.len())
                    .map(|_| {
                        state ^= state << 13;
                        state ^= state >> 7;
                        state ^= state << 17;
                        (state % 20_001) as f32 / 5000.0 - 2.0
                    })
                    .collect::<Vec<f32>>()
            };
            let (gain, shift) = (other(), other());
            for isa in Isa::available() {
                let mut expected = row.clone();
                norm::rms_norm(&mut expected, &gain, epsilon);
                let mut found = vec![0.0; row.len()];
                rms_norm(isa, &row, &gain, epsilon, &mut found);
                prop_assert_eq!(bits(&found), bits(&expected));

                let whole = row.len() / LANES * LANES;
                let (bias, factors) = (&row[..whole], &gain[..whole]);
                let mut other_row = shift[..whole].to_vec();
                let sum = |(x, (y, z)): (&f32, (&f32, &f32))| x + (y + z);
                let mut expected: Vec<f32> = gain.iter().zip(other_row.iter().zip(bias)).map(sum).collect();
                norm::layer_norm(&mut expected, &gain, &shift, epsilon);
                let mut found = gain[..whole].to_vec();
                let of_norm = SumNorm { gain: &gain[..whole], shift: &shift[..whole], epsilon, factors };
                sum_norm(isa, &mut found, &mut other_row, bias, of_norm);
                prop_assert_eq!(bits(&found), bits(&expected));
                let scaled: Vec<f32> = expected.iter().zip(factors).map(|(x, factor)| x * factor).collect();
                prop_assert_eq!(bits(&other_row), bits(&scaled));

                let mut expected = row.clone();
                let mut found = row.clone();
                prop_assert_eq!(normalize(isa, &mut found), pooling::normalize(&mut expected));
                prop_assert_eq!(bits(&found), bits(&expected));

                for (activation, function) in [
                    (Activation::Silu, functions::silu::<f32> as fn(f32) -> f32),
                    (Activation::GeluErf, functions::gelu_erf::<f32>),
                    (Activation::GeluTanh, functions::gelu_tanh::<f32>),
                ] {
                    let expected: Vec<f32> = row.iter().zip(&gain).map(|(x, up)| function(*x) * up).collect();
                    let mut found = row.clone();
                    gate(isa, activation, &mut found, &gain);
                    prop_assert_eq!(bits(&found), bits(&expected));
                    let expected: Vec<f32> = row.iter().zip(&gain).map(|(x, bias)| function(x + bias)).collect();
                    let mut found = row.clone();
                    activate(isa, activation, &mut found, &gain);
                    prop_assert_eq!(bits(&found), bits(&expected));
                }

                let pairs = row.len() / 2;
                let angles: Vec<(f32, f32)> = gain.iter().copied().zip(shift.iter().copied()).take(pairs).collect();
                let mut expected = row.clone();
                rotary::rotate(&mut expected, &angles);
                let mut found = row.clone();
                rotate(isa, &mut found, &gain[..pairs], &shift[..pairs]);
                prop_assert_eq!(bits(&found), bits(&expected));
            }
        }
    }
}

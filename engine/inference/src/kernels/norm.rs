//! Norms of rows: `docs/arithmetic.md`, "Norms".

use super::lanes::{run, Kernel, Lanes, LANES};
use super::rows::{function, lane_sum, zip_apply, Square};
use crate::isa::Isa;

function!(Gain, 1, { factor } [gain] (x) => x.mul(factor).mul(gain));

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

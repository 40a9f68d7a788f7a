//! From a text's rows to its vector: `docs/arithmetic.md`, "Pooling".

use strike_arithmetic::NotFinite;

use super::lanes::{run, Kernel, Lanes};
use super::rows::{function, lane_sum, zip_apply, Square};
use crate::isa::Isa;

function!(Over, 0, { divisor } [] (x) => x.div(divisor));

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

//! Numbers of the cache: `docs/arithmetic.md`, "Numbers".

use strike_arithmetic::half::f32_to_f16;
use strike_arithmetic::NotFinite;

use super::lanes::{run, Kernel, Lanes, LANES};
use crate::isa::Isa;

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

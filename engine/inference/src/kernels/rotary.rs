//! The rotation of heads: `docs/arithmetic.md`, "Rotary embedding".

use super::lanes::{run, Kernel, Lanes};
use crate::isa::Isa;

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

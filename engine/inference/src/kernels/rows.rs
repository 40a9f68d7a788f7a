//! A function of every number of a row, and sums over rows: `docs/arithmetic.md`, "Sums".

#![allow(clippy::needless_range_loop)]

use super::lanes::{run, Kernel, Lanes, LANES};
use crate::isa::Isa;

/// A function of a number and those at the same place of `N` other rows. A type, not a closure: closures are not compiled for
/// the instruction set of their caller.
pub(super) trait Function<const N: usize>: Copy {
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
        pub(super) struct $name { $(pub(super) $field: f32),* }
        impl $crate::kernels::rows::Function<$count> for $name {
            #[inline(always)]
            unsafe fn apply<L: $crate::kernels::lanes::Lanes>(self, $x: L, others: [L; $count]) -> L {
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
pub(super) use function;

function!(Square, 0, {} [] (x) => x.mul(x));
function!(Plus, 1, {} [y] (x) => x.add(y));
function!(Times, 0, { factor } [] (x) => x.mul(factor));

/// Sum in lanes of `term(x)` over a row of any length.
///
/// # Safety
/// As [`Kernel::run`].
#[inline(always)]
pub(super) unsafe fn lane_sum<L: Lanes>(row: &[f32], term: impl Function<0>) -> f32 {
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
pub(super) unsafe fn zip_apply<L: Lanes, const N: usize>(
    row: &mut [f32],
    others: [&[f32]; N],
    function: impl Function<N>,
) {
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

//! The functions of `strike_arithmetic::functions` on sixteen numbers at once.

use strike_arithmetic::functions as f;

use super::vector::Lanes;

/// 1.5 * 2^23: adding it rounds to an integer, which the low bits then hold.
const SHIFT: f32 = 12_582_912.0;

/// Nearest integers, ties to even, of numbers of magnitude at most 2^21.
#[inline(always)]
pub(crate) unsafe fn nearest<L: Lanes>(x: L) -> L {
    unsafe { x.add(L::splat(SHIFT)).sub(L::splat(SHIFT)) }
}

/// As [`strike_arithmetic::functions::exp`].
#[inline(always)]
pub(crate) unsafe fn exp<L: Lanes>(x: L) -> L {
    unsafe {
        let shifted = x.mul(L::splat(f::LOG2_E)).add(L::splat(SHIFT));
        let whole = shifted.sub(L::splat(SHIFT));
        let r = x.sub(whole.mul(L::splat(f::LN2_HIGH))).sub(whole.mul(L::splat(f::LN2_LOW)));
        let mut y = L::splat(f::EXP[0]);
        for coefficient in &f::EXP[1..] {
            y = y.mul(r).add(L::splat(*coefficient));
        }
        let y = y.mul(r.mul(r)).add(r).add(L::splat(1.0)).mul(shifted.power_of_two());
        L::select_below(x, L::splat(f::EXP_LOW), L::splat(0.0), y)
    }
}

const MAGNITUDE: u32 = 0x7fff_ffff;
const SIGN: u32 = 0x8000_0000;

/// As [`strike_arithmetic::functions::silu`].
#[inline(always)]
pub(crate) unsafe fn silu<L: Lanes>(x: L) -> L {
    unsafe {
        let e = exp(x.or(L::splat(-0.0)));
        let one = L::splat(1.0);
        let numerator = L::select_below(x, L::splat(0.0), e, one);
        x.mul(numerator.div(one.add(e)))
    }
}

/// As [`strike_arithmetic::functions::tanh`].
#[inline(always)]
pub(crate) unsafe fn tanh<L: Lanes>(x: L) -> L {
    unsafe {
        let e = exp(x.and(MAGNITUDE).mul(L::splat(-2.0)));
        let one = L::splat(1.0);
        one.sub(e).div(one.add(e)).or(x.and(SIGN))
    }
}

/// As [`strike_arithmetic::functions::erf`].
#[inline(always)]
pub(crate) unsafe fn erf<L: Lanes>(x: L) -> L {
    unsafe {
        let one = L::splat(1.0);
        let t = one.div(one.add(x.and(MAGNITUDE).mul(L::splat(f::ERF_P))));
        let mut y = L::splat(f::ERF[0]);
        for coefficient in &f::ERF[1..] {
            y = y.mul(t).add(L::splat(*coefficient));
        }
        let e = exp(x.mul(x).or(L::splat(-0.0)));
        one.sub(y.mul(t).mul(e)).or(x.and(SIGN))
    }
}

/// As [`strike_arithmetic::functions::gelu_erf`].
#[inline(always)]
pub(crate) unsafe fn gelu_erf<L: Lanes>(x: L) -> L {
    unsafe { x.mul(L::splat(0.5)).mul(L::splat(1.0).add(erf(x.mul(L::splat(f::SQRT_HALF))))) }
}

/// As [`strike_arithmetic::functions::gelu_tanh`].
#[inline(always)]
pub(crate) unsafe fn gelu_tanh<L: Lanes>(x: L) -> L {
    unsafe {
        let one = L::splat(1.0);
        let inner = x.mul(one.add(x.mul(x).mul(L::splat(f::GELU_CUBIC))));
        x.mul(L::splat(0.5)).mul(one.add(tanh(inner.mul(L::splat(f::SQRT_TWO_OVER_PI)))))
    }
}

/// As [`strike_arithmetic::functions::soft_cap`].
#[inline(always)]
pub(crate) unsafe fn soft_cap<L: Lanes>(x: L, cap: L) -> L {
    unsafe { tanh(x.div(cap)).mul(cap) }
}

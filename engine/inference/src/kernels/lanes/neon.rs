//! Arm Advanced SIMD: four registers.

use std::arch::aarch64::*;

use strike_arithmetic::half::{f16_to_f32, f32_to_f16};

use super::kernel::{Kernel, Lanes, LANES};

/// # Safety
/// The machine has Advanced SIMD.
#[target_feature(enable = "neon")]
pub unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the caller's promise.
    unsafe { kernel.run::<Neon>() }
}

#[derive(Clone, Copy)]
pub struct Neon([float32x4_t; 4]);

impl Neon {
    #[inline(always)]
    fn zip(self, other: Self, operation: impl Fn(float32x4_t, float32x4_t) -> float32x4_t) -> Self {
        Self(std::array::from_fn(|at| operation(self.0[at], other.0[at])))
    }
}

// SAFETY of all blocks: the trait's precondition.
impl Lanes for Neon {
    const WIDE: bool = false;
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        unsafe { Self([vdupq_n_f32(value); 4]) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(std::array::from_fn(|at| unsafe { vld1q_f32(from.add(4 * at)) }))
    }
    #[inline(always)]
    unsafe fn load_half(from: *const u16) -> Self {
        let lanes: [f32; LANES] = std::array::from_fn(|lane| f16_to_f32(unsafe { *from.add(lane) }));
        unsafe { Self::load(lanes.as_ptr()) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        for (at, lanes) in self.0.into_iter().enumerate() {
            unsafe { vst1q_f32(to.add(4 * at), lanes) }
        }
    }
    #[inline(always)]
    unsafe fn store_half(self, to: *mut u16) {
        for (lane, value) in unsafe { self.array() }.into_iter().enumerate() {
            unsafe { *to.add(lane) = f32_to_f16(value) }
        }
    }
    #[inline(always)]
    unsafe fn store_i8(self, to: *mut i8) {
        for (lane, value) in unsafe { self.array() }.into_iter().enumerate() {
            unsafe { *to.add(lane) = value as i8 }
        }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe { vaddq_f32(a, b) })
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe { vsubq_f32(a, b) })
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe { vmulq_f32(a, b) })
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe { vdivq_f32(a, b) })
    }
    #[inline(always)]
    unsafe fn select_below(a: Self, b: Self, x: Self, y: Self) -> Self {
        Self(std::array::from_fn(|at| unsafe { vbslq_f32(vcltq_f32(a.0[at], b.0[at]), x.0[at], y.0[at]) }))
    }
    #[inline(always)]
    unsafe fn and(self, bits: u32) -> Self {
        Self(self.0.map(|a| unsafe { vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(a), vdupq_n_u32(bits))) }))
    }
    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe {
            vreinterpretq_f32_u32(vorrq_u32(vreinterpretq_u32_f32(a), vreinterpretq_u32_f32(b)))
        })
    }
    #[inline(always)]
    unsafe fn max_bits(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe {
            vreinterpretq_f32_u32(vmaxq_u32(vreinterpretq_u32_f32(a), vreinterpretq_u32_f32(b)))
        })
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        Self(self.0.map(|a| unsafe {
            let exponents = vshlq_n_u32::<23>(vreinterpretq_u32_f32(a));
            vreinterpretq_f32_u32(vaddq_u32(exponents, vdupq_n_u32(0x3f80_0000)))
        }))
    }
    #[inline(always)]
    unsafe fn array(self) -> [f32; LANES] {
        let mut lanes = [0.0; LANES];
        unsafe { self.store(lanes.as_mut_ptr()) };
        lanes
    }
}

//! AVX-512: one register. AVX2: two.

use std::arch::x86_64::*;

use super::kernel::{Kernel, Lanes, LANES};

/// # Safety
/// The machine has AVX-512 F, BW, DQ and VL.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,f16c")]
pub unsafe fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the caller's promise.
    unsafe { kernel.run::<Avx512>() }
}

/// # Safety
/// The machine has AVX2 and F16C.
#[target_feature(enable = "avx2,f16c")]
pub unsafe fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the caller's promise.
    unsafe { kernel.run::<Avx2>() }
}

#[derive(Clone, Copy)]
pub struct Avx512(__m512);

/// The lanes times the number at `numbers + index`.
///
/// The compiler would load the number into a register once for several products. On Zen 4 that occupies an arithmetic unit for as
/// long as a product does; as an operand in memory it costs nothing.
///
/// # Safety
/// The machine has AVX-512 F, and the number can be read.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn product_by(lanes: __m512, numbers: *const f32, index: usize) -> __m512 {
    let product: __m512;
    // SAFETY: one load of the number, and a product of registers.
    unsafe {
        std::arch::asm!(
            "vmulps {product}, {lanes}, dword ptr [{numbers} + 4 * {index}]{{1to16}}",
            product = lateout(zmm_reg) product,
            lanes = in(zmm_reg) lanes,
            numbers = in(reg) numbers,
            index = in(reg) index,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    product
}

// SAFETY of all blocks: the trait's precondition.
impl Lanes for Avx512 {
    const WIDE: bool = true;
    #[inline(always)]
    fn prefetch<T>(address: *const T) {
        // SAFETY: a hint, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        unsafe { Self(_mm512_set1_ps(value)) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { Self(_mm512_loadu_ps(from)) }
    }
    #[inline(always)]
    unsafe fn load_half(from: *const u16) -> Self {
        unsafe { Self(_mm512_cvtph_ps(_mm256_loadu_si256(from.cast()))) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, self.0) }
    }
    #[inline(always)]
    unsafe fn store_half(self, to: *mut u16) {
        unsafe { _mm256_storeu_si256(to.cast(), _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.0)) }
    }
    #[inline(always)]
    unsafe fn store_i8(self, to: *mut i8) {
        unsafe { _mm_storeu_si128(to.cast(), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(self.0))) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { Self(_mm512_add_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        unsafe { Self(_mm512_sub_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        unsafe { Self(_mm512_mul_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn mul_by(self, numbers: *const f32, index: usize) -> Self {
        unsafe { Self(product_by(self.0, numbers, index)) }
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        unsafe { Self(_mm512_div_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn select_below(a: Self, b: Self, x: Self, y: Self) -> Self {
        unsafe { Self(_mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a.0, b.0), y.0, x.0)) }
    }
    #[inline(always)]
    unsafe fn and(self, bits: u32) -> Self {
        unsafe { Self(_mm512_and_ps(self.0, _mm512_castsi512_ps(_mm512_set1_epi32(bits as i32)))) }
    }
    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        unsafe { Self(_mm512_or_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn max_bits(self, other: Self) -> Self {
        unsafe {
            Self(_mm512_castsi512_ps(_mm512_max_epu32(_mm512_castps_si512(self.0), _mm512_castps_si512(other.0))))
        }
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        unsafe {
            let exponents = _mm512_slli_epi32::<23>(_mm512_castps_si512(self.0));
            Self(_mm512_castsi512_ps(_mm512_add_epi32(exponents, _mm512_set1_epi32(0x3f80_0000))))
        }
    }
    #[inline(always)]
    unsafe fn array(self) -> [f32; LANES] {
        let mut lanes = [0.0; LANES];
        unsafe { self.store(lanes.as_mut_ptr()) };
        lanes
    }
    #[inline(always)]
    unsafe fn largest_bits(self) -> u32 {
        unsafe { _mm512_reduce_max_epu32(_mm512_castps_si512(self.0)) }
    }
    #[inline(always)]
    unsafe fn integer_sum(self) -> i32 {
        unsafe { _mm512_reduce_add_epi32(_mm512_cvtps_epi32(self.0)) }
    }
    #[inline(always)]
    unsafe fn fold(self) -> f32 {
        unsafe {
            let halves = Avx2(_mm512_castps512_ps256(self.0), _mm512_extractf32x8_ps::<1>(self.0));
            halves.fold()
        }
    }
}

#[derive(Clone, Copy)]
pub struct Avx2(__m256, __m256);

// No closures here: they are not compiled for the instruction set of their caller.

// SAFETY of all blocks: the trait's precondition.
impl Lanes for Avx2 {
    const WIDE: bool = false;
    #[inline(always)]
    fn prefetch<T>(address: *const T) {
        // SAFETY: a hint, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        unsafe { Self(_mm256_set1_ps(value), _mm256_set1_ps(value)) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { Self(_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))) }
    }
    #[inline(always)]
    unsafe fn load_half(from: *const u16) -> Self {
        unsafe {
            Self(_mm256_cvtph_ps(_mm_loadu_si128(from.cast())), _mm256_cvtph_ps(_mm_loadu_si128(from.add(8).cast())))
        }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe {
            _mm256_storeu_ps(to, self.0);
            _mm256_storeu_ps(to.add(8), self.1);
        }
    }
    #[inline(always)]
    unsafe fn store_half(self, to: *mut u16) {
        unsafe {
            _mm_storeu_si128(to.cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.0));
            _mm_storeu_si128(to.add(8).cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.1));
        }
    }
    #[inline(always)]
    unsafe fn store_i8(self, to: *mut i8) {
        unsafe {
            let words = _mm256_packs_epi32(_mm256_cvtps_epi32(self.0), _mm256_cvtps_epi32(self.1));
            // The packing works on halves of the register; put them in order.
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(words);
            let bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
            _mm_storeu_si128(to.cast(), bytes);
        }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { Self(_mm256_add_ps(self.0, other.0), _mm256_add_ps(self.1, other.1)) }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        unsafe { Self(_mm256_sub_ps(self.0, other.0), _mm256_sub_ps(self.1, other.1)) }
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        unsafe { Self(_mm256_mul_ps(self.0, other.0), _mm256_mul_ps(self.1, other.1)) }
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        unsafe { Self(_mm256_div_ps(self.0, other.0), _mm256_div_ps(self.1, other.1)) }
    }
    #[inline(always)]
    unsafe fn select_below(a: Self, b: Self, x: Self, y: Self) -> Self {
        unsafe {
            Self(
                _mm256_blendv_ps(y.0, x.0, _mm256_cmp_ps::<_CMP_LT_OQ>(a.0, b.0)),
                _mm256_blendv_ps(y.1, x.1, _mm256_cmp_ps::<_CMP_LT_OQ>(a.1, b.1)),
            )
        }
    }
    #[inline(always)]
    unsafe fn and(self, bits: u32) -> Self {
        unsafe {
            let bits = _mm256_castsi256_ps(_mm256_set1_epi32(bits as i32));
            Self(_mm256_and_ps(self.0, bits), _mm256_and_ps(self.1, bits))
        }
    }
    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        unsafe { Self(_mm256_or_ps(self.0, other.0), _mm256_or_ps(self.1, other.1)) }
    }
    #[inline(always)]
    unsafe fn max_bits(self, other: Self) -> Self {
        unsafe {
            let first = _mm256_max_epu32(_mm256_castps_si256(self.0), _mm256_castps_si256(other.0));
            let second = _mm256_max_epu32(_mm256_castps_si256(self.1), _mm256_castps_si256(other.1));
            Self(_mm256_castsi256_ps(first), _mm256_castsi256_ps(second))
        }
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        unsafe {
            let one = _mm256_set1_epi32(0x3f80_0000);
            let first = _mm256_add_epi32(_mm256_slli_epi32::<23>(_mm256_castps_si256(self.0)), one);
            let second = _mm256_add_epi32(_mm256_slli_epi32::<23>(_mm256_castps_si256(self.1)), one);
            Self(_mm256_castsi256_ps(first), _mm256_castsi256_ps(second))
        }
    }
    #[inline(always)]
    unsafe fn array(self) -> [f32; LANES] {
        let mut lanes = [0.0; LANES];
        unsafe { self.store(lanes.as_mut_ptr()) };
        lanes
    }
    #[inline(always)]
    unsafe fn largest_bits(self) -> u32 {
        unsafe {
            let eight = _mm256_max_epu32(_mm256_castps_si256(self.0), _mm256_castps_si256(self.1));
            let four = _mm_max_epu32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256::<1>(eight));
            let two = _mm_max_epu32(four, _mm_unpackhi_epi64(four, four));
            let one = _mm_max_epu32(two, _mm_shuffle_epi32::<1>(two));
            _mm_cvtsi128_si32(one) as u32
        }
    }
    #[inline(always)]
    unsafe fn integer_sum(self) -> i32 {
        unsafe {
            let eight = _mm256_add_epi32(_mm256_cvtps_epi32(self.0), _mm256_cvtps_epi32(self.1));
            let four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256::<1>(eight));
            let two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
            let one = _mm_add_epi32(two, _mm_shuffle_epi32::<1>(two));
            _mm_cvtsi128_si32(one)
        }
    }
    #[inline(always)]
    unsafe fn fold(self) -> f32 {
        unsafe {
            let eight = _mm256_add_ps(self.0, self.1);
            let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
        }
    }
}

//! Sixteen f32 side by side, on every instruction set, and running code on one of them.
//!
//! All operations work on each lane alone and round as IEEE 754 says, so code written with them gives the same bits everywhere.

mod functions;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::isa::Isa;

pub(crate) use functions::*;
pub(crate) use vector::{Kernel, Lanes, LANES};

/// Runs a kernel on an instruction set that the machine has.
#[inline]
pub(crate) fn run<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
    // SAFETY: an `Isa` is only made for machines that have it.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 | Isa::AvxVnni => x86::run_avx2(kernel),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 | Isa::Avx512Vnni => x86::run_avx512(kernel),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => neon::run(kernel),
            _ => kernel.run::<portable::Portable>(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strike_arithmetic::Float;

    struct Apply<'a>(&'a [f32; LANES], u8);

    impl Kernel for Apply<'_> {
        type Output = [f32; LANES];
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) -> [f32; LANES] {
            unsafe {
                let x = L::load(self.0.as_ptr());
                let y = match self.1 {
                    0 => exp(x.or(L::splat(-0.0))),
                    1 => silu(x),
                    2 => tanh(x),
                    3 => erf(x),
                    4 => gelu_erf(x),
                    5 => gelu_tanh(x),
                    _ => soft_cap(x, L::splat(30.0)),
                };
                y.array()
            }
        }
    }

    #[test]
    fn functions_give_the_bits_of_the_reference() {
        let edges =
            [0u32, 0x8000_0000, 1, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0x42ae_0000, 0x42ae_0001, 0x0080_0000];
        for isa in Isa::available() {
            for function in 0..7 {
                let mut bits = 0u32;
                for round in 0..20_000u32 {
                    let numbers: [f32; LANES] = std::array::from_fn(|lane| {
                        bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        let edge = (round as usize * LANES + lane) % 1000;
                        f32::from_bits(edges.get(edge).copied().unwrap_or(if round % 2 == 0 {
                            bits
                        } else {
                            // Magnitudes that occur.
                            0x3800_0000 + (bits & 0x8fff_ffff)
                        }))
                    });
                    let found = run(isa, Apply(&numbers, function));
                    for (x, found) in numbers.iter().zip(found) {
                        let expected = match function {
                            0 => f::exp(f32::from_bits(Float::to_bits(*x) | SIGN)),
                            1 => f::silu(*x),
                            2 => f::tanh(*x),
                            3 => f::erf(*x),
                            4 => f::gelu_erf(*x),
                            5 => f::gelu_tanh(*x),
                            _ => f::soft_cap(*x, 30.0),
                        };
                        assert!(
                            found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()),
                            "{} {function} {x:e}: {found:e} {expected:e}",
                            isa.name()
                        );
                    }
                }
            }
        }
    }
}

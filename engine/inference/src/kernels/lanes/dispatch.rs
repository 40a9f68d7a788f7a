//! Running code on one of the instruction sets.

use super::kernel::Kernel;
#[cfg(target_arch = "aarch64")]
use super::neon;
use super::portable::Portable;
#[cfg(target_arch = "x86_64")]
use super::x86;
use crate::isa::Isa;

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
            _ => kernel.run::<Portable>(),
        }
    }
}

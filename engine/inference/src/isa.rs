//! Instruction sets: which the machine has, and which one the kernels use.

use std::sync::OnceLock;

/// Environment variable that forces an instruction set.
pub const ISA_VARIABLE: &str = "STRIKE_ISA";

/// An instruction set that kernels exist for. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Isa {
    /// No vector instructions of its own.
    Scalar,
    /// AVX2 with F16C.
    Avx2,
    /// AVX2 with 256-bit VNNI.
    AvxVnni,
    /// AVX-512 F, BW, DQ, VL.
    Avx512,
    /// AVX-512 with VNNI.
    Avx512Vnni,
    /// Arm Advanced SIMD.
    Neon,
}

impl Isa {
    /// All, slowest first within a processor family.
    pub const ALL: [Self; 6] = [Self::Scalar, Self::Avx2, Self::AvxVnni, Self::Avx512, Self::Avx512Vnni, Self::Neon];

    /// The name that [`ISA_VARIABLE`] takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::AvxVnni => "avxvnni",
            Self::Avx512 => "avx512",
            Self::Avx512Vnni => "avx512vnni",
            Self::Neon => "neon",
        }
    }

    /// Whether this machine has it.
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("f16c");
            let avx512 = avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            match self {
                Self::Scalar => true,
                Self::Avx2 => avx2,
                Self::AvxVnni => avx2 && is_x86_feature_detected!("avxvnni"),
                Self::Avx512 => avx512,
                Self::Avx512Vnni => avx512 && is_x86_feature_detected!("avx512vnni"),
                Self::Neon => false,
            }
        }
        #[cfg(target_arch = "aarch64")]
        {
            matches!(self, Self::Scalar | Self::Neon)
        }
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        {
            matches!(self, Self::Scalar)
        }
    }

    /// Those this machine has.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|isa| isa.is_available())
    }

    /// The best of this machine.
    pub fn best() -> Self {
        Self::available().last().unwrap_or(Self::Scalar)
    }

    /// What [`ISA_VARIABLE`] says, else the best; read once. An unknown or missing set is an error that names those there are.
    pub fn selected() -> Result<Self, String> {
        static SELECTED: OnceLock<Result<Isa, String>> = OnceLock::new();
        SELECTED
            .get_or_init(|| match std::env::var(ISA_VARIABLE) {
                Err(_) => Ok(Self::best()),
                Ok(name) => Self::available().find(|isa| isa.name() == name).ok_or_else(|| {
                    let names: Vec<_> = Self::available().map(Self::name).collect();
                    format!("{ISA_VARIABLE} is '{name}', this machine has {}", names.join(", "))
                }),
            })
            .clone()
    }
}

//! Norms, functions, rotations and pooling against the reference, on every instruction set.

use proptest::prelude::*;
use strike_arithmetic::{functions, norm, pooling, rotary};
use strike_models::architecture::Activation;

use super::functions::{activate, gate};
use super::lanes::LANES;
use super::norm::{rms_norm, sum_norm, SumNorm};
use super::pooling::normalize;
use super::rotary::rotate;
use crate::isa::Isa;

fn bits(row: &[f32]) -> Vec<u32> {
    row.iter().map(|x| x.to_bits()).collect()
}

proptest! {
    #[test]
    fn every_kernel_gives_the_bits_of_the_reference(
        row in prop::collection::vec(-20f32..20.0, 2..100),
        seed in any::<u64>(),
        epsilon in 1e-6f32..1e-4,
    ) {
        let mut state = seed | 1;
        let mut other = || {
            (0..row.len())
                .map(|_| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    (state % 20_001) as f32 / 5000.0 - 2.0
                })
                .collect::<Vec<f32>>()
        };
        let (gain, shift) = (other(), other());
        for isa in Isa::available() {
            let mut expected = row.clone();
            norm::rms_norm(&mut expected, &gain, epsilon);
            let mut found = vec![0.0; row.len()];
            rms_norm(isa, &row, &gain, epsilon, &mut found);
            prop_assert_eq!(bits(&found), bits(&expected));

            let whole = row.len() / LANES * LANES;
            let (bias, factors) = (&row[..whole], &gain[..whole]);
            let mut other_row = shift[..whole].to_vec();
            let sum = |(x, (y, z)): (&f32, (&f32, &f32))| x + (y + z);
            let mut expected: Vec<f32> = gain.iter().zip(other_row.iter().zip(bias)).map(sum).collect();
            norm::layer_norm(&mut expected, &gain, &shift, epsilon);
            let mut found = gain[..whole].to_vec();
            let of_norm = SumNorm { gain: &gain[..whole], shift: &shift[..whole], epsilon, factors };
            sum_norm(isa, &mut found, &mut other_row, bias, of_norm);
            prop_assert_eq!(bits(&found), bits(&expected));
            let scaled: Vec<f32> = expected.iter().zip(factors).map(|(x, factor)| x * factor).collect();
            prop_assert_eq!(bits(&other_row), bits(&scaled));

            let mut expected = row.clone();
            let mut found = row.clone();
            prop_assert_eq!(normalize(isa, &mut found), pooling::normalize(&mut expected));
            prop_assert_eq!(bits(&found), bits(&expected));

            for (activation, function) in [
                (Activation::Silu, functions::silu::<f32> as fn(f32) -> f32),
                (Activation::GeluErf, functions::gelu_erf::<f32>),
                (Activation::GeluTanh, functions::gelu_tanh::<f32>),
            ] {
                let expected: Vec<f32> = row.iter().zip(&gain).map(|(x, up)| function(*x) * up).collect();
                let mut found = row.clone();
                gate(isa, activation, &mut found, &gain);
                prop_assert_eq!(bits(&found), bits(&expected));
                let expected: Vec<f32> = row.iter().zip(&gain).map(|(x, bias)| function(x + bias)).collect();
                let mut found = row.clone();
                activate(isa, activation, &mut found, &gain);
                prop_assert_eq!(bits(&found), bits(&expected));
            }

            let pairs = row.len() / 2;
            let angles: Vec<(f32, f32)> = gain.iter().copied().zip(shift.iter().copied()).take(pairs).collect();
            let mut expected = row.clone();
            rotary::rotate(&mut expected, &angles);
            let mut found = row.clone();
            rotate(isa, &mut found, &gain[..pairs], &shift[..pairs]);
            prop_assert_eq!(bits(&found), bits(&expected));
        }
    }
}

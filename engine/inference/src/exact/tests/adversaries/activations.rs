//! Other numbers on the way: activations, keys and values.

use strike_arithmetic::half::{f16_to_f32, f32_to_f16};

use super::{by_definition, first_cell, hundred, Lies};
use crate::exact::operators::{Difference, Finding, Operator};
use crate::exact::verify::Divergence;

/// Outputs that others are computed from. Scores, maximum, weights and total stay inside attention.
const USED: [Operator; 37] = [
    Operator::Input,
    Operator::AttentionNorm,
    Operator::AttentionNormQ,
    Operator::AttentionNormScales,
    Operator::Query,
    Operator::Key,
    Operator::Value,
    Operator::QueryBias,
    Operator::KeyBias,
    Operator::ValueBias,
    Operator::QueryNorm,
    Operator::KeyNorm,
    Operator::QueryRotary,
    Operator::KeyRotary,
    Operator::CachedKey,
    Operator::CachedValue,
    Operator::Heads,
    Operator::HeadsQ,
    Operator::HeadsScales,
    Operator::AttentionOutput,
    Operator::AttentionOutputBias,
    Operator::PostAttentionNorm,
    Operator::AttentionResidual,
    Operator::FfnNorm,
    Operator::FfnNormQ,
    Operator::FfnNormScales,
    Operator::Gate,
    Operator::Up,
    Operator::GateBias,
    Operator::UpBias,
    Operator::Activated,
    Operator::ActivatedQ,
    Operator::ActivatedScales,
    Operator::Down,
    Operator::DownBias,
    Operator::PostFfnNorm,
    Operator::Output,
];

#[test]
fn the_lowest_bit_of_one_activation() {
    hundred("one bit of an activation", 10, |mut case| {
        let (position, layer) =
            (case.random.below(case.trace().tokens().len()), case.random.below(case.recipe.decoder.layers));
        let chosen = case.random.one_of(&USED);
        let draw = case.random.next() as usize;
        let mut changed = None;
        let mut change = |at: usize, in_layer: usize, operator: Operator, bits: &mut [u32]| {
            if (at, in_layer, operator) == (position, layer, chosen) {
                let index = draw % bits.len();
                changed = Some((index, bits[index]));
                bits[index] ^= 1;
            }
        };
        let lies = Lies { change: Some(&mut change), ..Lies::default() };
        let Ok(lie) = by_definition(&case.model, &case.job, lies) else { return false };
        // Not every layer has every operator, and what is rounded away changes nothing.
        let Some((index, bits)) = changed else { return false };
        if case.is_the_truth(&lie.claim(), &lie.trace) {
            return false;
        }
        let (divergence, finding) =
            case.found(&lie.claim(), &lie.trace, |position, layer| lie.operators.get(&(position, layer)).cloned());
        assert_eq!(divergence, Divergence::Cell { position, layer }, "{chosen:?}");
        let width = lie.operators[&(position, layer)].output(chosen).expect("an output").rows[0].len();
        let (row, element) = (index / width, index % width);
        let difference = Difference { row, element, expected: bits, claimed: bits ^ 1 };
        let expected = match chosen {
            Operator::Input => Finding::Input(difference),
            operator => Finding::Operator { operator, difference },
        };
        assert_eq!(finding, Some(expected));
        true
    });
}

#[test]
fn a_little_noise_everywhere() {
    hundred("noise in all layers", 11, |case| {
        let mut noise = |_: usize, _: usize, operator: Operator, bits: &mut [u32]| {
            if operator == Operator::Down {
                bits.iter_mut().for_each(|bits| *bits ^= 1);
            }
        };
        let lies = Lies { change: Some(&mut noise), ..Lies::default() };
        let lie = by_definition(&case.model, &case.job, lies).expect("finite");
        let (divergence, finding) =
            case.found(&lie.claim(), &lie.trace, |position, layer| lie.operators.get(&(position, layer)).cloned());
        assert_eq!(divergence, Divergence::Cell { position: 0, layer: 0 });
        assert!(matches!(finding, Some(Finding::Operator { operator: Operator::Down, .. })), "{finding:?}");
        true
    });
}

/// The numbers of a row at 8 bits.
fn eight_bits(row: &mut [u16]) {
    let largest = row.iter().map(|bits| f16_to_f32(*bits).abs()).fold(0.0, f32::max);
    for bits in row.iter_mut().filter(|_| largest > 0.0) {
        *bits = f32_to_f16((f16_to_f32(*bits) / largest * 127.0).round_ties_even() * largest / 127.0);
    }
}

#[test]
fn keys_and_values_of_eight_bits_that_the_trace_shows() {
    hundred("a cache of 8 bits in the trace", 12, |case| {
        let width = case.recipe.decoder.head_dim;
        let mut quantize = |_: usize, _: usize, operator: Operator, bits: &mut [u32]| {
            if matches!(operator, Operator::CachedKey | Operator::CachedValue) {
                for head in bits.chunks_exact_mut(width) {
                    let mut halves: Vec<u16> = head.iter().map(|bits| *bits as u16).collect();
                    eight_bits(&mut halves);
                    head.iter_mut().zip(halves).for_each(|(bits, half)| *bits = u32::from(half));
                }
            }
        };
        let lies = Lies { change: Some(&mut quantize), ..Lies::default() };
        let lie = by_definition(&case.model, &case.job, lies).expect("finite");
        let (divergence, finding) =
            case.found(&lie.claim(), &lie.trace, |position, layer| lie.operators.get(&(position, layer)).cloned());
        assert_eq!(divergence, Divergence::Cell { position: 0, layer: 0 });
        assert!(matches!(finding, Some(Finding::Operator { operator: Operator::CachedKey, .. })), "{finding:?}");
        true
    });
}

#[test]
fn keys_and_values_of_eight_bits_that_the_trace_hides() {
    hundred("a cache of 8 bits behind the trace", 13, |case| {
        let lies = Lies { forget: Some(eight_bits), ..Lies::default() };
        let lie = by_definition(&case.model, &case.job, lies).expect("finite");
        if case.is_the_truth(&lie.claim(), &lie.trace) {
            // All windows are one position long.
            return false;
        }
        let (divergence, finding) =
            case.found(&lie.claim(), &lie.trace, |position, layer| lie.operators.get(&(position, layer)).cloned());
        // Nothing that was kept is read before the second position; where little of it is seen, roundings may swallow it there.
        let (position, layer) = first_cell(case.trace(), &lie.trace).expect("a cell");
        assert!(position > 0 && case.recipe.decoder.windows[layer] != Some(1));
        assert_eq!(divergence, Divergence::Cell { position, layer });
        assert!(matches!(finding, Some(Finding::Operator { operator: Operator::Scores, .. })), "{finding:?}");
        true
    });
}

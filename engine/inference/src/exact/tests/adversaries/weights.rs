//! Other weights, and fewer layers.

use strike_arithmetic::half::{f16_to_f32, f32_to_f16};
use strike_models::architecture::Architecture;
use strike_models::tensors::{LayerTensor, TensorName};
use strike_models::{layout, TensorKind};

use super::{by_definition, claim, first_cell, first_difference, hundred, Lies};
use crate::exact::operators::{Finding, Operator};
use crate::exact::tests::fixtures::Recipe;
use crate::exact::verify::{Claim, Divergence};

/// The canonical bytes of a row as a four-bit file would have them.
fn four_bits(row: &mut [u8]) {
    for block in row.as_chunks_mut::<34>().0 {
        let scale = f16_to_f32(u16::from_le_bytes([block[0], block[1]]));
        let values: Vec<f32> = block[2..].iter().map(|q| f32::from(*q as i8) * scale).collect();
        let largest = values.iter().copied().fold(0.0, |most: f32, x| if x.abs() > most.abs() { x } else { most });
        let coarse = f32_to_f16(largest / -8.0);
        block[..2].copy_from_slice(&coarse.to_le_bytes());
        for (q, value) in block[2..].iter_mut().zip(values) {
            *q = (value / f16_to_f32(coarse)).round_ties_even().clamp(-8.0, 7.0) as i8 as u8;
        }
    }
}

/// The operator that multiplies with a matrix.
fn product(tensor: LayerTensor) -> Operator {
    match tensor {
        LayerTensor::Query => Operator::Query,
        LayerTensor::Key => Operator::Key,
        LayerTensor::Value => Operator::Value,
        LayerTensor::AttentionOutput => Operator::AttentionOutput,
        LayerTensor::Gate => Operator::Gate,
        LayerTensor::Up => Operator::Up,
        LayerTensor::Down => Operator::Down,
        other => panic!("{other:?} is no matrix"),
    }
}

const MATRICES: [LayerTensor; 7] = [
    LayerTensor::Query,
    LayerTensor::Key,
    LayerTensor::Value,
    LayerTensor::AttentionOutput,
    LayerTensor::Gate,
    LayerTensor::Up,
    LayerTensor::Down,
];

#[test]
fn a_layer_or_a_matrix_of_four_bits() {
    hundred("four bits", 1, |mut case| {
        let layer = case.random.below(case.recipe.decoder.layers);
        let only = case.random.once_in(2).then(|| case.random.one_of(&MATRICES));
        let other = case.recipe.changed(&|name, _, row| match name {
            TensorName::Layer(at, tensor) if usize::from(at) == layer && only.is_none_or(|only| only == tensor) => {
                four_bits(row);
            }
            _ => {}
        });
        let Ok(lie) = case.made(&other, &case.job) else { return false };
        let (claim, trace) = claim(&lie);
        if case.is_the_truth(&claim, &trace) {
            return false;
        }
        let answer = |position, layer| case.record(&other, &case.job, &claim.tokens, position, layer);
        let (divergence, finding) = case.found(&claim, &trace, answer);
        let Divergence::Cell { position, layer: found } = divergence else { panic!("{divergence:?}") };
        // The query at the first position has no choice: there is one key.
        let position_expected = usize::from(only == Some(LayerTensor::Query));
        assert_eq!(found, layer);
        assert!(position >= position_expected && (position == 0 || only == Some(LayerTensor::Query)), "{position}");
        assert_eq!(first_cell(case.trace(), &trace), Some((position, layer)));
        let expected = product(only.unwrap_or(LayerTensor::Query));
        let Some(Finding::Operator { operator, .. }) = finding else { panic!("{finding:?}") };
        assert_eq!(operator, expected);
        // Whoever hands in the right operators instead contradicts the trace.
        let answer = |position, layer| case.record(&case.model, &case.job, &claim.tokens, position, layer);
        let (_, finding) = case.found(&claim, &trace, answer);
        let (claimed, record) = (trace.cells(position)[layer], case.trace().cells(position)[layer]);
        assert_eq!(finding, Some(Finding::Contradiction { claimed, record }));
        true
    });
}

#[test]
fn the_last_layer_left_out() {
    hundred("last layer left out", 2, |case| {
        let last = case.recipe.decoder.layers - 1;
        let mut entered = Vec::new();
        let mut skip = |_: usize, layer: usize, operator: Operator, bits: &mut [u32]| match operator {
            Operator::Input => entered = bits.to_vec(),
            Operator::Output if layer == last => bits.copy_from_slice(&entered),
            _ => {}
        };
        let lies = Lies { change: Some(&mut skip), ..Lies::default() };
        let lie = by_definition(&case.model, &case.job, lies).expect("finite");
        let (divergence, finding) =
            case.found(&lie.claim(), &lie.trace, |position, layer| lie.operators.get(&(position, layer)).cloned());
        assert_eq!(divergence, Divergence::Cell { position: 0, layer: last });
        assert!(matches!(finding, Some(Finding::Operator { operator: Operator::Output, .. })), "{finding:?}");
        true
    });
}

#[test]
fn one_bit_of_one_weight() {
    hundred("one bit of a weight", 3, |mut case| {
        let architecture = Architecture::Decoder(case.recipe.decoder.clone());
        let matrices: Vec<_> =
            layout(&architecture).into_iter().filter(|shape| shape.kind == TensorKind::Matrix).collect();
        let shape = case.random.one_of(&matrices);
        let (row, at, bit) =
            (case.random.below(shape.rows), case.random.below(shape.columns / 32 * 34), case.random.below(8));
        // The upper bits of a scale's exponent lead out of the finite numbers, and no file with those is read.
        if at % 34 == 1 && (2..7).contains(&bit) {
            return false;
        }
        let other = case.recipe.changed(&|name, index, bytes| {
            if name == shape.name && index == row {
                bytes[at] ^= 1 << bit;
            }
        });
        assert_ne!(other.model_root(), case.model.model_root());
        let Ok(lie) = case.made(&other, &case.job) else { return false };
        let (claim, trace) = claim(&lie);
        if case.is_the_truth(&claim, &trace) {
            // A row of the embedding that the job has no use for, a weight that meets a zero.
            return false;
        }
        let answer = |position, layer| case.record(&other, &case.job, &claim.tokens, position, layer);
        let (divergence, finding) = case.found(&claim, &trace, answer);
        match (shape.name, divergence) {
            (TensorName::Layer(expected, tensor), Divergence::Cell { position, layer }) => {
                assert_eq!((layer, first_cell(case.trace(), &trace)), (usize::from(expected), Some((position, layer))));
                let Some(Finding::Operator { operator, difference }) = finding else { panic!("{finding:?}") };
                assert_eq!(operator, product(tensor));
                let width = match operator {
                    Operator::Query | Operator::Key | Operator::Value => case.recipe.decoder.head_dim,
                    _ => shape.rows,
                };
                assert_eq!(difference.row * width + difference.element, row);
            }
            (TensorName::Embedding, Divergence::Cell { position, layer: 0 }) => {
                assert_eq!(case.trace().tokens()[position].token as usize, row);
                let Some(Finding::Input(difference)) = finding else { panic!("{finding:?}") };
                // A changed scale changes the whole block.
                assert_eq!((difference.row, difference.element / 32), (0, at / 34));
            }
            // The head: another largest logit, or another choice.
            (TensorName::Embedding | TensorName::Output, Divergence::Last { position }) => {
                assert!(first_cell(case.trace(), &trace).is_none_or(|(cell, _)| cell > position));
                assert_ne!(case.trace().tokens()[position], trace.tokens()[position]);
            }
            (TensorName::Embedding | TensorName::Output, Divergence::Token { index, expected, claimed }) => {
                assert_eq!(first_difference(&case.truth.tokens, &claim.tokens), Some(index));
                assert_eq!(
                    (expected, claimed),
                    (case.truth.tokens.get(index).copied(), claim.tokens.get(index).copied())
                );
            }
            other => panic!("{other:?}"),
        }
        true
    });
}

#[test]
fn tokens_of_a_smaller_model_with_a_true_trace_of_them() {
    hundred("a smaller model's tokens", 4, |mut case| {
        let mut small = Recipe { seed: case.random.next(), ..case.recipe.clone() };
        small.decoder.layers = 1;
        small.decoder.windows.truncate(1);
        let tokens = case.made(&small.model(), &case.job).expect("finite").tokens;
        let Some(index) = first_difference(&case.truth.tokens, &tokens) else { return false };
        let lies = Lies { forced: Some(&tokens), ..Lies::default() };
        let lie = by_definition(&case.model, &case.job, lies).expect("finite");
        let (expected, claimed) = (Some(case.truth.tokens[index]), Some(tokens[index]));
        let divergence = Divergence::Token { index, expected, claimed };
        assert_eq!(case.found_without_a_record(&lie.claim(), &lie.trace), divergence);
        // Nor does it help to write the model's own choice into the trace: the claim is another.
        let bare = Claim { trace_root: None, ..lie.claim() };
        assert_eq!(case.found_without_a_record(&bare, &lie.trace), divergence);
        true
    });
}

#[test]
fn attention_that_forgets() {
    hundred("a window where there is none", 5, |mut case| {
        let mut other = case.recipe.clone();
        let layer = case.random.below(other.decoder.layers);
        if other.decoder.windows[layer].is_some() {
            return false;
        }
        other.decoder.windows[layer] = Some(case.random.within(1..=8));
        other.decoder.local_rotary = None;
        if case.recipe.decoder.local_rotary.is_some() {
            return false;
        }
        let other = other.model();
        let Ok(lie) = case.made(&other, &case.job) else { return false };
        let (claim, trace) = claim(&lie);
        if case.is_the_truth(&claim, &trace) {
            return false;
        }
        let answer = |position, layer| case.record(&other, &case.job, &claim.tokens, position, layer);
        let (divergence, finding) = case.found(&claim, &trace, answer);
        let Divergence::Cell { position, layer: found } = divergence else { panic!("{divergence:?}") };
        assert_eq!((found, first_cell(case.trace(), &trace)), (layer, Some((position, layer))));
        assert_eq!(finding, Some(Finding::Shape { operator: Some(Operator::Scores) }));
        true
    });
}

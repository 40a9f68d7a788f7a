//! The tensors of the files in f32: the same in every container, and what the canonical form approximates.

use crate::common::families::{all, Sample};
use crate::common::gguf::{self, Stored};
use crate::common::{safetensors, Type};
use strike_arithmetic::equalization::exponents;
use strike_arithmetic::weights::quantize;
use strike_models::architecture::Architecture;
use strike_models::tensors::{LayerTensor, TensorName};
use strike_models::{layout, FloatModel, Model, ModelFiles, TensorKind, TensorShape};

fn files(sample: &Sample) -> ModelFiles {
    ModelFiles {
        config: sample.config.to_string().into_bytes().into(),
        weights: safetensors(&sample.tensors, Type::F32).into(),
        tokenizer: Vec::new().into(),
    }
}

fn from_gguf(sample: &Sample, kind: Type) -> FloatModel {
    let tensors: Vec<_> = sample.gguf.iter().map(|tensor| Stored::new(tensor, kind)).collect();
    FloatModel::from_gguf_bytes("model.gguf", gguf::write(&sample.metadata, &tensors)).unwrap()
}

/// All numbers of a tensor.
fn values(model: &FloatModel, shape: &TensorShape) -> Vec<f32> {
    match shape.kind {
        TensorKind::Vector => model.vector(shape.name).unwrap().unwrap(),
        TensorKind::Matrix => {
            let matrix = model.matrix(shape.name).unwrap().unwrap();
            assert_eq!((matrix.rows, matrix.columns), (shape.rows, shape.columns));
            matrix.values
        }
    }
}

#[test]
fn containers_of_one_model_have_the_same_numbers() {
    for sample in all() {
        let first = FloatModel::from_files(&files(&sample)).unwrap();
        for kind in [Type::F32, Type::F16, Type::Bf16] {
            let other = from_gguf(&sample, kind);
            assert_eq!(first.architecture(), other.architecture(), "{}", sample.name);
            // Only decoders have special tokens in both containers.
            if matches!(first.architecture(), Architecture::Decoder(_)) {
                assert_eq!(first.special_tokens(), other.special_tokens());
            }
            for shape in layout(first.architecture()) {
                assert_eq!(values(&first, &shape), values(&other, &shape), "{} {:?}", sample.name, shape.name);
            }
        }
    }
}

/// The exponents of an encoder's channels; none for a decoder.
fn equalized_columns(model: &FloatModel) -> Vec<u8> {
    let Architecture::Encoder(encoder) = model.architecture() else { return Vec::new() };
    let gains = |layer| model.vector(TensorName::Layer(layer as u16, LayerTensor::AttentionNorm)).unwrap().unwrap();
    let gains: Vec<Vec<f32>> = (0..encoder.layers).map(gains).collect();
    let exponents = exponents(&gains.iter().map(Vec::as_slice).collect::<Vec<_>>());
    assert!(exponents.iter().any(|exponent| *exponent > 0));
    exponents
}

#[test]
fn the_canonical_form_is_their_quantization() {
    for sample in all() {
        let float = FloatModel::from_files(&files(&sample)).unwrap();
        let canonical = Model::from_files(&files(&sample)).unwrap();
        let exponents = equalized_columns(&float);
        for shape in layout(float.architecture()) {
            let mut numbers = values(&float, &shape);
            use LayerTensor as T;
            if matches!(shape.name, TensorName::Layer(_, T::Query | T::Key | T::Value | T::Up)) {
                for row in numbers.chunks_mut(shape.columns) {
                    row.iter_mut().zip(&exponents).for_each(|(number, exponent)| *number *= f32::from(1u8 << exponent));
                }
            }
            if shape.kind == TensorKind::Vector {
                assert_eq!(numbers, canonical.vector(shape.name).unwrap());
                continue;
            }
            let matrix = canonical.matrix(shape.name).unwrap();
            for (row, numbers) in numbers.chunks(shape.columns).enumerate() {
                let blocks = numbers.as_chunks::<32>().0.iter().map(|values| quantize(values).unwrap());
                let expected: Vec<u8> = blocks
                    .flat_map(|block| block.scale.to_le_bytes().into_iter().chain(block.q.map(|q| q as u8)))
                    .collect();
                assert_eq!(matrix.canonical_row(row), expected, "{} {:?}", sample.name, shape.name);
            }
        }
    }
}

#[test]
fn quantized_encodings_are_the_numbers_of_their_blocks() {
    let sample = all().remove(0);
    let mut tensors: Vec<_> = sample.gguf.iter().map(|tensor| Stored::new(tensor, Type::F32)).collect();
    let down = tensors.iter_mut().find(|tensor| tensor.name == "blk.0.ffn_down.weight").unwrap();
    let name = TensorName::Layer(0, LayerTensor::Down);
    let count: usize = down.shape.iter().product();
    down.kind = 8;
    down.bytes = (0..count / 32)
        .flat_map(|block| {
            let scale = half::f16::from_f32(0.01 + block as f32 * 1e-3).to_le_bytes();
            scale.into_iter().chain((0..32).map(move |at| ((block * 7 + at * 5) % 256) as u8))
        })
        .collect();
    let model = FloatModel::from_gguf_bytes("model.gguf", gguf::write(&sample.metadata, &tensors)).unwrap();
    let found = model.matrix(name).unwrap().unwrap().values;
    for (at, found) in found.into_iter().enumerate() {
        let (block, at) = (at / 32, at % 32);
        let scale = half::f16::from_f32(0.01 + block as f32 * 1e-3).to_f32();
        assert_eq!(found, f32::from(((block * 7 + at * 5) % 256) as u8 as i8) * scale);
    }
}

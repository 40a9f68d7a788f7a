//! One model has one architecture and one weights root, whichever container it came in.

use crate::common::families::{all, Sample};
use crate::common::gguf::{self, Stored};
use crate::common::{safetensors, Type};
use strike_models::architecture::Architecture;
use strike_models::tensors::{LayerTensor, Packing, TensorName};
use strike_models::{CacheUse, Model, ModelError, ModelFiles, OpenOptions};

fn in_memory() -> OpenOptions<'static> {
    OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() }
}

fn from_safetensors(sample: &Sample, kind: Type) -> Result<Model, ModelError> {
    Model::from_files(&ModelFiles {
        config: sample.config.to_string().into_bytes().into(),
        weights: safetensors(&sample.tensors, kind).into(),
        tokenizer: Vec::new().into(),
    })
}

fn from_gguf(metadata: &[(String, gguf::Value)], tensors: &[Stored]) -> Result<Model, ModelError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    std::fs::write(&path, gguf::write(metadata, tensors)).unwrap();
    Model::open(&path, &in_memory())
}

fn stored(sample: &Sample, kind: Type) -> Vec<Stored> {
    sample.gguf.iter().map(|tensor| Stored::new(tensor, kind)).collect()
}

#[test]
fn containers_and_types_of_one_model_agree_for_each_family() {
    for sample in all() {
        let first = from_safetensors(&sample, Type::F32).unwrap_or_else(|error| panic!("{}: {error}", sample.name));
        for kind in [Type::F16, Type::Bf16] {
            let other = from_safetensors(&sample, kind).unwrap();
            assert_eq!(first.weights_root(), other.weights_root(), "{}", sample.name);
        }
        for kind in [Type::F32, Type::F16, Type::Bf16] {
            let other = from_gguf(&sample.metadata, &stored(&sample, kind))
                .unwrap_or_else(|error| panic!("{}: {error}", sample.name));
            assert_eq!(first.architecture(), other.architecture(), "{}", sample.name);
            assert_eq!(first.weights_root(), other.weights_root(), "{}", sample.name);
            if matches!(first.architecture(), Architecture::Decoder(_)) {
                assert_eq!(first.special_tokens(), other.special_tokens());
                assert_eq!(first.model_root(&[7; 32]), other.model_root(&[7; 32]));
            }
        }
    }
}

#[test]
fn a_model_may_be_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Model>();
    shared::<strike_models::Adapter>();
}

#[test]
fn families_have_different_roots() {
    let mut roots: Vec<_> =
        all().iter().map(|sample| from_safetensors(sample, Type::F32).unwrap().model_root(&[0; 32])).collect();
    let count = roots.len();
    roots.sort();
    roots.dedup();
    assert_eq!(roots.len(), count);
}

/// Blocks of four bits as Q4_0, and the same integers as Q8_0.
fn four_bit_blocks(count: usize) -> (Vec<u8>, Vec<u8>) {
    let (mut packed, mut expanded) = (Vec::new(), Vec::new());
    for block in 0..count {
        let scale = half::f16::from_f32(if block % 3 == 0 { -0.03 } else { 0.01 + block as f32 * 1e-4 }).to_le_bytes();
        let integers: Vec<u8> = (0..32).map(|at| ((block * 7 + at * 5) % 16) as u8).collect();
        packed.extend(scale);
        packed.extend((0..16).map(|at| integers[at] | integers[at + 16] << 4));
        expanded.extend(scale);
        expanded.extend(integers.iter().map(|integer| integer.wrapping_sub(8)));
    }
    (packed, expanded)
}

#[test]
fn four_bits_have_the_root_of_their_expansion_and_both_are_packed() {
    let sample = all().remove(0);
    let [packed, expanded] = [2u32, 8].map(|kind| {
        let tensors: Vec<_> = stored(&sample, Type::F32)
            .into_iter()
            .map(|mut tensor| {
                if tensor.shape.len() == 2 && tensor.name.starts_with("blk") {
                    let (packed, expanded) = four_bit_blocks(tensor.shape.iter().product::<usize>() / 32);
                    tensor.kind = kind;
                    tensor.bytes = if kind == 2 { packed } else { expanded };
                }
                tensor
            })
            .collect();
        from_gguf(&sample.metadata, &tensors).unwrap()
    });
    assert_eq!(packed.weights_root(), expanded.weights_root());
    for tensor in [LayerTensor::Query, LayerTensor::Down] {
        let [packed, expanded] = [&packed, &expanded].map(|model| model.matrix(TensorName::Layer(1, tensor)).unwrap());
        assert_eq!((packed.packing, expanded.packing), (Packing::Q4, Packing::Q4));
        assert_eq!(packed.panels, expanded.panels);
    }
    assert_eq!(packed.matrix(TensorName::Embedding).unwrap().packing, Packing::Q8);
}

#[test]
fn q8_blocks_are_taken_as_they_are() {
    let sample = all().into_iter().find(|sample| sample.name == "qwen 2").unwrap();
    let mut tensors = stored(&sample, Type::F32);
    let down = tensors.iter_mut().find(|tensor| tensor.name == "blk.0.ffn_down.weight").unwrap();
    let (rows, columns) = (down.shape[0], down.shape[1]);
    down.kind = 8;
    // Among them -128, and scales that no quantization would give.
    down.bytes = (0..rows * columns / 32 * 34).map(|at| (at * 89 % 256) as u8).collect();
    for block in down.bytes.chunks_mut(34) {
        block[1] &= 0x3f;
    }
    let bytes = down.bytes.clone();
    let model = from_gguf(&sample.metadata, &tensors).unwrap();
    let matrix = model.matrix(TensorName::Layer(0, LayerTensor::Down)).unwrap();
    for (row, expected) in bytes.chunks(columns / 32 * 34).enumerate() {
        assert_eq!(matrix.canonical_row(row), expected);
    }
    let down = tensors.iter_mut().find(|tensor| tensor.name == "blk.0.ffn_down.weight").unwrap();
    down.bytes[34 * 5 + 1] = 0x7c;
    let Err(error) = from_gguf(&sample.metadata, &tensors) else { panic!("an infinite scale was accepted") };
    assert!(
        matches!(error, ModelError::NotFiniteWeight { ref tensor, row: 1, .. } if tensor == "blk.0.ffn_down.weight"),
        "{error}"
    );
}

#[test]
fn gemma_norms_are_one_more_than_what_safetensors_store() {
    let sample = all().into_iter().find(|sample| sample.name == "gemma 3").unwrap();
    let model = from_safetensors(&sample, Type::Bf16).unwrap();
    let stored = sample.tensors.iter().find(|tensor| tensor.name == "model.layers.0.self_attn.q_norm.weight").unwrap();
    let expected: Vec<f32> = stored.values.iter().map(|value| value + 1.0).collect();
    assert_eq!(model.vector(TensorName::Layer(0, LayerTensor::QueryNorm)).unwrap(), expected);
}

#[test]
fn shards_are_one_model() {
    let sample = all().remove(0);
    let whole = from_safetensors(&sample, Type::F16).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut map = serde_json::Map::new();
    for (index, part) in sample.tensors.chunks(7).enumerate() {
        let name = format!("model-{index}.safetensors");
        std::fs::write(folder.path().join(&name), safetensors(part, Type::F16)).unwrap();
        map.extend(part.iter().map(|tensor| (tensor.name.clone(), name.clone().into())));
    }
    std::fs::write(folder.path().join("config.json"), sample.config.to_string()).unwrap();
    let index = |map: &serde_json::Map<_, _>| serde_json::json!({"metadata": {}, "weight_map": map}).to_string();
    let index_path = folder.path().join("model.safetensors.index.json");
    std::fs::write(&index_path, index(&map)).unwrap();
    let sharded = Model::open(folder.path(), &in_memory()).unwrap();
    assert_eq!(whole.weights_root(), sharded.weights_root());

    map.insert("model.norm.weight".to_owned(), "../model-0.safetensors".into());
    std::fs::write(&index_path, index(&map)).unwrap();
    let Err(error) = Model::open(folder.path(), &in_memory()) else { panic!("a path outside was accepted") };
    assert!(matches!(error, ModelError::Malformed { .. }), "{error}");
}

#[test]
fn missing_mismatched_and_unsupported_tensors_are_named() {
    let sample = all().remove(0);
    let mut tensors = stored(&sample, Type::F32);
    let at = tensors.iter().position(|tensor| tensor.name == "blk.1.ffn_up.weight").unwrap();
    tensors[at].kind = 23;
    let error = from_gguf(&sample.metadata, &tensors).map(drop).unwrap_err();
    assert!(matches!(error, ModelError::UnsupportedType { ref found, .. } if found == "IQ4_XS"), "{error}");
    tensors[at].kind = 0;
    tensors[at].shape.swap(0, 1);
    let error = from_gguf(&sample.metadata, &tensors).map(drop).unwrap_err();
    assert!(
        matches!(error, ModelError::ShapeMismatch { ref tensor, .. } if tensor == "blk.1.ffn_up.weight"),
        "{error}"
    );
    tensors.remove(at);
    let error = from_gguf(&sample.metadata, &tensors).map(drop).unwrap_err();
    assert!(
        matches!(error, ModelError::MissingTensor { ref tensor, .. } if tensor == "blk.1.ffn_up.weight"),
        "{error}"
    );
}

#[test]
fn columns_that_are_no_multiple_of_32_are_refused() {
    let mut sample = all().remove(0);
    sample.config["intermediate_size"] = 100.into();
    for tensor in &mut sample.tensors {
        if tensor.name.contains("mlp") {
            let shape = if tensor.name.contains("down") { [64, 100] } else { [100, 64] };
            *tensor = crate::common::tensor(&tensor.name, &shape);
        }
    }
    let error = from_safetensors(&sample, Type::F32).map(drop).unwrap_err();
    assert!(matches!(error, ModelError::ColumnsNotInBlocks { columns: 100, .. }), "{error}");
}

#[test]
fn a_pipe_is_refused_instead_of_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("model.gguf");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let options = OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() };
    let Err(error) = Model::open(&pipe, &options) else { panic!("a pipe is no model") };
    assert!(error.to_string().contains("not a regular file"), "{error}");
}

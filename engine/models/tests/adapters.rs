//! LoRA adapters in canonical form.

use crate::common::families::all;
use crate::common::{safetensors, tensor, Tensor, Type};
use strike_arithmetic::half::f16_to_f32;
use strike_models::tensors::{LayerTensor, Matrix, TensorName};
use strike_models::{Adapter, FloatAdapter, Model, ModelError, ModelFiles};

const RANK: usize = 8;

fn base(name: &str) -> Model {
    let sample = all().into_iter().find(|sample| sample.name == name).unwrap();
    Model::from_files(&ModelFiles {
        config: sample.config.to_string().into_bytes().into(),
        weights: safetensors(&sample.tensors, Type::F16).into(),
        tokenizer: Vec::new().into(),
    })
    .unwrap()
}

fn write(config: &serde_json::Value, tensors: &[Tensor]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("adapter_config.json"), config.to_string()).unwrap();
    std::fs::write(folder.path().join("adapter_model.safetensors"), safetensors(tensors, Type::F32)).unwrap();
    folder
}

fn open(base: &Model, config: serde_json::Value, tensors: &[Tensor]) -> Result<Adapter, ModelError> {
    Adapter::open(write(&config, tensors).path(), base.architecture())
}

fn config() -> serde_json::Value {
    serde_json::json!({"peft_type": "LORA", "r": RANK, "lora_alpha": 32, "target_modules": ["q_proj"], "bias": "none"})
}

fn pair(module: &str, inputs: usize, outputs: usize) -> [Tensor; 2] {
    let name = |part| format!("base_model.model.model.layers.{module}.lora_{part}.weight");
    [tensor(&name("A"), &[RANK, inputs]), tensor(&name("B"), &[outputs, RANK])]
}

fn row(matrix: &Matrix<'_>, row: usize) -> Vec<f32> {
    let blocks = matrix.canonical_row(row);
    let weights = |block: &[u8]| {
        let scale = f16_to_f32(u16::from_le_bytes([block[0], block[1]]));
        block[2..].iter().map(|byte| scale * f32::from(*byte as i8)).collect::<Vec<_>>()
    };
    blocks.chunks(34).flat_map(weights).collect()
}

/// Within half a step of the blocks, whose numbers are at most 0.126 times the scale.
fn assert_close(found: &[f32], stored: &[f32], scale: f32) {
    assert!(found.iter().zip(stored).all(|(found, stored)| (found - scale * stored).abs() < 5.1e-4 * scale));
    assert!(found[stored.len()..].iter().all(|padding| *padding == 0.0));
}

#[test]
fn matrices_are_padded_to_whole_blocks() {
    let base = base("qwen 2");
    let tensors: Vec<_> = [pair("0.self_attn.q_proj", 64, 128), pair("1.mlp.down_proj", 96, 64)].concat();
    let adapter = open(&base, config(), &tensors).unwrap();
    let names: Vec<_> = adapter.tensors().collect();
    assert_eq!(names, [TensorName::Layer(0, LayerTensor::Query), TensorName::Layer(1, LayerTensor::Down)]);
    let factors = adapter.factors(0, LayerTensor::Query).unwrap();
    assert_eq!((factors.a.rows, factors.a.columns, factors.b.rows, factors.b.columns), (32, 64, 128, 32));
    assert_close(&row(&factors.a, 5), &tensors[0].values[5 * 64..6 * 64], 1.0);
    assert!(row(&factors.a, RANK).iter().all(|weight| *weight == 0.0));
    assert_close(&row(&factors.b, 100), &tensors[1].values[100 * RANK..101 * RANK], 4.0);

    let mut rank_stabilized = config();
    rank_stabilized["use_rslora"] = true.into();
    let other = open(&base, rank_stabilized, &tensors).unwrap();
    let scale = (32.0 / 8f64.sqrt()) as f32;
    let stored = &tensors[1].values[100 * RANK..101 * RANK];
    assert_close(&row(&other.factors(0, LayerTensor::Query).unwrap().b, 100), stored, scale);
    assert_ne!(adapter.root(), other.root());
    assert_eq!(adapter.root(), open(&base, config(), &tensors).unwrap().root());
    assert_ne!(adapter.root(), open(&base, config(), &tensors[..2]).unwrap().root());
}

#[test]
fn blocks_are_those_of_the_scaled_numbers() {
    let base = base("qwen 2");
    let mut settings = config();
    settings["lora_alpha"] = 3.into();
    let tensors = pair("1.mlp.up_proj", 64, 96);
    let adapter = open(&base, settings.clone(), &tensors).unwrap();
    let factors = adapter.factors(1, LayerTensor::Up).unwrap();
    for outputs in [0, 1, 95] {
        let mut values = [0.0; 32];
        for (value, stored) in values.iter_mut().zip(&tensors[1].values[outputs * RANK..][..RANK]) {
            *value = stored * (3.0 / 8.0);
        }
        let block = strike_arithmetic::weights::quantize(&values).unwrap();
        let mut expected = block.scale.to_le_bytes().to_vec();
        expected.extend(block.q.map(|q| q as u8));
        assert_eq!(factors.b.canonical_row(outputs), expected);
    }
    let float = FloatAdapter::open(write(&settings, &tensors).path(), base.architecture()).unwrap();
    let float = float.factors(TensorName::Layer(1, LayerTensor::Up)).unwrap().unwrap();
    assert_eq!((float.a.rows, float.a.columns, float.b.rows, float.b.columns), (RANK, 64, 96, RANK));
    assert_eq!(float.a.values, tensors[0].values);
    assert!(float.b.values.iter().zip(&tensors[1].values).all(|(found, stored)| *found == stored * 0.375));
}

#[test]
fn fused_modules_are_split() {
    let base = base("phi 3");
    let tensors = pair("1.self_attn.qkv_proj", 64, 256);
    let adapter = open(&base, config(), &tensors).unwrap();
    assert_eq!(adapter.tensors().count(), 3);
    let value = adapter.factors(1, LayerTensor::Value).unwrap();
    assert_eq!(value.b.rows, 64);
    assert_close(&row(&value.b, 3), &tensors[1].values[(128 + 64 + 3) * RANK..][..RANK], 4.0);
}

#[test]
fn what_does_not_fit_the_model_is_refused() {
    let base = base("qwen 2");
    let good = pair("0.self_attn.q_proj", 64, 128);
    let refuse = |config, tensors: &[Tensor]| open(&base, config, tensors).map(drop).unwrap_err().to_string();
    assert!(refuse(config(), &pair("2.self_attn.q_proj", 64, 128)).contains("belongs to no matrix"));
    assert!(refuse(config(), &pair("0.self_attn.x_proj", 64, 128)).contains("belongs to no matrix"));
    assert!(refuse(config(), &pair("0.self_attn.q_proj", 32, 128)).contains("shape"));
    assert!(refuse(config(), &good[..1]).contains("lora_B.weight is missing"));
    assert!(refuse(config(), &good[1..]).contains("lora_A.weight is missing"));
    assert!(refuse(config(), &[]).contains("no LoRA matrices"));
    let several = [pair("0.self_attn.q_proj", 64, 128), pair("0.self_attn.qkv_proj", 64, 256)].concat();
    assert!(refuse(config(), &several).contains("several tensors adapt"));
    let magnitude = tensor("base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector", &[128]);
    assert!(refuse(config(), &[good.to_vec(), vec![magnitude]].concat()).contains("lora_magnitude_vector"));
    let convolution = [tensor(&good[0].name, &[RANK, 64, 1, 1]), good[1].clone()];
    assert!(refuse(config(), &convolution).contains("shape"));
    for (at, bad) in [(0, f32::NAN), (1, f32::INFINITY), (1, 3e38)] {
        let mut tensors = good.clone();
        tensors[at].values[7 * RANK + 2] = bad;
        let error = refuse(config(), &tensors);
        assert!(error.contains("not finite") && error.contains(&tensors[at].name), "{error}");
    }
    for (field, value) in [
        ("r", 0.into()),
        ("r", 1025.into()),
        ("lora_alpha", (-1).into()),
        ("use_dora", true.into()),
        ("bias", "all".into()),
        ("peft_type", "IA3".into()),
        ("fan_in_fan_out", true.into()),
        ("modules_to_save", serde_json::json!(["lm_head"])),
        ("rank_pattern", serde_json::json!({"q_proj": 4})),
        ("lora_bias", true.into()),
        ("init_lora_weights", "pissa_niter_16".into()),
        ("init_lora_weights", "olora".into()),
        ("init_lora_weights", "loftq".into()),
        ("target_parameters", serde_json::json!(["mlp.experts"])),
    ] {
        let mut config = config();
        config[field] = value;
        assert!(refuse(config, &good).contains(field));
    }
}

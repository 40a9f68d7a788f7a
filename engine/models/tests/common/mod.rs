//! Writers of small model files.
#![allow(dead_code, reason = "each test uses a part")]

pub mod families;
pub mod gguf;

use half::{bf16, f16};

/// A tensor as f32; shape rows first.
#[derive(Clone)]
pub struct Tensor {
    pub name: String,
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// Numbers that f16 and bf16 hold exactly, so that all three types mean the same.
pub fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..count).map(|_| ((next() >> 33) % 255) as f32 / 128.0 * 0.125 - 0.124).map(exact).collect()
}

fn exact(value: f32) -> f32 {
    let rounded = bf16::from_f32(value).to_f32();
    assert_eq!(f16::from_f32(rounded).to_f32(), rounded);
    rounded
}

pub fn tensor(name: &str, shape: &[usize]) -> Tensor {
    let seed = name.bytes().fold(7u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    Tensor { name: name.to_owned(), shape: shape.to_vec(), values: numbers(seed, shape.iter().product()) }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Type {
    F32,
    F16,
    Bf16,
}

pub fn encode(values: &[f32], kind: Type) -> Vec<u8> {
    match kind {
        Type::F32 => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Type::F16 => values.iter().flat_map(|value| f16::from_f32(*value).to_le_bytes()).collect(),
        Type::Bf16 => values.iter().flat_map(|value| bf16::from_f32(*value).to_le_bytes()).collect(),
    }
}

pub fn safetensors(tensors: &[Tensor], kind: Type) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for tensor in tensors {
        let start = data.len();
        data.extend(encode(&tensor.values, kind));
        let kind = match kind {
            Type::F32 => "F32",
            Type::F16 => "F16",
            Type::Bf16 => "BF16",
        };
        header.insert(
            tensor.name.clone(),
            serde_json::json!({"dtype": kind, "shape": tensor.shape, "data_offsets": [start, data.len()]}),
        );
    }
    let header = serde_json::Value::Object(header).to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

//! Writes GGUF version 3.

use super::{encode, Tensor, Type};

#[derive(Clone)]
pub enum Value {
    U32(u32),
    F32(f32),
    Bool(bool),
    String(String),
    Strings(Vec<String>),
    Integers(Vec<i32>),
    Floats(Vec<f32>),
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::U32(value)
    }
}

impl From<f32> for Value {
    fn from(value: f32) -> Self {
        Self::F32(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

/// A tensor as it stands in the file; shape rows first.
#[derive(Clone)]
pub struct Stored {
    pub name: String,
    pub shape: Vec<usize>,
    pub kind: u32,
    pub bytes: Vec<u8>,
}

impl Stored {
    pub fn new(tensor: &Tensor, kind: Type) -> Self {
        // Vectors are f32 in every file.
        let kind = if tensor.shape.len() == 1 { Type::F32 } else { kind };
        let number = match kind {
            Type::F32 => 0,
            Type::F16 => 1,
            Type::Bf16 => 30,
        };
        let (name, shape) = (tensor.name.clone(), tensor.shape.clone());
        Self { name, shape, kind: number, bytes: encode(&tensor.values, kind) }
    }
}

fn string(bytes: &mut Vec<u8>, string: &str) {
    bytes.extend((string.len() as u64).to_le_bytes());
    bytes.extend(string.as_bytes());
}

pub fn write(metadata: &[(String, Value)], tensors: &[Stored]) -> Vec<u8> {
    let mut file = b"GGUF\x03\0\0\0".to_vec();
    file.extend((tensors.len() as u64).to_le_bytes());
    file.extend((metadata.len() as u64).to_le_bytes());
    for (key, value) in metadata {
        string(&mut file, key);
        match value {
            Value::U32(value) => {
                file.extend(4u32.to_le_bytes());
                file.extend(value.to_le_bytes());
            }
            Value::F32(value) => {
                file.extend(6u32.to_le_bytes());
                file.extend(value.to_le_bytes());
            }
            Value::Bool(value) => {
                file.extend(7u32.to_le_bytes());
                file.push(u8::from(*value));
            }
            Value::String(value) => {
                file.extend(8u32.to_le_bytes());
                string(&mut file, value);
            }
            Value::Strings(values) => {
                file.extend(9u32.to_le_bytes());
                file.extend(8u32.to_le_bytes());
                file.extend((values.len() as u64).to_le_bytes());
                for value in values {
                    string(&mut file, value);
                }
            }
            Value::Integers(values) => {
                file.extend(9u32.to_le_bytes());
                file.extend(5u32.to_le_bytes());
                file.extend((values.len() as u64).to_le_bytes());
                file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }
            Value::Floats(values) => {
                file.extend(9u32.to_le_bytes());
                file.extend(6u32.to_le_bytes());
                file.extend((values.len() as u64).to_le_bytes());
                file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }
        }
    }
    let mut offset = 0u64;
    for tensor in tensors {
        string(&mut file, &tensor.name);
        file.extend((tensor.shape.len() as u32).to_le_bytes());
        for size in tensor.shape.iter().rev() {
            file.extend((*size as u64).to_le_bytes());
        }
        file.extend(tensor.kind.to_le_bytes());
        file.extend(offset.to_le_bytes());
        offset += (tensor.bytes.len() as u64).next_multiple_of(32);
    }
    for tensor in tensors {
        file.resize(file.len().next_multiple_of(32), 0);
        file.extend(&tensor.bytes);
    }
    file
}

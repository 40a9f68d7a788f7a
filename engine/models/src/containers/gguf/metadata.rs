//! Typed metadata of a GGUF file.

use std::collections::HashMap;

use crate::error::ModelError;

/// A value.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the variants are the types of the format")]
pub enum Value {
    U8(u8),
    I8(i8),
    U16(u16),
    I16(i16),
    U32(u32),
    I32(i32),
    F32(f32),
    Bool(bool),
    String(String),
    Array(Array),
    U64(u64),
    I64(i64),
    F64(f64),
}

/// An array; its elements are of one type and no arrays themselves.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the variants are the types of the format")]
pub enum Array {
    U8(Vec<u8>),
    I8(Vec<i8>),
    U16(Vec<u16>),
    I16(Vec<i16>),
    U32(Vec<u32>),
    I32(Vec<i32>),
    F32(Vec<f32>),
    Bool(Vec<bool>),
    String(Vec<String>),
    U64(Vec<u64>),
    I64(Vec<i64>),
    F64(Vec<f64>),
}

impl Array {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(items) => items.len(),
            Self::I8(items) => items.len(),
            Self::U16(items) => items.len(),
            Self::I16(items) => items.len(),
            Self::U32(items) => items.len(),
            Self::I32(items) => items.len(),
            Self::F32(items) => items.len(),
            Self::Bool(items) => items.len(),
            Self::String(items) => items.len(),
            Self::U64(items) => items.len(),
            Self::I64(items) => items.len(),
            Self::F64(items) => items.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Metadata by key. The accessors give `None` for a missing key and an error for a value of another type.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    pub(super) file: String,
    pub(super) values: HashMap<String, Value>,
}

impl Metadata {
    /// Name of the file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// All keys, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// An integer of any width that is not negative.
    pub fn unsigned(&self, key: &str) -> Result<Option<u64>, ModelError> {
        let number = |value: &Value| match value {
            Value::U8(number) => Some(u64::from(*number)),
            Value::U16(number) => Some(u64::from(*number)),
            Value::U32(number) => Some(u64::from(*number)),
            Value::U64(number) => Some(*number),
            Value::I8(number) => u64::try_from(*number).ok(),
            Value::I16(number) => u64::try_from(*number).ok(),
            Value::I32(number) => u64::try_from(*number).ok(),
            Value::I64(number) => u64::try_from(*number).ok(),
            _ => None,
        };
        self.typed(key, "an integer from 0 on", number)
    }

    /// A number of 32 or 64 bits.
    pub fn float(&self, key: &str) -> Result<Option<f64>, ModelError> {
        let number = |value: &Value| match value {
            Value::F32(number) => Some(f64::from(*number)),
            Value::F64(number) => Some(*number),
            _ => None,
        };
        self.typed(key, "a floating-point number", number)
    }

    /// A truth value.
    pub fn boolean(&self, key: &str) -> Result<Option<bool>, ModelError> {
        let truth = |value: &Value| match value {
            Value::Bool(truth) => Some(*truth),
            _ => None,
        };
        self.typed(key, "a truth value", truth)
    }

    /// A string.
    pub fn string(&self, key: &str) -> Result<Option<&str>, ModelError> {
        self.typed(key, "a string", |value| match value {
            Value::String(string) => Some(string.as_str()),
            _ => None,
        })
    }

    /// An array of strings.
    pub fn strings(&self, key: &str) -> Result<Option<&[String]>, ModelError> {
        self.typed(key, "an array of strings", |value| match value {
            Value::Array(Array::String(items)) => Some(items.as_slice()),
            _ => None,
        })
    }

    /// An array of f32.
    pub fn floats(&self, key: &str) -> Result<Option<&[f32]>, ModelError> {
        self.typed(key, "an array of f32", |value| match value {
            Value::Array(Array::F32(items)) => Some(items.as_slice()),
            _ => None,
        })
    }

    /// An array of integers of any width.
    pub fn integers(&self, key: &str) -> Result<Option<Vec<i64>>, ModelError> {
        let integers = |value: &Value| match value {
            Value::Array(Array::U8(items)) => Some(items.iter().map(|item| i64::from(*item)).collect()),
            Value::Array(Array::I8(items)) => Some(items.iter().map(|item| i64::from(*item)).collect()),
            Value::Array(Array::U16(items)) => Some(items.iter().map(|item| i64::from(*item)).collect()),
            Value::Array(Array::I16(items)) => Some(items.iter().map(|item| i64::from(*item)).collect()),
            Value::Array(Array::U32(items)) => Some(items.iter().map(|item| i64::from(*item)).collect()),
            Value::Array(Array::I32(items)) => Some(items.iter().map(|item| i64::from(*item)).collect()),
            Value::Array(Array::I64(items)) => Some(items.clone()),
            Value::Array(Array::U64(items)) => items.iter().map(|item| i64::try_from(*item).ok()).collect(),
            _ => None,
        };
        self.typed(key, "an array of integers", integers)
    }

    fn typed<'a, T>(
        &'a self,
        key: &str,
        expected: &str,
        convert: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ModelError> {
        let Some(value) = self.values.get(key) else { return Ok(None) };
        match convert(value) {
            Some(value) => Ok(Some(value)),
            None => Err(ModelError::malformed(&self.file, format!("{key} is not {expected}"))),
        }
    }
}

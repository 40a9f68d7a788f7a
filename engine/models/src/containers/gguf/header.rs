//! Parses the header of a GGUF file.

use std::collections::HashMap;
use std::io::{BufReader, Read};

use super::metadata::{Array, Metadata, Value};
use crate::containers::source::{Source, SourceReader};
use crate::error::ModelError;

/// Longest accepted header: metadata with the vocabulary, and the directory.
pub const HEADER_LIMIT: u64 = 128 << 20;
/// Most metadata entries.
pub const ENTRY_LIMIT: u64 = 1 << 14;
/// Most elements of an array.
pub const ARRAY_LIMIT: u64 = 1 << 21;
/// Longest string; chat templates are the longest that occur.
pub const STRING_LIMIT: u64 = 1 << 20;
/// Most tensors.
pub const TENSOR_LIMIT: u64 = 1 << 16;
/// Dimensions of a tensor at most.
const DIMENSION_LIMIT: u32 = 4;

pub(super) struct Header {
    pub metadata: Metadata,
    pub tensors: Vec<TensorInfo>,
    /// Where the data begin.
    pub data: u64,
}

pub(super) struct TensorInfo {
    pub name: String,
    /// Rows first; the file has them last.
    pub shape: Vec<usize>,
    pub kind: u32,
    pub offset: u64,
}

pub(super) fn read(source: &Source) -> Result<Header, ModelError> {
    let mut parser = Parser {
        reader: BufReader::with_capacity(1 << 16, source.reader()),
        file: source.name(),
        position: 0,
        end: source.len().min(HEADER_LIMIT),
        length: source.len(),
    };
    if parser.array::<4>()? != *b"GGUF" {
        return Err(parser.malformed("it does not begin with GGUF"));
    }
    let version = parser.u32()?;
    if !(2..=3).contains(&version) {
        return Err(parser.malformed(format!("version {version}, 2 and 3 are read")));
    }
    let tensor_count = parser.count("tensors", TENSOR_LIMIT, 24)?;
    let entry_count = parser.count("metadata entries", ENTRY_LIMIT, 13)?;
    let mut values = HashMap::with_capacity(entry_count);
    for _ in 0..entry_count {
        let key = parser.string()?;
        let kind = parser.u32()?;
        let value = parser.value(kind)?;
        if values.insert(key.clone(), value).is_some() {
            return Err(parser.malformed(format!("{key} occurs twice")));
        }
    }
    let mut tensors = Vec::with_capacity(tensor_count);
    let mut names = std::collections::HashSet::with_capacity(tensor_count);
    for _ in 0..tensor_count {
        let tensor = parser.tensor()?;
        if !names.insert(tensor.name.clone()) {
            return Err(parser.malformed(format!("tensor {} occurs twice", tensor.name)));
        }
        tensors.push(tensor);
    }
    let metadata = Metadata { file: source.name().to_owned(), values };
    let alignment = metadata.unsigned("general.alignment")?.unwrap_or(32);
    if !alignment.is_power_of_two() || alignment > 1 << 16 {
        return Err(parser.malformed(format!("general.alignment is {alignment}, expected a power of two up to 65536")));
    }
    // Both are far below 2^63.
    let data = parser.position.next_multiple_of(alignment);
    Ok(Header { metadata, tensors, data })
}

struct Parser<'a> {
    reader: BufReader<SourceReader<'a>>,
    file: &'a str,
    position: u64,
    /// No byte from here on is read: the end of the file or of what a header may have.
    end: u64,
    length: u64,
}

impl Parser<'_> {
    fn malformed(&self, reason: impl Into<String>) -> ModelError {
        ModelError::malformed(self.file, reason)
    }

    /// Accounts for `count` bytes that are about to be read.
    fn advance(&mut self, count: u64) -> Result<(), ModelError> {
        match self.position.checked_add(count).filter(|position| *position <= self.end) {
            Some(position) => {
                self.position = position;
                Ok(())
            }
            None if self.end < self.length => Err(ModelError::FileTooLarge {
                file: self.file.to_owned(),
                found: self.position.saturating_add(count),
                limit: self.end,
            }),
            None => Err(self.malformed(format!("the header ends at byte {}", self.end))),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ModelError> {
        self.advance(N as u64)?;
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes).map_err(ModelError::unreadable(self.file))?;
        Ok(bytes)
    }

    fn u32(&mut self) -> Result<u32, ModelError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, ModelError> {
        self.array().map(u64::from_le_bytes)
    }

    fn boolean(&mut self) -> Result<bool, ModelError> {
        match self.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(self.malformed(format!("a truth value is {other}"))),
        }
    }

    /// A count of things that take at least `least` bytes each, so that the file bounds it too.
    fn count(&mut self, what: &str, limit: u64, least: u64) -> Result<usize, ModelError> {
        let count = self.u64()?;
        let room = (self.end - self.position) / least;
        if count > limit.min(room) {
            return Err(self.malformed(format!("{count} {what}, at most {limit} are accepted and {room} would fit")));
        }
        Ok(count as usize)
    }

    fn string(&mut self) -> Result<String, ModelError> {
        let length = self.count("bytes of a string", STRING_LIMIT, 1)?;
        self.advance(length as u64)?;
        let mut bytes = vec![0; length];
        self.reader.read_exact(&mut bytes).map_err(ModelError::unreadable(self.file))?;
        String::from_utf8(bytes).map_err(|_| self.malformed("a string is not UTF-8"))
    }

    fn value(&mut self, kind: u32) -> Result<Value, ModelError> {
        Ok(match kind {
            0 => Value::U8(u8::from_le_bytes(self.array()?)),
            1 => Value::I8(i8::from_le_bytes(self.array()?)),
            2 => Value::U16(u16::from_le_bytes(self.array()?)),
            3 => Value::I16(i16::from_le_bytes(self.array()?)),
            4 => Value::U32(u32::from_le_bytes(self.array()?)),
            5 => Value::I32(i32::from_le_bytes(self.array()?)),
            6 => Value::F32(f32::from_le_bytes(self.array()?)),
            7 => Value::Bool(self.boolean()?),
            8 => Value::String(self.string()?),
            9 => Value::Array(self.items()?),
            10 => Value::U64(u64::from_le_bytes(self.array()?)),
            11 => Value::I64(i64::from_le_bytes(self.array()?)),
            12 => Value::F64(f64::from_le_bytes(self.array()?)),
            other => return Err(self.malformed(format!("a value has type {other}"))),
        })
    }

    fn items(&mut self) -> Result<Array, ModelError> {
        Ok(match self.u32()? {
            0 => Array::U8(self.many(1, |parser| parser.array().map(u8::from_le_bytes))?),
            1 => Array::I8(self.many(1, |parser| parser.array().map(i8::from_le_bytes))?),
            2 => Array::U16(self.many(2, |parser| parser.array().map(u16::from_le_bytes))?),
            3 => Array::I16(self.many(2, |parser| parser.array().map(i16::from_le_bytes))?),
            4 => Array::U32(self.many(4, |parser| parser.array().map(u32::from_le_bytes))?),
            5 => Array::I32(self.many(4, |parser| parser.array().map(i32::from_le_bytes))?),
            6 => Array::F32(self.many(4, |parser| parser.array().map(f32::from_le_bytes))?),
            7 => Array::Bool(self.many(1, |parser| parser.boolean())?),
            8 => Array::String(self.many(8, |parser| parser.string())?),
            10 => Array::U64(self.many(8, |parser| parser.array().map(u64::from_le_bytes))?),
            11 => Array::I64(self.many(8, |parser| parser.array().map(i64::from_le_bytes))?),
            12 => Array::F64(self.many(8, |parser| parser.array().map(f64::from_le_bytes))?),
            other => return Err(self.malformed(format!("an array has elements of type {other}"))),
        })
    }

    fn many<T>(&mut self, least: u64, item: impl Fn(&mut Self) -> Result<T, ModelError>) -> Result<Vec<T>, ModelError> {
        let count = self.count("elements of an array", ARRAY_LIMIT, least)?;
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn tensor(&mut self) -> Result<TensorInfo, ModelError> {
        let name = self.string()?;
        let dimensions = self.u32()?;
        if dimensions > DIMENSION_LIMIT {
            return Err(self.malformed(format!("tensor {name} has {dimensions} dimensions")));
        }
        let mut shape = Vec::new();
        for _ in 0..dimensions {
            let size = usize::try_from(self.u64()?);
            shape.push(size.map_err(|_| self.malformed(format!("tensor {name}: its shape is too large")))?);
        }
        shape.reverse();
        Ok(TensorInfo { name, shape, kind: self.u32()?, offset: self.u64()? })
    }
}

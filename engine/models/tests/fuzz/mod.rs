//! Entry functions of the fuzz targets (`fuzz/`): bytes of somebody else go in, and nothing may happen but a result or an error,
//! within a bound of memory that follows from their number. `tests/fuzz_cases.rs` replays corpora and found cases.
#![allow(dead_code, reason = "each user takes a part")]

pub mod adapter;
pub mod cache;
pub mod costly;
pub mod folder;
pub mod gguf;
pub mod memory;
pub mod replay;
pub mod safetensors;
pub mod seeds;
mod used;

/// A function over any bytes, and the memory that it may hold at once beyond what it held before.
pub struct Entry {
    /// Name of the target, of its corpus and of its found cases.
    pub name: &'static str,
    /// Everything that a user of the files does, from opening to the last byte; whether they were accepted.
    pub run: fn(&[u8]) -> bool,
    /// Bytes that any input may cost.
    pub fixed: usize,
    /// Bytes that each byte of the input may cost.
    pub factor: usize,
}

pub const ALL: [&Entry; 5] = [&gguf::ENTRY, &safetensors::ENTRY, &folder::ENTRY, &adapter::ENTRY, &cache::ENTRY];

/// Runs an entry; panics if it does or if it holds more memory than it may. Whether the input was accepted.
pub fn run(entry: &Entry, data: &[u8]) -> bool {
    let (peak, accepted) = memory::peak(|| (entry.run)(data));
    let bound = entry.fixed + entry.factor * data.len();
    assert!(peak <= bound, "{}: {peak} bytes of memory for {} bytes, bound {bound}", entry.name, data.len());
    accepted
}

/// Cuts parts off the front of an input: each is two bytes of length, and then its bytes.
pub struct Parts<'a>(pub &'a [u8]);

impl<'a> Parts<'a> {
    /// The next part; what is left if it says more than that.
    pub fn next(&mut self) -> &'a [u8] {
        let Some((length, rest)) = self.0.split_first_chunk::<2>() else { return std::mem::take(&mut self.0) };
        let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
        let (part, rest) = rest.split_at(length);
        self.0 = rest;
        part
    }

    /// The next part, if it is not empty.
    pub fn some(&mut self) -> Option<&'a [u8]> {
        Some(self.next()).filter(|part| !part.is_empty())
    }
}

/// The input from which [`Parts`] gives these; each has less than 64 KiB.
pub fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        let length = u16::try_from(part.len()).expect("a part has less than 64 KiB");
        bytes.extend(length.to_le_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

//! Header and directory of a cache file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::architecture::layout::{TensorKind, TensorShape};
use crate::canonical::matrix::{Packing, PANEL_COLUMNS};
use crate::canonical::merkle::{plain, Hash};
use crate::canonical::panels::panel_bytes;

/// Version of the file and of the panels' layout.
pub(super) const VERSION: u32 = 2;

const MAGIC: &[u8; 8] = b"STRKPANL";
/// Magic, version, number of tensors, bytes up to the data, weights root, fingerprint, hash of the directory, hash of all
/// before.
const HEADER: usize = 8 + 4 + 4 + 8 + 32 + 32 + 32 + 32;

/// A tensor of a cache file.
pub(super) struct Entry {
    pub shape: TensorShape,
    pub packing: Packing,
    pub offset: u64,
    pub length: u64,
    pub checksum: Hash,
}

pub(super) struct Directory {
    pub weights_root: Hash,
    pub entries: Vec<Entry>,
}

/// Bytes of a tensor's data.
pub(super) fn data_bytes(shape: &TensorShape, packing: Packing) -> u64 {
    match shape.kind {
        TensorKind::Vector => 4 * shape.columns as u64,
        TensorKind::Matrix => (shape.rows.div_ceil(PANEL_COLUMNS) * panel_bytes(shape.columns, packing)) as u64,
    }
}

/// Where the data begin.
pub(super) fn header_bytes(layout: &[TensorShape]) -> u64 {
    let entries: usize = layout.iter().map(|shape| 2 + shape.name.to_string().len() + 2 + 4 * 8 + 32).sum();
    ((HEADER + entries) as u64).next_multiple_of(64)
}

fn entry_bytes(entry: &Entry) -> Vec<u8> {
    let name = entry.shape.name.to_string();
    let mut bytes = Vec::new();
    bytes.extend((name.len() as u16).to_le_bytes());
    bytes.extend(name.as_bytes());
    bytes.push(match entry.shape.kind {
        TensorKind::Matrix => 0,
        TensorKind::Vector => 1,
    });
    bytes.push(match entry.packing {
        Packing::Q8 => 0,
        Packing::Q4 => 1,
    });
    for number in [entry.shape.rows as u64, entry.shape.columns as u64, entry.offset, entry.length] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(entry.checksum);
    bytes
}

impl Directory {
    /// Writes header and directory at the start of the file.
    pub fn write(&self, file: &File, layout: &[TensorShape], fingerprint: &Hash) -> io::Result<()> {
        let start = header_bytes(layout);
        let mut directory: Vec<u8> = self.entries.iter().flat_map(entry_bytes).collect();
        directory.resize(start as usize - HEADER, 0);
        let header = header(self.entries.len(), start, &self.weights_root, fingerprint, &plain(&directory));
        file.write_all_at(&header, 0)?;
        file.write_all_at(&directory, HEADER as u64)?;
        let end = self.entries.last().map_or(start, |entry| entry.offset + entry.length);
        // Every tensor's data, the last one's too, are followed by zeros up to a multiple of 64.
        file.set_len(end.next_multiple_of(64))
    }

    /// Reads header and directory; `None` unless they are exactly what would be written for this layout and fingerprint.
    pub fn read(file: &File, length: u64, layout: &[TensorShape], fingerprint: &Hash) -> Option<Self> {
        let start = header_bytes(layout);
        if length < start {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(start).ok()?];
        file.read_exact_at(&mut bytes, 0).ok()?;
        let (found, directory) = bytes.split_at(HEADER);
        let weights_root: Hash = found[24..56].try_into().ok()?;
        if found != header(layout.len(), start, &weights_root, fingerprint, &plain(directory)) {
            return None;
        }
        let mut rest = directory;
        let mut position = start;
        let mut entries = Vec::with_capacity(layout.len());
        for shape in layout {
            // The packing and the checksum are all that the layout does not say.
            let name = 2 + shape.name.to_string().len();
            let size = name + 2 + 4 * 8 + 32;
            let (own, after) = rest.split_at_checked(size)?;
            let packing = match own[name + 1] {
                0 => Packing::Q8,
                1 if shape.kind == TensorKind::Matrix => Packing::Q4,
                _ => return None,
            };
            let checksum = own[size - 32..].try_into().ok()?;
            let entry =
                Entry { shape: *shape, packing, offset: position, length: data_bytes(shape, packing), checksum };
            if own != entry_bytes(&entry) {
                return None;
            }
            position += entry.length.next_multiple_of(64);
            entries.push(entry);
            rest = after;
        }
        (position == length).then_some(Self { weights_root, entries })
    }
}

fn header(count: usize, start: u64, weights_root: &Hash, fingerprint: &Hash, directory: &Hash) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend((count as u32).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend(weights_root);
    bytes.extend(fingerprint);
    bytes.extend(directory);
    let hash = plain(&bytes);
    bytes.extend(hash);
    bytes
}

//! safetensors: one file, or shards with an index.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path};

use safetensors::tensor::{Dtype, Metadata};
use serde::Deserialize;

use crate::containers::encoding::Encoding;
use crate::containers::source::{read_whole, Source};
use crate::containers::store::{Location, Store};
use crate::error::ModelError;

/// Name of a model in one file.
pub(crate) const WEIGHTS_FILE: &str = "model.safetensors";
/// Name of the index of a model in several files.
pub(crate) const INDEX_FILE: &str = "model.safetensors.index.json";
/// Longest accepted header, and longest accepted index. A thousand tensors need about 100 kB.
const HEADER_LIMIT: u64 = 16 << 20;
/// Most shards.
const SHARD_LIMIT: usize = 1024;

const READ: &str = "F32, F16, BF16";

/// The header of one file: its tensors by name.
type Header = Vec<(String, Result<Location, ModelError>)>;

/// Opens the tensors of a folder.
pub(crate) fn open(folder: &Path) -> Result<Store, ModelError> {
    let index = folder.join(INDEX_FILE);
    let single = folder.join(WEIGHTS_FILE);
    if single.exists() || !index.exists() {
        return single_file(Source::open(&single)?);
    }
    sharded(folder, &read_whole(&index, HEADER_LIMIT)?)
}

/// The file paths that [`open`] reads, the index first.
pub(crate) fn paths(folder: &Path) -> Result<Vec<std::path::PathBuf>, ModelError> {
    let index = folder.join(INDEX_FILE);
    let single = folder.join(WEIGHTS_FILE);
    if single.exists() || !index.exists() {
        return Ok(vec![single]);
    }
    let shards = shards(&read_whole(&index, HEADER_LIMIT)?)?;
    Ok(std::iter::once(index).chain(shards.into_keys().map(|shard| folder.join(shard))).collect())
}

/// The tensors of one file.
pub(crate) fn single_file(source: Source) -> Result<Store, ModelError> {
    let mut tensors = HashMap::new();
    for (name, location) in header(&source, 0)? {
        // Tensors of other types may lie beside those of the model.
        if let Ok(location) = location {
            tensors.insert(name, location);
        }
    }
    Ok(Store { sources: vec![source], tensors })
}

/// The tensors of one file, all of which must have a type that is read.
pub(crate) fn single_file_of_matrices(source: Source) -> Result<Store, ModelError> {
    let tensors = header(&source, 0)?.into_iter().map(|(name, location)| Ok((name, location?)));
    Ok(Store { tensors: tensors.collect::<Result<_, ModelError>>()?, sources: vec![source] })
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// Shards and the tensors that the index says are in them.
fn shards(index: &[u8]) -> Result<BTreeMap<String, Vec<String>>, ModelError> {
    let index: Index =
        serde_json::from_slice(index).map_err(|error| ModelError::malformed(INDEX_FILE, error.to_string()))?;
    let mut shards = BTreeMap::<String, Vec<String>>::new();
    for (tensor, shard) in index.weight_map {
        let mut components = Path::new(&shard).components();
        let (first, rest) = (components.next(), components.next());
        if !matches!((first, rest), (Some(Component::Normal(_)), None)) {
            return Err(ModelError::malformed(INDEX_FILE, format!("{shard:?} is no name of a file beside it")));
        }
        shards.entry(shard).or_default().push(tensor);
    }
    match shards.len() {
        1..=SHARD_LIMIT => Ok(shards),
        found => Err(ModelError::malformed(INDEX_FILE, format!("{found} files, 1 to {SHARD_LIMIT} are accepted"))),
    }
}

fn sharded(folder: &Path, index: &[u8]) -> Result<Store, ModelError> {
    let mut store = Store { sources: Vec::new(), tensors: HashMap::new() };
    for (shard, names) in shards(index)? {
        let source = Source::open(&folder.join(&shard))?;
        let mut found: HashMap<_, _> = header(&source, store.sources.len())?.into_iter().collect();
        for name in names {
            match found.remove(&name) {
                Some(Ok(location)) => drop(store.tensors.insert(name, location)),
                Some(Err(_)) => {}
                None => return Err(ModelError::MissingTensor { file: shard, tensor: name }),
            }
        }
        store.sources.push(source);
    }
    Ok(store)
}

fn header(source: &Source, index: usize) -> Result<Header, ModelError> {
    let malformed = |reason: String| ModelError::malformed(source.name(), reason);
    let mut scratch = Vec::new();
    if source.len() < 8 {
        return Err(malformed(format!("{} bytes are too few for a header length", source.len())));
    }
    let prefix = source.bytes(0, 8, &mut scratch)?;
    let length = prefix.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let rest = source.len() - 8;
    if length > rest {
        return Err(malformed(format!("the header claims {length} bytes, {rest} are there")));
    }
    if length > HEADER_LIMIT {
        return Err(ModelError::FileTooLarge { file: source.name().to_owned(), found: length, limit: HEADER_LIMIT });
    }
    let json = source.bytes(8, length as usize, &mut scratch)?;
    // Checks that the tensors follow each other and that each has the size of its shape.
    let metadata: Metadata = serde_json::from_slice(json).map_err(|error| malformed(error.to_string()))?;
    if metadata.data_len() as u64 != rest - length {
        return Err(malformed(format!(
            "the tensors end at byte {} of the data, {} bytes are there",
            metadata.data_len(),
            rest - length
        )));
    }
    let locate = |name: &str| {
        let info = metadata.info(name)?;
        let encoding = match info.dtype {
            Dtype::F32 => Encoding::F32,
            Dtype::F16 => Encoding::F16,
            Dtype::BF16 => Encoding::Bf16,
            other => {
                return Some(Err(ModelError::UnsupportedType {
                    file: source.name().to_owned(),
                    tensor: name.to_owned(),
                    found: format!("{other:?}"),
                    expected: READ,
                }))
            }
        };
        let offset = 8 + length + info.data_offsets.0 as u64;
        Some(Ok(Location { source: index, encoding, shape: info.shape.clone(), offset }))
    };
    Ok(metadata
        .offset_keys()
        .into_iter()
        .filter_map(|name| {
            let location = locate(&name)?;
            Some((name, location))
        })
        .collect())
}

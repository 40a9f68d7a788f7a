//! A damaged cache file: a byte of flags, then changes to the whole file of a small model, each four bytes of offset and one of
//! contents. By its flags the file is cut, and the hashes in it are made to fit, so that what they cover is reached too.

use std::path::PathBuf;
use std::sync::LazyLock;

use blake2b_simd::Params;
use strike_models::{CacheUse, Check, Model, OpenOptions};
use tempfile::TempDir;

use super::{seeds, used, Entry};
use crate::common::families::all;
use crate::common::gguf::{self, Stored};
use crate::common::Type;

pub const ENTRY: Entry = Entry { name: "cache", run, fixed: 16 << 20, factor: 512 };

/// Cut the file at the first change.
const CUT: u8 = 1;
/// Make the hashes of directory and header fit.
const HASHED: u8 = 2;
/// Open without a check of the data.
const UNCHECKED: u8 = 4;

/// Header: magic to fingerprint, hash of the directory, hash of the header.
const DIRECTORY_HASH: usize = 88;
const HEADER_HASH: usize = 120;
const HEADER: usize = 152;

struct World {
    folder: TempDir,
    model: PathBuf,
    /// The cache file, and what is in it.
    path: PathBuf,
    whole: Vec<u8>,
    weights_root: [u8; 32],
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let model = folder.path().join("model.gguf");
    let sample = seeds::small(&all()[0]);
    let tensors: Vec<_> = sample.gguf.iter().map(|tensor| Stored::new(tensor, Type::F16)).collect();
    std::fs::write(&model, gguf::write(&sample.metadata, &tensors)).expect("a file");
    let options = OpenOptions { cache: CacheUse::On(folder.path().join("cache")), ..OpenOptions::default() };
    let weights_root = Model::open(&model, &options).expect("the model is whole").weights_root();
    let files = std::fs::read_dir(folder.path().join("cache")).expect("a folder");
    let mut paths = files.map(|file| file.expect("a file").path());
    let path = paths.find(|path| path.extension().is_some_and(|kind| kind == "panels")).expect("a cache file");
    let whole = std::fs::read(&path).expect("a file");
    World { folder, model, path, whole, weights_root }
});

fn hash(bytes: &[u8]) -> [u8; 32] {
    let hash = Params::new().hash_length(32).hash(bytes);
    *hash.as_bytes().first_chunk().expect("32 bytes")
}

fn run(data: &[u8]) -> bool {
    let Some((flags, rest)) = data.split_first() else { return false };
    let world = &*WORLD;
    let mut contents = world.whole.clone();
    let start = u64::from_le_bytes(*contents[16..].first_chunk().expect("a header")) as usize;
    let (changes, _) = rest.as_chunks::<5>();
    let place = |change: &[u8; 5]| u32::from_le_bytes([change[0], change[1], change[2], change[3]]) as usize;
    for change in changes {
        let length = contents.len();
        contents[place(change) % length] ^= change[4];
    }
    if flags & HASHED != 0 {
        let directory = hash(&contents[HEADER..start]);
        contents[DIRECTORY_HASH..HEADER_HASH].copy_from_slice(&directory);
        let header = hash(&contents[..HEADER_HASH]);
        contents[HEADER_HASH..HEADER].copy_from_slice(&header);
    }
    if let Some(change) = changes.first().filter(|_| flags & CUT != 0) {
        contents.truncate(place(change) % (contents.len() + 1));
    }
    let same = contents == world.whole;
    // As the engine does: another file takes its place, so that nothing mapped changes.
    let other = world.folder.path().join("other");
    std::fs::write(&other, contents).expect("a file");
    std::fs::rename(&other, &world.path).expect("a file");
    let check = if flags & UNCHECKED == 0 { Check::Always } else { Check::Never };
    let cache = CacheUse::On(world.folder.path().join("cache"));
    let options = OpenOptions { cache, check, ..OpenOptions::default() };
    let model = Model::open(&world.model, &options).expect("a damaged cache file is written again");
    used::model(&model);
    // Only somebody who makes all hashes fit can have another root.
    assert!(model.weights_root() == world.weights_root || !same && flags & HASHED != 0);
    true
}

//! Replays what the fuzzing of blob messages (`scripts/fuzz.sh blobs`) keeps, within a bound of memory.

#[path = "fuzz/blobs.rs"]
mod blobs;
#[path = "../../../engine/models/tests/fuzz/memory.rs"]
mod memory;

use std::path::Path;
use strike_blobs::message::MAX_RESPONSE;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// Runs an input; panics if it takes more memory than a few answers and some for each of its own bytes.
fn run(data: &[u8]) -> bool {
    let (peak, accepted) = memory::peak(|| blobs::run(data));
    let bound = 4 * MAX_RESPONSE as usize + 64 * data.len();
    assert!(peak <= bound, "{peak} bytes of memory for {} bytes, bound {bound}", data.len());
    accepted
}

/// One test: memory is counted for the whole process.
#[test]
fn nothing_proves_itself_but_the_blob_and_every_request_is_answered_within_bounds() {
    let mut accepted = Vec::new();
    for (name, seed) in blobs::seeds() {
        if run(&seed) {
            accepted.push(name.clone());
        }
        if let Some(folder) = std::env::var_os("STRIKE_FUZZ_SEEDS") {
            let folder = Path::new(&folder).join(blobs::NAME);
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(folder.join(name), seed).expect("the seed is written");
        }
    }
    let expected = [
        "asks",
        "asks_all",
        "asks_last",
        "asks_beyond",
        "asks_unknown",
        "asks_other_kind",
        "asks_empty",
        "honest",
        "unchanged",
    ];
    assert_eq!(accepted, expected);
    for folder in ["corpus", "found"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").join(folder).join(blobs::NAME);
        let Ok(files) = std::fs::read_dir(folder) else { continue };
        for file in files {
            let path = file.expect("a file of the folder").path();
            eprintln!("{}", path.display());
            run(&std::fs::read(path).expect("the input is read"));
        }
    }
}

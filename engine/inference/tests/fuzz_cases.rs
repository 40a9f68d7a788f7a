//! Replays what the fuzzing of traces and claims (`scripts/fuzz.sh trace`) keeps, as `engine/models/tests/fuzz_cases.rs` does for
//! the files of models.

#[path = "../../models/tests/common/mod.rs"]
mod common;
#[path = "../../models/tests/fuzz/mod.rs"]
mod fuzz;
#[path = "fuzz/trace.rs"]
mod trace;

use std::path::Path;

#[global_allocator]
static ALLOCATOR: fuzz::memory::Counting = fuzz::memory::Counting;

#[test]
fn nothing_but_results_and_errors_within_the_bounds_of_memory() {
    let mut kept = 0;
    for (name, seed) in trace::seeds() {
        fuzz::run(&trace::ENTRY, &seed);
        kept += 1;
        if let Some(folder) = std::env::var_os("STRIKE_FUZZ_SEEDS") {
            let folder = Path::new(&folder).join(trace::ENTRY.name);
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(folder.join(name), seed).expect("the seed is written");
        }
    }
    assert_eq!(kept, 9);
    for folder in ["corpus", "found"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").join(folder).join(trace::ENTRY.name);
        let Ok(files) = std::fs::read_dir(folder) else { continue };
        for file in files {
            let path = file.expect("a file of the folder").path();
            eprintln!("{}", path.display());
            fuzz::run(&trace::ENTRY, &std::fs::read(path).expect("the input is read"));
        }
    }
}

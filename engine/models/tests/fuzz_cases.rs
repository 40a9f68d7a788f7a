//! Replays what the fuzzing (`scripts/fuzz.sh`) keeps: the corpora, and every input that once ended in a panic, a hang or too
//! much memory.

mod common;
mod fuzz;

use std::path::{Path, PathBuf};

use fuzz::{costly, run, seeds, Entry, ALL};

#[global_allocator]
static ALLOCATOR: fuzz::memory::Counting = fuzz::memory::Counting;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").join(name)
}

/// Runs every input of a target's folder; how many there are.
fn replay(entry: &Entry, folder: &Path) -> usize {
    let Ok(files) = std::fs::read_dir(folder) else { return 0 };
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("a file of the folder").path()).collect();
    paths.sort();
    for path in &paths {
        // A panic does not say which input it was.
        eprintln!("{}", path.display());
        run(entry, &std::fs::read(path).expect("the input is read"));
    }
    paths.len()
}

/// One test: memory is counted for the whole process.
#[test]
fn nothing_but_results_and_errors_within_the_bounds_of_memory() {
    let written = std::env::var_os("STRIKE_FUZZ_SEEDS").map(PathBuf::from);
    for seed in seeds::seeds() {
        let entry = ALL.into_iter().find(|entry| entry.name == seed.entry).expect("the entry exists");
        assert!(run(entry, &seed.contents), "{} {}: the seed is refused", seed.entry, seed.name);
        if let Some(folder) = &written {
            let folder = folder.join(seed.entry);
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(folder.join(&seed.name), &seed.contents).expect("the seed is written");
        }
    }
    for length in [1 << 12, 1 << 16, 1 << 18] {
        for (name, input) in costly::inputs(length) {
            let entry = ALL.into_iter().find(|entry| entry.name == name).expect("the entry exists");
            run(entry, &input);
        }
    }
    for entry in ALL {
        let kept = replay(entry, &folder("corpus").join(entry.name));
        assert!(kept > 0, "{} has a corpus", entry.name);
        replay(entry, &folder("found").join(entry.name));
    }
}

//! Replays what the fuzzing keeps, and what it begins with.

use std::path::{Path, PathBuf};

use super::seeds::Seed;
use super::{run, Entry};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz").join(name)
}

/// Runs every input of a target's folder; how many there are.
fn replay_folder(entry: &Entry, folder: &Path) -> usize {
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

/// Runs seeds, each of which must be accepted, then inputs that cost much memory, then the corpora and the found cases of all
/// entries. With `STRIKE_FUZZ_SEEDS` the seeds are written there.
pub fn replay(all: &[&Entry], seeds: Vec<Seed>, costly: impl Fn(usize) -> Vec<(&'static str, Vec<u8>)>) {
    let entry = |name: &str| all.iter().find(|entry| entry.name == name).expect("the entry exists");
    let written = std::env::var_os("STRIKE_FUZZ_SEEDS").map(PathBuf::from);
    for seed in seeds {
        assert!(run(entry(seed.entry), &seed.contents), "{} {}: the seed is refused", seed.entry, seed.name);
        if let Some(folder) = &written {
            let folder = folder.join(seed.entry);
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(folder.join(&seed.name), &seed.contents).expect("the seed is written");
        }
    }
    for length in [1 << 12, 1 << 16, 1 << 18] {
        for (name, input) in costly(length) {
            run(entry(name), &input);
        }
    }
    for entry in all {
        let kept = replay_folder(entry, &folder("corpus").join(entry.name));
        assert!(kept > 0, "{} has a corpus", entry.name);
        replay_folder(entry, &folder("found").join(entry.name));
    }
}

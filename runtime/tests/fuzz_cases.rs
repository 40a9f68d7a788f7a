//! Replays what the fuzzing of transactions (`scripts/fuzz.sh calls`) keeps.

#[path = "fuzz/calls.rs"]
mod calls;

use std::path::Path;

#[test]
fn no_sequence_of_transactions_panics_or_breaks_an_invariant() {
    for (name, seed) in calls::seeds() {
        calls::run(&seed);
        if let Some(folder) = std::env::var_os("STRIKE_FUZZ_SEEDS") {
            let folder = Path::new(&folder).join(calls::NAME);
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(folder.join(name), seed).expect("the seed is written");
        }
    }
    for folder in ["corpus", "found"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(folder).join(calls::NAME);
        let Ok(files) = std::fs::read_dir(folder) else { continue };
        for file in files {
            let path = file.expect("a file of the folder").path();
            eprintln!("{}", path.display());
            calls::run(&std::fs::read(path).expect("the input is read"));
        }
    }
}

#[test]
fn the_seeds_do_what_they_are_named_for() {
    let succeeded: Vec<_> = calls::seeds().into_iter().map(|(name, seed)| (name, calls::run(&seed))).collect();
    // Blocks count too.
    assert_eq!(
        succeeded,
        [
            ("settled", 7),
            ("invalid", 7),
            ("late", 3),
            ("finality_lags", 7),
            ("provider_leaves", 8),
            ("transfer", 1),
            ("bare", 0),
            ("ask", 2),
        ]
    );
}

//! What decides tokens and rendered templates is built from the versions that were looked at: another one may cut a text elsewhere,
//! and nodes of two versions would find each other's results invalid.

/// Crates that decide, with their versions. Whoever changes one compares tokens and templates first, and lets all nodes change together.
const DECIDING: [(&str, &str); 16] = [
    ("tokenizers", "0.23.2"),
    ("fancy-regex", "0.17.0"),
    ("regex", "1.13.1"),
    ("regex-automata", "0.4.18"),
    ("regex-syntax", "0.8.11"),
    ("aho-corasick", "1.1.5"),
    ("daachorse", "3.0.3"),
    ("spm_precompiled", "0.1.4"),
    ("unicode-normalization-alignments", "0.1.12"),
    ("unicode-segmentation", "1.13.3"),
    ("unicode_categories", "0.1.1"),
    ("minijinja", "2.24.0"),
    ("minijinja-contrib", "2.24.0"),
    ("chrono", "0.4.45"),
    ("llguidance", "1.9.1"),
    ("derivre", "0.3.13"),
];

#[test]
fn what_decides_tokens_has_the_versions_that_were_looked_at() {
    let lock = include_str!("../../../Cargo.lock");
    for (name, version) in DECIDING {
        let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        assert!(lock.contains(&entry), "{name} is not {version} in Cargo.lock");
    }
}

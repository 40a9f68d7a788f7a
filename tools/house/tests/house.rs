//! The workspace is as its layout says, and each rule can fail.

use std::{collections::BTreeSet, fs, path::Path};
use strike_house::{
    crates::{self, Crate, Kind, Violation},
    lengths::too_long,
    modules::{circles, circles_of, imports, Imports},
};

/// Sources above the limit, and why each stays whole.
const LONG: [(&str, &str); 0] = [];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn workspace() -> Vec<Crate> {
    crates::workspace(root()).expect("cargo tells")
}

/// What a dependency that is added breaks.
fn planted(from: &str, to: &str) -> Vec<Violation> {
    let mut crates = workspace();
    let it = crates.iter_mut().find(|it| it.name == from).expect("the crate is there");
    it.dependencies.push((to.into(), Kind::Normal));
    crates::violations(&crates)
}

#[test]
fn no_crate_depends_on_what_it_must_not() {
    let found: Vec<String> = crates::violations(&workspace()).iter().map(Violation::to_string).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn each_forbidden_dependency_is_found() {
    let cases = [
        // The engine and the chain.
        ("strike-inference", "strike-primitives"),
        ("strike-models", "pallet-market"),
        ("strike-inference", "sp-core"),
        ("strike-arithmetic", "strike-primitives"),
        // Pallets among each other.
        ("pallet-market", "pallet-providers"),
        ("pallet-verification", "pallet-market"),
        ("strike-primitives", "pallet-finality"),
        // The SDK and the node.
        ("strike-chain", "strike-node"),
        ("strike-localnet", "sc-client-api"),
        ("strike-chain", "strike-worker"),
        // What runs inside a node and the command.
        ("strike-worker", "strike-cli"),
        ("strike-blobs", "strike-chain"),
        ("strike-node", "strike-cli"),
        ("strike-cli", "strike-rpc"),
        ("strike-rpc", "pallet-market"),
    ];
    for (from, to) in cases {
        let found = planted(from, to);
        assert!(found.iter().any(|it| it.from == from && it.to == to), "{from} on {to} is not found: {found:?}");
    }
}

#[test]
fn a_crate_outside_of_the_layout_is_found() {
    let mut crates = workspace();
    crates.push(Crate { name: "stray".into(), folder: "stray".into(), dependencies: Vec::new() });
    assert_eq!(crates::violations(&crates).len(), 1);
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut found = Vec::new();
    for it in workspace() {
        let circles = circles_of(&root().join(&it.folder)).expect("the crate is read");
        found.extend(circles.into_iter().map(|(_, circle)| format!("{}: {}", it.name, circle.join(", "))));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Imports of a crate made of these files.
fn crate_of(files: &[(&str, &str)]) -> Imports {
    let folder = std::env::temp_dir().join(format!("strike-house-{}-{}", std::process::id(), files.len()));
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        fs::write(path, text).expect("the file is written");
    }
    let imports = imports(&folder.join("lib.rs")).expect("the crate is read");
    fs::remove_dir_all(folder).expect("the folder goes");
    imports
}

#[test]
fn circles_are_found_through_faces_paths_and_modules_in_scope() {
    let found = circles(&crate_of(&[
        ("lib.rs", "mod a; mod b; pub use a::A; mod apart;"),
        // By a face: the name is defined in `a.rs`.
        ("b.rs", "use crate::A; pub struct B(A);"),
        // By a path, and inside of a body.
        ("a.rs", "pub struct A; fn f() { let _ = crate::b::B; }"),
        ("apart.rs", "pub struct C;"),
    ]));
    assert_eq!(found, vec![vec!["a.rs".to_owned(), "b.rs".to_owned()]]);
    let imports = crate_of(&[
        ("lib.rs", "pub mod deep; mod user;"),
        ("deep/mod.rs", "mod inner; pub use inner::*; pub const LIMIT: u32 = 1;"),
        ("deep/inner.rs", "use super::LIMIT; pub struct Inner;"),
        ("user.rs", "use crate::deep; fn f() { let _ = deep::Inner; }"),
        ("tests.rs", "use crate::nothing;"),
    ]);
    // The face hands on what is inside of it without importing it; whoever uses a name imports the file that defines it.
    let expect = |file: &str, imported: &[&str]| {
        assert_eq!(imports[file], imported.iter().map(|it| it.to_string()).collect::<BTreeSet<_>>(), "{file}");
    };
    expect("deep/mod.rs", &[]);
    expect("deep/inner.rs", &["deep/mod.rs"]);
    expect("user.rs", &["deep/inner.rs"]);
    assert!(circles(&imports).is_empty());
}

#[test]
fn no_source_is_too_long_but_those_with_a_reason() {
    let found = too_long(root()).expect("the sources are read");
    let unknown: Vec<_> = found.iter().filter(|(path, _)| !LONG.iter().any(|(known, _)| known == path)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(LONG.len() <= 3 && found.len() == LONG.len(), "each exception is needed, and there are few: {found:?}");
}

//! Which wing may depend on which.

use serde::Deserialize;
use std::{fmt, path::Path, process::Command};

/// A part of the house with rules of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wing {
    /// The frozen arithmetic, below everything.
    Arithmetic,
    /// Types, hashes and the pallets' traits.
    Primitives,
    /// One pallet.
    Pallet,
    /// The traits' fakes, for the pallets' tests.
    Fakes,
    /// Tests over all pallets together.
    PalletTests,
    /// The pallets wired together, and its Wasm.
    Runtime,
    /// Models and inference: computes, knows no chain.
    Engine,
    /// What runs inside a node.
    Client,
    /// For programs without a node.
    Sdk,
    /// The program `strike-node`.
    Node,
    /// The program `strike`.
    Cli,
    /// Tests on networks of processes.
    EndToEnd,
    /// What is run by hand, or holds the house.
    Tools,
}

/// Kind of a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of the crate itself, or of its build script.
    Normal,
    /// Of its tests alone.
    Test,
}

/// A crate of the workspace.
#[derive(Clone, Debug)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its folder below the workspace's, such as `engine/models`.
    pub folder: String,
    /// What it depends on, by name.
    pub dependencies: Vec<(String, Kind)>,
}

/// A dependency that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The crate that depends.
    pub from: String,
    /// What it depends on.
    pub to: String,
    /// The rule.
    pub rule: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} must not depend on {}: {}", self.from, self.to, self.rule)
    }
}

/// The wing of a folder, or none if it belongs to no wing.
pub fn wing(folder: &str) -> Option<Wing> {
    let top = folder.split('/').next().unwrap_or_default();
    Some(match (top, folder) {
        (_, "primitives/arithmetic") => Wing::Arithmetic,
        ("primitives", _) => Wing::Primitives,
        (_, "pallets/fakes") => Wing::Fakes,
        (_, "pallets/integration-tests") => Wing::PalletTests,
        ("pallets", _) => Wing::Pallet,
        ("runtime", _) => Wing::Runtime,
        ("engine", _) => Wing::Engine,
        ("client", _) => Wing::Client,
        ("sdk", _) => Wing::Sdk,
        ("node", _) => Wing::Node,
        ("cli", _) => Wing::Cli,
        ("e2e", _) => Wing::EndToEnd,
        ("tools", _) => Wing::Tools,
        _ => return None,
    })
}

/// Whether crates of wing `from` may depend on crates of wing `to`, and the rule that says so.
fn rule(from: Wing, to: Wing, kind: Kind) -> (bool, &'static str) {
    use Wing::*;
    match from {
        Arithmetic => (false, "the frozen arithmetic depends on nothing of ours"),
        Primitives => (to == Arithmetic, "primitives lie below everything but the arithmetic"),
        Pallet => (
            matches!(to, Arithmetic | Primitives) || (to == Fakes && kind == Kind::Test),
            "a pallet knows primitives alone, other pallets by the traits there",
        ),
        Fakes => (matches!(to, Arithmetic | Primitives), "fakes stand in for pallets and know none"),
        PalletTests => (matches!(to, Arithmetic | Primitives | Pallet), "tests over the pallets know pallets alone"),
        Runtime => (matches!(to, Arithmetic | Primitives | Pallet | Runtime), "the runtime wires pallets together"),
        Engine => (matches!(to, Arithmetic | Engine), "the engine computes and knows no chain"),
        Client => (
            matches!(to, Arithmetic | Primitives | Engine | Client),
            "what runs inside a node knows the chain by primitives alone, and no program",
        ),
        Sdk => (matches!(to, Arithmetic | Primitives | Engine | Sdk), "the SDK is for programs without a node"),
        Node => (
            matches!(to, Arithmetic | Primitives | Runtime | Engine | Client),
            "the node knows neither the command nor the SDK",
        ),
        Cli => (matches!(to, Arithmetic | Primitives | Engine | Sdk), "the command is a program without a node"),
        EndToEnd => (to != Tools, "tests of the programs need no tools"),
        Tools => (matches!(to, Arithmetic | Primitives | Engine), "tools stand beside the house"),
    }
}

/// Prefixes of crates of the SDK that a wing must not depend on.
fn foreign(from: Wing) -> (&'static [&'static str], &'static str) {
    match from {
        Wing::Arithmetic | Wing::Engine => {
            (&["sc-", "sp-", "frame-", "pallet-", "subxt"], "the engine computes and knows no chain")
        }
        Wing::Sdk | Wing::Cli => (&["sc-", "frame-", "pallet-"], "programs without a node link no part of a node"),
        Wing::Primitives | Wing::Pallet | Wing::Fakes | Wing::PalletTests | Wing::Runtime => {
            (&["sc-", "subxt"], "what runs on chain links no part of a node")
        }
        Wing::Client => (&["frame-", "pallet-"], "what runs inside a node knows the chain by primitives alone"),
        Wing::Node | Wing::EndToEnd | Wing::Tools => (&[], ""),
    }
}

/// All dependencies that must not be, and crates in no wing.
pub fn violations(crates: &[Crate]) -> Vec<Violation> {
    let folder_of = |name: &str| crates.iter().find(|it| it.name == name).map(|it| it.folder.as_str());
    let mut found = Vec::new();
    for it in crates {
        let Some(from) = wing(&it.folder) else {
            let (from, to) = (it.name.clone(), it.folder.clone());
            found.push(Violation { from, to, rule: "each crate lies in a wing" });
            continue;
        };
        for (name, kind) in &it.dependencies {
            let mut report = |rule| found.push(Violation { from: it.name.clone(), to: name.clone(), rule });
            match folder_of(name).map(wing) {
                Some(Some(to)) => {
                    let (allowed, rule) = rule(from, to, *kind);
                    if !allowed {
                        report(rule);
                    }
                }
                Some(None) => report("each crate lies in a wing"),
                None => {
                    let (prefixes, rule) = foreign(from);
                    if prefixes.iter().any(|prefix| name.starts_with(prefix)) {
                        report(rule);
                    }
                }
            }
        }
    }
    found
}

/// What `cargo metadata` says, as far as it is read.
#[derive(Deserialize)]
struct Metadata {
    workspace_root: String,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    /// Where it lies, if it is of the workspace.
    path: Option<String>,
}

/// The crates of the workspace at `root`. Fails where cargo does.
pub fn workspace(root: &Path) -> Result<Vec<Crate>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output = Command::new(cargo).args(arguments).current_dir(root).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let folder = |manifest: &str| {
        let folder = Path::new(manifest).parent().and_then(|folder| folder.strip_prefix(&metadata.workspace_root).ok());
        folder.map(|folder| folder.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let names: Vec<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let is_ours = |it: &Dependency| it.path.is_some() || !names.contains(&it.name.as_str());
    let kind = |it: &Dependency| if it.kind.as_deref() == Some("dev") { Kind::Test } else { Kind::Normal };
    Ok(metadata
        .packages
        .iter()
        .map(|package| Crate {
            name: package.name.clone(),
            folder: folder(&package.manifest_path),
            // What a patch of the workspace stands in for is asked for as any crate of the registry, and is none of the workspace's.
            dependencies: package
                .dependencies
                .iter()
                .filter(|it| is_ours(it))
                .map(|it| (it.name.clone(), kind(it)))
                .collect(),
        })
        .collect())
}

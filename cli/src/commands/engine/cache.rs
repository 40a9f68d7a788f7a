//! `strike engine cache`: the imported models that are kept.

use crate::{
    commands::model::size,
    error::{Error, Result},
    output,
};
use serde::Serialize;
use std::path::{Path, PathBuf};
use strike_inference::exact::{cache_entries, default_cache_folder, CacheEntry, CacheState};

/// What is to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    Nothing,
    /// What is of no use.
    Useless,
    /// All but what an import writes to.
    All,
}

impl Removal {
    fn takes(self, entry: &CacheEntry) -> bool {
        match self {
            Self::Nothing => false,
            Self::Useless => entry.is_useless(),
            Self::All => entry.state != CacheState::Importing,
        }
    }
}

/// The folder as JSON.
#[derive(Serialize)]
struct View {
    folder: PathBuf,
    files: Vec<FileView>,
    /// Bytes of the files that are left.
    bytes: u64,
    /// Bytes of those that were removed.
    removed_bytes: u64,
}

/// A file as JSON.
#[derive(Serialize)]
struct FileView {
    path: String,
    bytes: u64,
    /// current, outdated, sources_missing, sources_unknown, importing or abandoned.
    state: &'static str,
    /// The model's files.
    sources: Vec<String>,
    removed: bool,
}

pub fn run(folder: Option<PathBuf>, removal: Removal, json: bool) -> Result<()> {
    let folder = folder.or_else(default_cache_folder).ok_or_else(|| {
        Error::new("CacheMissing", "no folder is set for imported models, and there is no home folder")
            .hint("name one: STRIKE_CACHE or --folder")
    })?;
    let view = view(&folder, removal)?;
    if json {
        return output::json(&view);
    }
    output::line(text(&view));
    Ok(())
}

fn view(folder: &Path, removal: Removal) -> Result<View> {
    let unreadable = |error: std::io::Error| Error::new("CacheUnreadable", format!("{}: {error}", folder.display()));
    let mut view = View { folder: folder.to_owned(), files: Vec::new(), bytes: 0, removed_bytes: 0 };
    for entry in cache_entries(folder).map_err(unreadable)? {
        let removed = removal.takes(&entry);
        if removed {
            entry.remove().map_err(|error| {
                Error::new("CacheNotRemoved", format!("{}: {error}", entry.path.display()))
                    .hint("what came before it in the list is removed; run the command again")
            })?;
        }
        let sum = if removed { &mut view.removed_bytes } else { &mut view.bytes };
        *sum = sum.saturating_add(entry.bytes);
        view.files.push(FileView {
            path: entry.path.display().to_string(),
            bytes: entry.bytes,
            state: state(entry.state),
            sources: entry.sources.iter().map(|source| source.display().to_string()).collect(),
            removed,
        });
    }
    Ok(view)
}

fn state(state: CacheState) -> &'static str {
    match state {
        CacheState::Current => "current",
        CacheState::Outdated => "outdated",
        CacheState::SourcesMissing => "sources_missing",
        CacheState::SourcesUnknown => "sources_unknown",
        CacheState::Importing => "importing",
        CacheState::Abandoned => "abandoned",
    }
}

/// What a state means for people.
fn meaning(file: &FileView) -> String {
    let model = file.sources.first().map_or("", String::as_str);
    match file.state {
        "current" => format!("of {model}"),
        "outdated" => format!("of {model} as it was before"),
        "sources_missing" => format!("of {model}, which is gone"),
        "sources_unknown" => "of a model that is not known until it is opened again".into(),
        "importing" => "an import writes to it".into(),
        _ => "left by an import that was ended".into(),
    }
}

fn text(view: &View) -> String {
    if view.files.is_empty() {
        return format!("nothing is kept in {}", view.folder.display());
    }
    let mut rows = vec![["SIZE", "", "WHAT"].map(String::from).to_vec()];
    rows.extend(view.files.iter().map(|file| {
        let removed = if file.removed { "removed" } else { "" };
        vec![size(file.bytes), removed.into(), meaning(file)]
    }));
    let mut end = format!("{} in {}", size(view.bytes), view.folder.display());
    if view.removed_bytes > 0 {
        end = format!("{end}, {} removed", size(view.removed_bytes));
    } else if view.files.iter().any(|file| matches!(file.state, "outdated" | "sources_missing" | "abandoned")) {
        end = format!("{end}; --clean removes what is of no use");
    }
    format!("{}\n{end}", output::table(&rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ended_imports_left_is_listed_with_its_size_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join(format!("{}.1-0.new", "ab".repeat(20)));
        let foreign = folder.path().join("thesis.new");
        std::fs::write(&left, vec![0; 2_500_000]).unwrap();
        std::fs::write(&foreign, "years of work").unwrap();
        let listed = view(folder.path(), Removal::Nothing).unwrap();
        assert_eq!((listed.files.len(), listed.files[0].state, listed.bytes), (1, "abandoned", 2_500_000));
        assert!(text(&listed).contains("2.5 MB") && text(&listed).contains("--clean"), "{}", text(&listed));
        let cleaned = view(folder.path(), Removal::Useless).unwrap();
        assert_eq!((cleaned.files[0].removed, cleaned.bytes, cleaned.removed_bytes), (true, 0, 2_500_000));
        assert!(!left.exists() && foreign.exists());
        assert!(text(&view(folder.path(), Removal::All).unwrap()).starts_with("nothing is kept"));
        assert!(view(&folder.path().join("none"), Removal::All).unwrap().files.is_empty());
    }
}

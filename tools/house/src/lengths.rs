//! Files that are too long to read at once.

use std::{fs, io, path::Path};

/// Lines of a source that still reads well.
pub const MOST_LINES: usize = 500;

/// The Rust sources below `folder` that have more lines than [`MOST_LINES`], by their path below it. Build outputs are left out.
pub fn too_long(folder: &Path) -> io::Result<Vec<(String, usize)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", "node_modules"].contains(&name.as_str()) && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") {
                let lines = fs::read_to_string(&path)?.lines().count();
                if lines > MOST_LINES {
                    let below = path.strip_prefix(folder).unwrap_or(&path);
                    found.push((below.to_string_lossy().into_owned(), lines));
                }
            }
        }
    }
    found.sort();
    Ok(found)
}

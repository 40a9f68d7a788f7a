//! Prints what is not as the layout says, over the workspace in this folder or the one that is named: `cargo run -p strike-house [FOLDER]`.
//! Exits with 1 if anything is.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};
use strike_house::{crates, lengths, modules};

fn main() -> ExitCode {
    let root = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    match found(&root) {
        Ok(lines) if lines.is_empty() => ExitCode::SUCCESS,
        Ok(lines) => {
            lines.iter().for_each(|line| println!("{line}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("strike-house: {error}");
            ExitCode::FAILURE
        }
    }
}

fn found(root: &Path) -> Result<Vec<String>, String> {
    let workspace = crates::workspace(root)?;
    let mut lines: Vec<String> = crates::violations(&workspace).iter().map(crates::Violation::to_string).collect();
    for it in &workspace {
        for (face, circle) in modules::circles_of(&root.join(&it.folder))? {
            lines.push(format!("a circle of {} ({face}): {}", it.name, circle.join(", ")));
        }
    }
    let long = lengths::too_long(root).map_err(|error| error.to_string())?;
    lines.extend(long.into_iter().map(|(path, count)| format!("{path} has {count} lines")));
    Ok(lines)
}

//! The folders that a node reads and writes.

use super::{
    command_line::{quoted, CommandLine},
    problem::Problem,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Free space below which a node does not start: the database could not be opened, or would tear at once.
const LEAST_FREE: u64 = 128 << 20;
/// Free space below which it says so.
const LOW_FREE: u64 = 4 << 30;

/// A problem if nothing can be written into `folder` of the base path, which is made if it is not there.
pub(super) fn writable(base_path: &Path, folder: &Path, line: &CommandLine) -> Result<(), Problem> {
    let probe = folder.join(".strike-can-write");
    let written =
        fs::create_dir_all(folder).and_then(|()| fs::write(&probe, b"")).and_then(|()| fs::remove_file(&probe));
    written.map_err(|error| {
        let what = format!("this node cannot write into {}: {error}.", folder.display());
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => full(folder, 0, line),
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
                Problem::new(format!("{what} Start it with another folder:"), [elsewhere(line)])
            }
            _ => {
                // These folders alone: what is in them may be somebody else's with reason.
                let mut own: Vec<&Path> = folder.ancestors().take_while(|it| it.starts_with(base_path)).collect();
                own.reverse();
                let own: Vec<String> = own.iter().map(|folder| quoted(&folder.to_string_lossy())).collect();
                let own = format!("sudo install -d -o \"$(id -un)\" {}", own.join(" "));
                Problem::new(
                    format!("{what} Make it yours, or start the node with another folder:"),
                    [own, elsewhere(line)],
                )
            }
        }
    })
}

fn elsewhere(line: &CommandLine) -> String {
    line.with("--base-path", "FOLDER").line()
}

fn full(folder: &Path, free: u64, line: &CommandLine) -> Problem {
    let what = format!(
        "the disk of {} is full: {} MiB are free, and a node needs {} MiB to start and several GiB to run. Make room, or start it with a \
         folder elsewhere; this lists what takes most:",
        folder.display(),
        free >> 20,
        LEAST_FREE >> 20,
    );
    let list =
        format!("{} | sort -h | tail", CommandLine::of_words(["du", "-xh", "-d2", &*folder.to_string_lossy()]).line());
    Problem::new(what, [list, elsewhere(line)])
}

/// What is said of this much free space.
#[derive(Debug)]
enum Space {
    Enough,
    Low(String),
    Full(Problem),
}

fn judge(folder: &Path, free: u64, line: &CommandLine) -> Space {
    if free < LEAST_FREE {
        Space::Full(full(folder, free, line))
    } else if free < LOW_FREE {
        let folder = folder.display();
        Space::Low(format!(
            "⚠️ The disk of {folder} has {} MiB free: a node whose disk is full loses jobs and then ends",
            free >> 20
        ))
    } else {
        Space::Enough
    }
}

/// A problem if the disk of `folder` is full. Says so if it soon will be.
pub(super) fn has_room(folder: &Path, line: &CommandLine) -> Result<(), Problem> {
    // What cannot be asked is no reason not to start.
    let Ok(disk) = rustix::fs::statvfs(folder) else { return Ok(()) };
    match judge(folder, disk.f_bavail.saturating_mul(disk.f_frsize), line) {
        Space::Enough => {}
        Space::Low(warning) => log::warn!("{warning}"),
        Space::Full(problem) => return Err(problem),
    }
    Ok(())
}

/// A problem with the first folder of models that is none.
pub(super) fn models(folders: &[PathBuf], line: &CommandLine) -> Result<(), Problem> {
    for folder in folders {
        let Err(error) = fs::read_dir(folder) else { continue };
        let given = folder.to_string_lossy();
        let others = line.without("--model-dir", |value| value == given);
        let what = format!(
            "the folder of models {} cannot be read: {error}. Give one that holds a model, or folders of models:",
            folder.display()
        );
        return Err(Problem::new(what, [others.and("--model-dir", "FOLDER").line(), others.line()]));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> CommandLine {
        CommandLine::of_words(["strike-node", "--base-path", "/data", "--model-dir", "/a", "--model-dir", "/nowhere/b"])
    }

    #[test]
    fn a_folder_is_made_and_left_as_it_was() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let deep = folder.path().join("one/two");
        assert!(writable(folder.path(), &deep, &line()).is_ok());
        assert_eq!(fs::read_dir(&deep).expect("it was made").count(), 0);
    }

    #[test]
    fn a_folder_that_cannot_be_is_said_with_another_line() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("file");
        fs::write(&file, b"").expect("a file");
        // Whoever runs this, a file is no folder.
        let told = writable(&file, &file.join("below"), &line()).expect_err("it cannot be made").to_string();
        assert!(told.contains("file/below") && told.contains("strike-node --model-dir /a"), "{told}");
        assert!(told.contains("--base-path FOLDER") && !told.contains("--base-path /data"), "{told}");
    }

    #[test]
    fn a_full_disk_ends_the_start_and_a_small_one_is_said() {
        let at = |free| judge(Path::new("/data"), free, &line());
        assert!(matches!(at(LEAST_FREE - 1), Space::Full(problem) if problem.to_string().contains("127 MiB are free")));
        assert!(matches!(at(LEAST_FREE), Space::Low(_)));
        assert!(matches!(at(LOW_FREE), Space::Enough));
        assert!(has_room(Path::new("/nowhere/at/all"), &line()).is_ok());
    }

    #[test]
    fn a_folder_of_models_that_is_missing_is_named_and_the_others_stay() {
        let there = tempfile::tempdir().expect("a temporary folder");
        assert!(models(&[there.path().into()], &line()).is_ok());
        let told = models(&[there.path().into(), "/nowhere/b".into()], &line()).expect_err("it is missing").to_string();
        assert!(told.contains("the folder of models /nowhere/b"), "{told}");
        assert!(told.ends_with("\n  strike-node --base-path /data --model-dir /a"), "{told}");
    }
}

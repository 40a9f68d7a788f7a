//! A wall clock that is late, for one process: a small library that is loaded before the C library. Linux only.

use std::{path::Path, process::Command, time::Duration};

/// Builds the library in a folder with the system's C compiler, which Rust links with too. Returns the environment of processes
/// whose clocks are late; an error says why this machine cannot.
pub fn environment(folder: &Path, lag: Duration) -> Result<Vec<(String, String)>, String> {
    if !cfg!(target_os = "linux") {
        return Err("clocks are made late on Linux only".into());
    }
    let library = folder.join("slow_clock.so");
    let output = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/src/slow_clock.c"))
        .arg("-ldl")
        .output()
        .map_err(|error| format!("cc: {error}"))?;
    if !output.status.success() {
        return Err(format!("cc: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let library = library.to_string_lossy().into_owned();
    Ok(vec![("LD_PRELOAD".into(), library), ("STRIKE_CLOCK_LAG_MS".into(), lag.as_millis().to_string())])
}

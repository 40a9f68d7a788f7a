//! Programs as their users run them: separate processes, arguments in, exit code and output out.

use serde_json::Value;
use std::{path::PathBuf, process::Stdio};
use tokio::process::Command;

/// The folder of the binaries that were built with this test.
fn binaries() -> PathBuf {
    let mut folder = std::env::current_exe().expect("a test has a path");
    folder.pop();
    // Tests lie in `deps`, binaries beside it.
    if folder.ends_with("deps") {
        folder.pop();
    }
    folder
}

/// A binary of this workspace.
pub fn binary(name: &str) -> PathBuf {
    let path = binaries().join(name);
    assert!(path.exists(), "{} is missing: build it with `cargo build --workspace --bins`", path.display());
    path
}

/// What a program answered.
#[derive(Debug)]
pub struct Answer {
    /// Its exit code.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Answer {
    /// The answer of a program that must have succeeded.
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The last line of standard output, as JSON.
    pub fn json(&self) -> Value {
        let last = self.stdout.trim_end().lines().last().unwrap_or_default();
        serde_json::from_str(last)
            .or_else(|_| serde_json::from_str(&self.stdout))
            .unwrap_or_else(|error| panic!("{error} in stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr))
    }
}

/// Runs a program to its end.
pub async fn run(mut command: Command) -> Answer {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// `strike --url URL --json ARGS…`
pub async fn strike(url: &str, args: &[&str]) -> Answer {
    let mut command = Command::new(binary("strike"));
    command.args(["--url", url, "--json"]).args(args);
    run(command).await
}

/// `node dist/src/job.js --url URL --json ARGS…` in `web/checks`, which `npm run build` in `web` has built.
pub async fn javascript(url: &str, args: &[&str]) -> Answer {
    let mut command = Command::new("node");
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../web/checks"));
    command.args(["dist/src/job.js", "--url", url, "--json"]).args(args);
    run(command).await
}

/// A port nobody listens on.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    listener.local_addr().expect("a listener has an address").port()
}

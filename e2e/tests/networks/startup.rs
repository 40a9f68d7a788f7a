//! A node that is started wrongly ends at once, and says the whole line that mends it: each line is run as it was said.

use std::{net::TcpListener, path::Path, time::Duration};
use strike_e2e::command::{binary, run, Answer};
use tempfile::TempDir;
use tokio::process::Command;

/// Far more than a start takes until it is known to be wrong.
const AT_ONCE: Duration = Duration::from_secs(60);
/// Arguments without which a start could meet other nodes of this machine.
const ALONE: [&str; 5] = ["--no-mdns", "--no-prometheus", "--no-telemetry", "--listen-addr", "/ip4/127.0.0.1/tcp/0"];

/// Runs a command that is to end by itself.
async fn ended(command: Command) -> Answer {
    tokio::time::timeout(AT_ONCE, run(command)).await.expect("it ends at once")
}

/// Starts a node that is to end with an error.
async fn refused(args: &[&str]) -> Answer {
    let mut command = Command::new(binary("strike-node"));
    command.args(args);
    let answer = ended(command).await;
    assert_eq!(answer.code, Some(1), "stderr:\n{}", answer.stderr);
    answer
}

/// The lines of an answer that can be copied and hold these words.
fn lines<'a>(answer: &'a Answer, words: &str) -> Vec<&'a str> {
    let copied = answer.stderr.lines().filter_map(|line| line.strip_prefix("  "));
    let found: Vec<&str> = copied.filter(|line| line.contains(words)).collect();
    assert!(!found.is_empty(), "no line with {words} in:\n{}", answer.stderr);
    found
}

/// Runs a line as it was said, with more behind it.
async fn copied(line: &str, more: &str) {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{line} {more}")]);
    ended(command).await.succeeded();
}

/// With [`ALONE`].
fn alone<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &ALONE[..]].concat()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of this machine is text")
}

#[tokio::test]
async fn a_validator_is_told_how_to_make_its_keys() {
    let folder = TempDir::new().expect("a temporary folder");
    // A path with a space in it, so that the line has to be quoted.
    let base_path = folder.path().join("base path");
    let args = alone(&["--validator", "--chain", "local", "--base-path", text(&base_path)]);
    let answer = refused(&args).await;
    assert!(answer.stderr.contains("network key"), "{}", answer.stderr);
    copied(lines(&answer, "key generate-node-key")[0], "").await;

    // Now the keys of its session.
    let answer = refused(&args).await;
    let inserts = lines(&answer, "key insert");
    assert_eq!(inserts.len(), 4, "{}", answer.stderr);
    for line in &inserts[1..] {
        copied(line, "--suri //Alice").await;
    }
    let answer = refused(&args).await;
    assert_eq!(lines(&answer, "key insert"), inserts[..1], "the one that is still missing");
}

#[tokio::test]
async fn a_provider_is_told_how_to_put_its_key_in() {
    let folder = TempDir::new().expect("a temporary folder");
    let held = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = held.local_addr().expect("it has an address").port().to_string();
    let args = alone(&["--provider", "--chain", "local", "--base-path", text(folder.path()), "--rpc-port", &port]);
    let answer = refused(&args).await;
    assert!(answer.stderr.contains("strk"), "{}", answer.stderr);
    copied(lines(&answer, "key insert --key-type strk")[0], "--suri //Eve").await;
    // With its key it gets further: to the port that somebody else has.
    let answer = refused(&args).await;
    assert!(answer.stderr.contains(&format!("127.0.0.1:{port}, for JSON-RPC, is taken")), "{}", answer.stderr);
}

#[tokio::test]
async fn taken_ports_end_the_node_instead_of_moving_it() {
    let hold = || TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let (rpc, metrics, peers) = (hold(), hold(), hold());
    let port = |held: &TcpListener| held.local_addr().expect("it has an address").port().to_string();
    let (rpc_port, metrics_port) = (port(&rpc), port(&metrics));
    let listen = format!("/ip4/127.0.0.1/tcp/{}", port(&peers));
    let args = [
        "--dev",
        "--no-telemetry",
        "--rpc-port",
        &rpc_port,
        "--prometheus-port",
        &metrics_port,
        "--listen-addr",
        &listen,
    ];
    let answer = refused(&args).await;
    for what in ["for JSON-RPC, is taken", "for Prometheus, is taken", "for peers, is taken"] {
        assert!(answer.stderr.contains(what), "{}", answer.stderr);
    }
    let line = lines(&answer, "--dev")[0];
    assert!([&rpc_port, &metrics_port, &listen].iter().all(|taken| !line.contains(taken.as_str())), "{line}");
    assert!(["--rpc-port", "--prometheus-port", "--listen-addr"].iter().all(|option| line.contains(option)), "{line}");
}

#[tokio::test]
async fn folders_chains_and_commands_that_are_not_there_are_named() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("file");
    std::fs::write(&file, b"").expect("a file");
    let below = file.join("below");
    let answer = refused(&alone(&["--chain", "local", "--base-path", text(&below)])).await;
    assert!(answer.stderr.contains("cannot write into") && answer.stderr.contains("file/below"), "{}", answer.stderr);
    lines(&answer, "--base-path FOLDER");

    let answer = refused(&alone(&["--dev", "--rpc-port", "0", "--model-dir", "/nowhere/model"])).await;
    assert!(answer.stderr.contains("/nowhere/model"), "{}", answer.stderr);
    lines(&answer, "--model-dir FOLDER");

    let answer = refused(&alone(&["--chain", "lcoal"])).await;
    assert!(answer.stderr.contains("there is no chain `lcoal`"), "{}", answer.stderr);

    let answer = refused(&["export-state", "--chain", "local"]).await;
    assert!(answer.stdout.is_empty() && answer.stderr.contains("try-runtime"), "{}", answer.stderr);
}

//! What the node's binary does before its nodes start.

use crate::options::Options;
use std::{
    fs,
    path::{Path, PathBuf},
};
use strike_chain::{Error, Result};
use strike_primitives::app::APP_KEY_TYPE;
use tokio::process::Command;

/// The chain that all nodes run.
const CHAIN: &str = "local";

/// Writes the chain's specification with its genesis state, once for all nodes: making that state takes each of them seconds.
pub(crate) async fn chain_spec(options: &Options, base_path: &Path) -> Result<PathBuf> {
    let path = base_path.join("chain-spec.json");
    if !path.exists() {
        let unfinished = path.with_extension("json.tmp");
        let mut command = Command::new(&options.binary);
        let chain = options.chain_spec.as_deref().unwrap_or(Path::new(CHAIN));
        command.args(["export-chain-spec", "--raw", "--chain"]).arg(chain).arg("--output").arg(&unfinished);
        command.kill_on_drop(true);
        run(&options.binary, command, "ChainSpecNotWritten").await?;
        // Half a file must never be taken for the whole one by a later start.
        fs::rename(&unfinished, &path)?;
    }
    Ok(path)
}

/// Runs a subcommand of the node to its end.
async fn run(binary: &Path, mut command: Command, failure: &'static str) -> Result<()> {
    let output = command.output().await.map_err(|error| {
        Error::new("NodeNotStarted", format!("{}: {error}", binary.display()))
            .hint("'make build' builds strike-node; --node-binary names another one")
    })?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Error::new(failure, format!("strike-node ended with {}: {why}", output.status)));
    }
    Ok(())
}

/// Puts a provider's app key into its keystore.
pub(crate) async fn insert_app_key(binary: &Path, chain: &Path, base_path: &Path, suri: &str) -> Result<()> {
    let key_type = String::from_utf8_lossy(&APP_KEY_TYPE.0).into_owned();
    let mut command = Command::new(binary);
    command.args(["key", "insert", "--scheme", "sr25519", "--key-type", &key_type, "--suri", suri, "--chain"]);
    command.arg(chain).arg("--base-path").arg(base_path).kill_on_drop(true);
    run(binary, command, "KeyNotInserted").await
}

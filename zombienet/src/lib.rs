//! A network of Strike nodes on zombienet's native provider: four validators and a provider, from the binaries on the PATH.

use anyhow::{ensure, Context, Result};
use serde_json::Value;
use std::path::Path;
use tokio::process::Command;
use zombienet_sdk::{LocalFileSystem, Network, NetworkConfigBuilder, NetworkConfigExt};

/// The validators of the chain `local`.
pub const VALIDATORS: [&str; 4] = ["alice", "bob", "charlie", "dave"];
/// The provider, who is no validator.
pub const PROVIDER: &str = "eve";

/// How long a network may take to answer, in seconds.
const START_TIMEOUT: u32 = 180;

/// Starts the network and waits until all of its nodes answer. `folder` takes the chain's specification and the nodes' data.
///
/// zombienet makes session keys of its own for a plain specification; a raw one it leaves as it is, so the validators are those of
/// the chain `local`, each started with the flag of its name.
pub async fn start(folder: &Path) -> Result<Network<LocalFileSystem>> {
    let spec = folder.join("chain-spec.json");
    let args = ["export-chain-spec", "--raw", "--chain", "local", "--output"];
    run(Command::new("strike-node").args(args).arg(&spec)).await?;
    let named = |name: &str| vec![format!("--{name}").as_str().into(), "--no-mdns".into()];
    let config = NetworkConfigBuilder::new()
        .with_relaychain(|chain| {
            let chain = chain.with_chain("strike_local").with_chain_spec_path(spec).with_default_command("strike-node");
            let [first, others @ ..] = VALIDATORS;
            let mut chain = chain.with_validator(|node| node.with_name(first).with_args(named(first)));
            for name in others {
                chain = chain.with_validator(|node| node.with_name(name).with_args(named(name)));
            }
            let mut provider = named(PROVIDER);
            provider.push("--provider".into());
            chain.with_fullnode(|node| node.with_name(PROVIDER).with_args(provider))
        })
        .with_global_settings(|settings| {
            settings.with_base_dir(folder.join("network")).with_network_spawn_timeout(START_TIMEOUT)
        })
        .build()
        .map_err(|errors| anyhow::anyhow!("the network's configuration is wrong: {errors:?}"))?;
    config.spawn_native().await.context("the network does not start")
}

/// `strike --url URL --json ARGUMENTS…`; the JSON it printed. Fails if the command does.
pub async fn strike(url: &str, arguments: &[&str]) -> Result<Value> {
    let text = run(Command::new("strike").args(["--url", url, "--json"]).args(arguments)).await?;
    serde_json::from_str(text.trim_end().lines().last().unwrap_or_default())
        .or_else(|_| serde_json::from_str(&text))
        .with_context(|| format!("strike printed no JSON: {text}"))
}

/// Runs a command to its end and returns what it printed.
async fn run(command: &mut Command) -> Result<String> {
    let output = command.kill_on_drop(true).output().await.with_context(|| {
        format!("{:?} cannot be started: is it built, and on the PATH?", command.as_std().get_program())
    })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(output.status.success(), "{command:?}: {}\n{}", output.status, text(&output.stderr));
    Ok(text(&output.stdout))
}

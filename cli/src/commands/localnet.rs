//! `strike localnet`: the network in the foreground.

mod demo;
mod offer;

pub use offer::offer;

use super::{context::Context, model};
use crate::{
    args::{LocalnetArgs, DEFAULT_URL},
    error::{Error, Result},
    output::{self, progress},
    present::json::Summary,
};
use serde::Serialize;
use std::{env, path::PathBuf};
use strike_chain::outcome::{is_valid, unsettled};
use strike_localnet::{Network, NodeProcess, Options, Ports, Provider};

/// A node's endpoints as JSON.
#[derive(Serialize)]
struct NodeView {
    name: String,
    url: String,
    log: PathBuf,
}

/// Starts the network and keeps it until a signal comes or a node dies.
pub async fn run(context: &Context, args: LocalnetArgs) -> Result<()> {
    let binary = match &args.node_binary {
        Some(path) => path.clone(),
        None => node_binary()?,
    };
    // Before anything starts: a folder without a model is found out late otherwise.
    args.models.iter().try_for_each(|folder| model::read(folder).map(|_| ()))?;
    let options = Options {
        base_path: args.base_path.clone(),
        keep: args.keep,
        ports: args.base_port.map_or(Ports::Default, Ports::From),
        providers: vec![Provider { binary: args.provider_binary.clone(), ..Provider::eve() }],
        models: args.models.clone(),
        progress: output::on_stderr(),
        ..Options::new(binary)
    };
    // From the start: a signal while nodes start must end those that run.
    let mut signals = Signals::new()?;
    let mut network = tokio::select! {
        network = Network::start(options) => network?,
        () = signals.next() => return Err(interrupted()),
    };
    progress(format!("nodes started, data and logs in {}", network.base_path().display()));
    let result = tokio::select! {
        result = serve(context, &args, &mut network) => result,
        () = signals.next() => if args.once { Err(interrupted()) } else { Ok(None) },
    };
    if result.is_err() {
        network.keep();
    }
    progress("ending the nodes");
    let is_kept = network.is_kept();
    network.stop().await;
    if is_kept {
        progress(format!("data and logs are in {}", network.base_path().display()));
    }
    let summary = result?;
    // After all else, so that it is the last line.
    match summary {
        Some(summary) => output::json(&summary),
        None => Ok(()),
    }
}

fn interrupted() -> Error {
    Error::new("Interrupted", "ended by a signal")
}

/// Waits for the network, runs the demo, prints the endpoints, and waits for the end. With `--once` it returns the summary
/// of the demo job instead.
async fn serve(context: &Context, args: &LocalnetArgs, network: &mut Network) -> Result<Option<Summary>> {
    progress("waiting for the first finalized blocks");
    network.wait_until_finalizing().await?;
    progress("the network finalizes");
    if !args.models.is_empty() {
        let chain = network.connect("alice").await?;
        for folder in &args.models {
            offer(&chain, folder, &Provider::eve().name).await?;
        }
    }
    if args.demo {
        let outcome = demo::run(network).await?;
        if args.once {
            if !is_valid(&outcome.info) {
                return Err(unsettled(&outcome.info).into());
            }
            return Ok(outcome.summary());
        }
    }
    if context.json {
        let view =
            |node: &NodeProcess| NodeView { name: node.name().into(), url: node.url().into(), log: node.log().into() };
        output::json(&network.nodes().iter().map(view).collect::<Vec<_>>())?;
    } else {
        output::line(endpoints(network, &args.models));
    }
    Err(network.first_death().await.into())
}

fn endpoints(network: &Network, models: &[PathBuf]) -> String {
    let mut rows = vec![["NODE", "JSON-RPC", "LOG"].map(String::from).to_vec()];
    rows.extend(
        network
            .nodes()
            .iter()
            .map(|node| vec![node.name().to_owned(), node.url().to_owned(), node.log().display().to_string()]),
    );
    let url = network.nodes().first().map(NodeProcess::url).filter(|url| *url != DEFAULT_URL);
    let at = url.map(|url| format!(" --url {url}")).unwrap_or_default();
    let offered: String = models
        .iter()
        .filter_map(|folder| model::folder_name(folder).ok())
        .map(|name| {
            format!(
                "strike job embed --model '{name}' --text 'A text.' --wait{at}   # generate, if it is a decoder\n  "
            )
        })
        .collect();
    format!(
        "{}\n\nTry in another terminal:\n  \
         strike job generate --prompt 'Tell me about the harbour.' --wait{at}\n  \
         {offered}strike provider list{at}\n  \
         strike account balance eve{at}\n\nCtrl-C ends the network.",
        output::table(&rows)
    )
}

/// The strike-node binary beside this one, else on the PATH.
fn node_binary() -> Result<PathBuf> {
    let name = format!("strike-node{}", env::consts::EXE_SUFFIX);
    let beside = env::current_exe().ok().and_then(|path| Some(path.parent()?.to_owned()));
    let path = env::var_os("PATH").unwrap_or_default();
    let candidates = beside.into_iter().chain(env::split_paths(&path)).map(|folder| folder.join(&name));
    candidates.into_iter().find(|candidate| candidate.is_file()).ok_or_else(|| {
        Error::new("NodeBinaryNotFound", format!("no {name} beside this command nor on the PATH"))
            .hint("'make build' builds it; --node-binary names another place")
    })
}

/// The signals that end the network in order.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Result<Self> {
        use tokio::signal::unix::{signal, SignalKind};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {},
            _ = self.terminate.recv() => {},
            _ = self.hang_up.recv() => {},
        }
    }
}

/// The signals that end the network in order.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

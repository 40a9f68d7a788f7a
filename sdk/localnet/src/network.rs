//! The nodes of a network: start, health, end.

use crate::{
    options::Options,
    plan::{arguments, plan, Role},
    prepare::{chain_spec, insert_app_key},
    process::NodeProcess,
};
use futures::future::{select_all, try_join_all};
use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    time::Duration,
};
use strike_chain::{errors, Chain, Error, Progress, Result};
use tempfile::TempDir;

/// How long a new network may take to finalize its first block.
const START_TIMEOUT: Duration = Duration::from_secs(180);
/// Pause between two attempts to reach a node that is still starting.
const CONNECT_PAUSE: Duration = Duration::from_millis(100);

/// A network that runs. Its nodes end when it is dropped; [`Network::stop`] lets them close their databases first.
#[derive(Debug)]
pub struct Network {
    nodes: Vec<NodeProcess>,
    base_path: PathBuf,
    temporary: Option<TempDir>,
    progress: Progress,
}

impl Network {
    /// Starts all nodes. They may not have found each other yet: see [`Network::wait_until_finalizing`].
    pub async fn start(options: Options) -> Result<Self> {
        let (base_path, temporary) = match &options.base_path {
            Some(path) => {
                fs::create_dir_all(path)?;
                (path.clone(), None)
            }
            None => {
                let folder = tempfile::Builder::new().prefix("strike-localnet-").tempdir()?;
                let path = folder.path().to_owned();
                (path, Some(folder))
            }
        };
        let mut network = Self { nodes: Vec::new(), base_path, temporary, progress: options.progress.clone() };
        if options.keep {
            network.keep();
        }
        if let Err(error) = network.start_nodes(&options).await {
            // Whoever has to find out why needs the logs.
            network.keep();
            network.stop().await;
            return Err(error);
        }
        Ok(network)
    }

    async fn start_nodes(&mut self, options: &Options) -> Result<()> {
        let plans = plan(options, &self.base_path)?;
        let chain = chain_spec(options, &self.base_path).await?;
        // Who checks a job needs its model as well as who runs it.
        let models = options.models.iter().flat_map(|folder| ["--model-dir".into(), folder.display().to_string()]);
        let node_args: Vec<String> = models.chain(options.node_args.iter().cloned()).collect();
        for plan in &plans {
            let binary = plan.binary.as_ref().unwrap_or(&options.binary);
            if let Role::Provider { app_key } = &plan.role {
                insert_app_key(binary, &chain, &plan.base_path, app_key).await?;
            }
            let args = arguments(plan, &plans, &chain, &node_args);
            let log = self.base_path.join(format!("{}.log", plan.name));
            let rpc = plan.host.as_ref().map_or(Ipv4Addr::LOCALHOST, |host| host.rpc);
            let url = format!("ws://{rpc}:{}", plan.rpc);
            let (program, args) = match &plan.host {
                None => (binary.clone(), args),
                Some(host) => {
                    let enter = ["netns", "exec", &host.namespace].map(str::to_owned).into_iter();
                    let binary = binary.to_string_lossy().into_owned();
                    ("ip".into(), enter.chain([binary]).chain(args).collect())
                }
            };
            let node = NodeProcess::start(plan.name.clone(), program, args, plan.env.clone(), log, url).await?;
            self.nodes.push(node);
        }
        Ok(())
    }

    /// The folder of data and logs.
    pub fn base_path(&self) -> &Path {
        &self.base_path
    }

    /// Keeps a temporary folder beyond the end of the network.
    pub fn keep(&mut self) {
        if let Some(folder) = self.temporary.take() {
            // From here on nobody removes it.
            let _ = folder.keep();
        }
    }

    /// Whether the folder will be there after the end.
    pub fn is_kept(&self) -> bool {
        self.temporary.is_none()
    }

    /// The nodes: the validators, then the providers, then the full nodes.
    pub fn nodes(&self) -> &[NodeProcess] {
        &self.nodes
    }

    /// A node by name.
    pub fn node(&self, name: &str) -> Result<&NodeProcess> {
        self.nodes.iter().find(|node| node.name() == name).ok_or_else(|| no_node(name))
    }

    /// A node by name, to kill or restart it.
    pub fn node_mut(&mut self, name: &str) -> Result<&mut NodeProcess> {
        self.nodes.iter_mut().find(|node| node.name() == name).ok_or_else(|| no_node(name))
    }

    /// A connection to a node, as soon as it takes one.
    pub async fn connect(&mut self, name: &str) -> Result<Chain> {
        let node = self.node_mut(name)?;
        let chain = tokio::time::timeout(START_TIMEOUT, connect(node))
            .await
            .unwrap_or_else(|_| Err(Error::new("NodeNotReady", format!("{name} takes no connection"))))?;
        Ok(chain.with_progress(self.progress.clone()))
    }

    /// Waits until every node that was started finalizes another block, and so takes part in the network.
    pub async fn wait_until_finalizing(&mut self) -> Result<()> {
        let all = try_join_all(self.nodes.iter_mut().filter(|node| node.is_started()).map(finalizes));
        let result = match tokio::time::timeout(START_TIMEOUT, all).await {
            Ok(result) => result.map(|_| ()),
            Err(_) => {
                let seconds = START_TIMEOUT.as_secs();
                let logs = self.base_path.display();
                Err(Error::new("NetworkNotFinalizing", format!("no block was finalized within {seconds} s"))
                    .hint(format!("the logs may tell why: {logs}/*.log")))
            }
        };
        if result.is_err() {
            self.keep();
        }
        result
    }

    /// Waits until a node ends by itself, and tells which and why.
    pub async fn first_death(&mut self) -> Error {
        let waits = self.nodes.iter_mut().map(|node| {
            Box::pin(async move {
                let status = node.exited().await;
                node.died(status)
            })
        });
        let (error, _, _) = select_all(waits).await;
        self.keep();
        error
    }

    /// Ends all nodes, and removes a temporary folder that is not kept.
    pub async fn stop(&mut self) {
        // All at once: each may take its time.
        self.nodes.iter().for_each(NodeProcess::terminate);
        for node in &mut self.nodes {
            node.stop().await;
        }
        self.temporary = None;
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // A test that failed: its logs are needed.
        if std::thread::panicking() {
            self.keep();
            self.progress.tell(format!("data and logs are in {}", self.base_path.display()));
        }
    }
}

fn no_node(name: &str) -> Error {
    Error::new("NodeNotFound", format!("the network has no node {name}"))
}

/// Connects as soon as the node listens; fails if it dies before.
async fn connect(node: &mut NodeProcess) -> Result<Chain> {
    loop {
        if let Some(death) = node.death() {
            return Err(death);
        }
        match Chain::connect(node.url()).await {
            Ok(chain) => return Ok(chain),
            Err(error) if error.name == "NotAStrikeChain" => return Err(error),
            Err(_) => tokio::time::sleep(CONNECT_PAUSE).await,
        }
    }
}

/// Connects to a node and waits until it finalizes another block; fails if it dies before.
async fn finalizes(node: &mut NodeProcess) -> Result<()> {
    let chain = connect(node).await?;
    let mut blocks = chain.client().stream_blocks().await.map_err(errors::subxt)?;
    let (_, first) = chain.finalized().await?;
    loop {
        tokio::select! {
            status = node.exited() => return Err(node.died(status)),
            block = blocks.next() => match block {
                Some(Ok(block)) if block.number() > u64::from(first) => return Ok(()),
                Some(Ok(_)) => {},
                Some(Err(error)) => return Err(errors::subxt(error)),
                None => return Err(Error::new("ConnectionLost", format!("{} closed the connection", node.name()))),
            },
        }
    }
}

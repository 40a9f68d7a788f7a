//! The nodes of a network: keys, ports, start, health, end.

use super::{
    options::{Host, Options, Ports},
    process::NodeProcess,
};
use crate::{
    chain::{errors, Chain},
    error::{Error, Result},
    output::progress,
};
use futures::future::{select_all, try_join_all};
use sp_core::{ed25519, Pair};
use std::{
    fs,
    io::Write,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    time::Duration,
};
use strike_primitives::app::APP_KEY_TYPE;
use tempfile::TempDir;
use tokio::process::Command;

/// The chain that all nodes run.
const CHAIN: &str = "local";
/// How long a new network may take to finalize its first block.
const START_TIMEOUT: Duration = Duration::from_secs(180);
/// Pause between two attempts to reach a node that is still starting.
const CONNECT_PAUSE: Duration = Duration::from_millis(100);
/// The first ports: JSON-RPC, peers, Prometheus.
const DEFAULT_PORTS: [u16; 3] = [9_944, 30_333, 9_615];

/// A network that runs. Its nodes end when it is dropped; [`Network::stop`] lets them close their databases first.
#[derive(Debug)]
pub struct Network {
    nodes: Vec<NodeProcess>,
    base_path: PathBuf,
    temporary: Option<TempDir>,
}

/// What is known of a node before it starts.
struct Plan {
    name: String,
    role: Role,
    binary: Option<PathBuf>,
    args: Vec<String>,
    env: Vec<(String, String)>,
    host: Option<Host>,
    base_path: PathBuf,
    rpc: u16,
    peers: u16,
    prometheus: u16,
    peer_id: String,
}

/// What a node is for.
enum Role {
    Validator,
    Provider { app_key: String },
    Full,
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
        let mut network = Self { nodes: Vec::new(), base_path, temporary };
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
        tokio::time::timeout(START_TIMEOUT, connect(node))
            .await
            .unwrap_or_else(|_| Err(Error::new("NodeNotReady", format!("{name} takes no connection"))))
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
            progress(format!("data and logs are in {}", self.base_path.display()));
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

/// Names, folders, ports and peer ids of all nodes.
fn plan(options: &Options, base_path: &Path) -> Result<Vec<Plan>> {
    let validators =
        options.validators.iter().cloned().map(|it| (it.name, Role::Validator, it.binary, it.args, it.env));
    let providers = options.providers.iter().cloned().map(|it| {
        let role = Role::Provider { app_key: it.app_key };
        (it.name, role, it.binary, Vec::new(), it.env)
    });
    let full_nodes = options.full_nodes.iter().cloned().map(|name| (name, Role::Full, None, Vec::new(), Vec::new()));
    let members: Vec<_> = validators.chain(providers).chain(full_nodes).collect();
    let starts = match options.ports {
        Ports::Default => DEFAULT_PORTS.map(Some),
        Ports::From(first) => [0, 100, 200].map(|offset| first.checked_add(offset)),
        Ports::Free => [None; 3],
    };
    // All are held until all are found, so that none is given twice.
    let mut held = Vec::new();
    let mut port = |start: Option<u16>, index: usize, what: &str| -> Result<u16> {
        let wanted = start.and_then(|start| start.checked_add(u16::try_from(index).ok()?));
        let (listener, port) = free_port(wanted)?;
        if let Some(wanted) = wanted.filter(|wanted| *wanted != port) {
            progress(format!("port {wanted} is taken, {what} uses {port}"));
        }
        held.push(listener);
        Ok(port)
    };
    let mut plans = Vec::new();
    for (index, (name, role, binary, args, env)) in members.into_iter().enumerate() {
        let base_path = base_path.join(&name);
        let peer_id = node_key(&base_path)?;
        plans.push(Plan {
            rpc: port(starts[0], index, &format!("{name}'s JSON-RPC"))?,
            peers: port(starts[1], index, &format!("{name} for its peers"))?,
            prometheus: port(starts[2], index, &format!("{name}'s Prometheus"))?,
            host: options.hosts.get(&name).cloned(),
            name,
            role,
            binary,
            args,
            env,
            base_path,
            peer_id,
        });
    }
    Ok(plans)
}

/// The wanted port, or any free one if it is taken.
fn free_port(wanted: Option<u16>) -> Result<(TcpListener, u16)> {
    let listener = wanted
        .and_then(|port| TcpListener::bind(("127.0.0.1", port)).ok())
        .map_or_else(|| TcpListener::bind(("127.0.0.1", 0)), Ok)?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// The file of a node's network key.
fn node_key_file(base_path: &Path) -> PathBuf {
    base_path.join("node-key")
}

/// Makes a network key for a node that has none, and returns its peer id. With the ids known beforehand all nodes can
/// start at once.
fn node_key(base_path: &Path) -> Result<String> {
    let file = node_key_file(base_path);
    fs::create_dir_all(base_path)?;
    let invalid = || Error::new("NodeKeyInvalid", format!("{} holds no network key", file.display()));
    let pair = match fs::read_to_string(&file) {
        Ok(text) => {
            let seed = hex::decode(text.trim()).map_err(|_| invalid())?;
            ed25519::Pair::from_seed_slice(&seed).map_err(|_| invalid())?
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let (pair, seed) = ed25519::Pair::generate();
            write_secret(&file, &hex::encode(seed))?;
            pair
        }
        Err(error) => return Err(error.into()),
    };
    Ok(peer_id(&pair.public().0))
}

/// A peer id: base 58 of the identity multihash of the protobuf-encoded key, as libp2p's specification of peer ids says.
fn peer_id(public: &[u8; 32]) -> String {
    /// Identity hash of 36 bytes: key type Ed25519, then 32 bytes of key.
    const PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
    bs58::encode([&PREFIX[..], public].concat()).into_string()
}

fn write_secret(path: &Path, text: &str) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())?;
    Ok(())
}

/// Writes the chain's specification with its genesis state, once for all nodes: making that state takes each of them seconds.
async fn chain_spec(options: &Options, base_path: &Path) -> Result<PathBuf> {
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

/// Where the nodes of all networks of this user keep compiled runtimes.
fn wasm_cache() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home).unwrap_or_else(std::env::temp_dir);
    cache.join("strike").join("wasm")
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
async fn insert_app_key(binary: &Path, chain: &Path, base_path: &Path, suri: &str) -> Result<()> {
    let key_type = String::from_utf8_lossy(&APP_KEY_TYPE.0).into_owned();
    let mut command = Command::new(binary);
    command.args(["key", "insert", "--scheme", "sr25519", "--key-type", &key_type, "--suri", suri, "--chain"]);
    command.arg(chain).arg("--base-path").arg(base_path).kill_on_drop(true);
    run(binary, command, "KeyNotInserted").await
}

/// Where other nodes find it.
fn address(plan: &Plan) -> Ipv4Addr {
    plan.host.as_ref().map_or(Ipv4Addr::LOCALHOST, |host| host.peers)
}

fn arguments(plan: &Plan, all: &[Plan], chain: &Path, more: &[String]) -> Vec<String> {
    let mut args: Vec<String> = [
        "--chain",
        &chain.to_string_lossy(),
        "--wasm-cache",
        &wasm_cache().to_string_lossy(),
        "--base-path",
        &plan.base_path.to_string_lossy(),
        "--node-key-file",
        &node_key_file(&plan.base_path).to_string_lossy(),
        // Nothing of a local network is for other machines, nor for other networks on this one.
        "--listen-addr",
        &format!("/ip4/{}/tcp/{}", address(plan), plan.peers),
        "--no-mdns",
        "--rpc-port",
        &plan.rpc.to_string(),
        "--prometheus-port",
        &plan.prometheus.to_string(),
        "--no-telemetry",
    ]
    .map(str::to_owned)
    .into();
    match &plan.role {
        Role::Validator => args.push(format!("--{}", plan.name)),
        Role::Provider { .. } => args.extend(["--name".into(), plan.name.clone(), "--provider".into()]),
        Role::Full => args.extend(["--name".into(), plan.name.clone()]),
    }
    if plan.host.is_some() {
        args.extend(["--unsafe-rpc-external", "--rpc-cors", "all"].map(str::to_owned));
    }
    args.extend(plan.args.iter().cloned());
    let others = all.iter().filter(|other| other.name != plan.name);
    for other in others {
        args.push("--bootnodes".into());
        args.push(format!("/ip4/{}/tcp/{}/p2p/{}", address(other), other.peers, other.peer_id));
    }
    args.extend(more.iter().cloned());
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(ports: Ports) -> Options {
        Options { ports, ..Options::new("strike-node".into()) }
    }

    #[test]
    fn peer_ids_are_as_libp2p_writes_them() {
        // The node key 0…01, whose id is in many a chain's documentation.
        let mut seed = [0u8; 32];
        seed[31] = 1;
        let public = ed25519::Pair::from_seed(&seed).public().0;
        assert_eq!(peer_id(&public), "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp");
    }

    #[test]
    fn nodes_keep_their_ids_and_get_ports_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let first = plan(&options(Ports::Free), folder.path()).unwrap();
        let second = plan(&options(Ports::Free), folder.path()).unwrap();
        let names: Vec<_> = first.iter().map(|plan| plan.name.as_str()).collect();
        assert_eq!(names, ["alice", "bob", "charlie", "dave", "eve"]);
        for (first, second) in first.iter().zip(&second) {
            assert_eq!(first.peer_id, second.peer_id);
        }
        let mut ports: Vec<_> = first.iter().flat_map(|plan| [plan.rpc, plan.peers, plan.prometheus]).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 15);
    }

    #[test]
    fn a_taken_port_is_replaced() {
        let (_held, taken) = free_port(None).unwrap();
        let (_other, port) = free_port(Some(taken)).unwrap();
        assert_ne!(port, taken);
    }

    #[test]
    fn every_node_gets_its_role() {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options { full_nodes: vec!["rpc".into()], ..options(Ports::Free) };
        options.validators[3].args = vec!["--offchain-worker".into(), "never".into()];
        let plans = plan(&options, folder.path()).unwrap();
        let args = |index: usize| arguments(&plans[index], &plans, Path::new("spec.json"), &["--extra".into()]);
        assert!(args(0).contains(&"--alice".to_owned()) && !args(0).contains(&"--provider".to_owned()));
        assert!(args(4).contains(&"--provider".to_owned()) && !args(4).contains(&"--eve".to_owned()));
        assert!(["--rpc", "--provider", "--validator"].iter().all(|role| !args(5).contains(&role.to_string())));
        assert!(args(3).contains(&"never".to_owned()) && !args(2).contains(&"never".to_owned()));
        assert_eq!(args(2).iter().filter(|arg| *arg == "--bootnodes").count(), 5);
        assert_eq!(args(2).last().map(String::as_str), Some("--extra"));
    }
}

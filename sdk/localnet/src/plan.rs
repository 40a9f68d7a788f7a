//! What is known of each node before any starts: name, folder, ports, network key, arguments.

use crate::options::{Host, Options, Ports};
use sp_core::{ed25519, Pair};
use std::{
    fs,
    io::Write,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};
use strike_chain::{Error, Result};

/// The first ports: JSON-RPC, peers, Prometheus.
const DEFAULT_PORTS: [u16; 3] = [9_944, 30_333, 9_615];

/// What is known of a node before it starts.
pub(crate) struct Plan {
    pub name: String,
    pub role: Role,
    pub binary: Option<PathBuf>,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    pub host: Option<Host>,
    pub base_path: PathBuf,
    pub rpc: u16,
    peers: u16,
    prometheus: u16,
    peer_id: String,
}

/// What a node is for.
pub(crate) enum Role {
    Validator,
    Provider { app_key: String },
    Full,
}

/// Names, folders, ports and peer ids of all nodes.
pub(crate) fn plan(options: &Options, base_path: &Path) -> Result<Vec<Plan>> {
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
            options.progress.tell(format!("port {wanted} is taken, {what} uses {port}"));
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

/// Where the nodes of all networks of this user keep compiled runtimes.
fn wasm_cache() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home).unwrap_or_else(std::env::temp_dir);
    cache.join("strike").join("wasm")
}

/// Where other nodes find it.
fn address(plan: &Plan) -> Ipv4Addr {
    plan.host.as_ref().map_or(Ipv4Addr::LOCALHOST, |host| host.peers)
}

/// The arguments of one node among all: its own, the others as boot nodes, and `more`.
pub(crate) fn arguments(plan: &Plan, all: &[Plan], chain: &Path, more: &[String]) -> Vec<String> {
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

//! What a network is made of.

use std::{collections::BTreeMap, net::Ipv4Addr, path::PathBuf};
use strike_chain::Progress;

/// The validators of the chain `local`, which vote with the keys of these names.
pub const VALIDATORS: [&str; 4] = ["alice", "bob", "charlie", "dave"];

/// Which ports the nodes listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// From 9944 (JSON-RPC), 30333 (peers) and 9615 (Prometheus); free ones instead of those that are taken.
    Default,
    /// From this one, 100 and 200 above it; free ones instead of those that are taken.
    From(u16),
    /// Any free ones: for tests that run side by side.
    Free,
}

/// A validator of a network.
#[derive(Clone, Debug)]
pub struct Validator {
    /// Its name, one of [`VALIDATORS`].
    pub name: String,
    /// Its binary, if not that of all nodes.
    pub binary: Option<PathBuf>,
    /// Arguments for it alone.
    pub args: Vec<String>,
    /// Environment variables for it alone.
    pub env: Vec<(String, String)>,
}

impl Validator {
    /// The four of the chain `local`.
    pub fn all() -> Vec<Self> {
        let plain = |name: &str| Self { name: name.into(), binary: None, args: Vec::new(), env: Vec::new() };
        VALIDATORS.into_iter().map(plain).collect()
    }
}

/// A provider of a network.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its name, in lower case.
    pub name: String,
    /// Secret URI of its app key.
    pub app_key: String,
    /// Its binary, if not that of all nodes.
    pub binary: Option<PathBuf>,
    /// Environment variables for it alone.
    pub env: Vec<(String, String)>,
}

impl Provider {
    /// The provider of the chain `local`: Eve.
    pub fn eve() -> Self {
        Self { name: "eve".into(), app_key: "//Eve".into(), binary: None, env: Vec::new() }
    }
}

/// A Linux network namespace that a node runs in, so that its network can be cut. Needs root and the command `ip`.
#[derive(Clone, Debug)]
pub struct Host {
    /// Name of the namespace.
    pub namespace: String,
    /// Its address for other nodes.
    pub peers: Ipv4Addr,
    /// Its address for this process, where the node answers JSON-RPC. Nobody else may reach it: all methods are open there.
    pub rpc: Ipv4Addr,
}

/// How to start a network.
#[derive(Clone, Debug)]
pub struct Options {
    /// The strike-node binary.
    pub binary: PathBuf,
    /// The file of the chain's specification, instead of that of the chain `local`.
    pub chain_spec: Option<PathBuf>,
    /// Where data and logs are kept; what is there is gone on from. By default a new temporary folder.
    pub base_path: Option<PathBuf>,
    /// Whether a temporary folder stays.
    pub keep: bool,
    /// Ports.
    pub ports: Ports,
    /// Nodes that author, finalize and check.
    pub validators: Vec<Validator>,
    /// Nodes that serve jobs and are no validators.
    pub providers: Vec<Provider>,
    /// Names of nodes that follow the chain and answer JSON-RPC, and do nothing else.
    pub full_nodes: Vec<String>,
    /// Where nodes run that have a network of their own, by name.
    pub hosts: BTreeMap<String, Host>,
    /// Folders of models that every node has.
    pub models: Vec<PathBuf>,
    /// More arguments for every node.
    pub node_args: Vec<String>,
    /// Hears of ports that are taken and folders that stay, and what connections have to tell. Silent by default.
    pub progress: Progress,
}

impl Options {
    /// Four validators and Eve in a temporary folder, on free ports.
    pub fn new(binary: PathBuf) -> Self {
        Self {
            binary,
            chain_spec: None,
            base_path: None,
            keep: false,
            ports: Ports::Free,
            validators: Validator::all(),
            providers: vec![Provider::eve()],
            full_nodes: Vec::new(),
            hosts: BTreeMap::new(),
            models: Vec::new(),
            node_args: Vec::new(),
            progress: Progress::default(),
        }
    }
}

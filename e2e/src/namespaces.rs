//! A network of two halves that can be cut: each node in a Linux network namespace of its own, each half on a bridge of its own,
//! and one link between the bridges. This process reaches every node over a third bridge, which stays.

use std::{collections::BTreeMap, net::Ipv4Addr, process::Command};
use strike_localnet::Host;

/// The two halves and what they are made of. All of it goes when this is dropped.
pub struct Halves {
    /// Begins the names of all devices and namespaces, which may have 15 characters.
    id: String,
    hosts: BTreeMap<String, Host>,
}

impl Halves {
    /// Makes the halves; an error says why this machine cannot.
    pub fn make(halves: [&[&str]; 2]) -> Result<Self, String> {
        let process = std::process::id();
        let network = u8::try_from(process % 200).unwrap_or_default() + 20;
        let mut made = Self { id: format!("s{process}"), hosts: BTreeMap::new() };
        let id = made.id.clone();
        for bridge in ["a", "b", "m"] {
            ip(&format!("link add {id}{bridge} type bridge"))?;
            ip(&format!("link set {id}{bridge} up"))?;
        }
        ip(&format!("addr add 10.{network}.2.254/24 dev {id}m"))?;
        ip(&format!("link add {id}x type veth peer name {id}y"))?;
        for (end, bridge) in [("x", "a"), ("y", "b")] {
            ip(&format!("link set {id}{end} master {id}{bridge} up"))?;
        }
        let nodes =
            halves.into_iter().zip(["a", "b"]).flat_map(|(names, half)| names.iter().map(move |name| (*name, half)));
        for (index, (name, half)) in (1u8..).zip(nodes) {
            let namespace = format!("{id}n{index}");
            ip(&format!("netns add {namespace}"))?;
            let host = Host {
                namespace: namespace.clone(),
                peers: Ipv4Addr::new(10, network, 1, index),
                rpc: Ipv4Addr::new(10, network, 2, index),
            };
            for (what, bridge, address) in [("p", half, host.peers), ("r", "m", host.rpc)] {
                ip(&format!("link add {id}{what}{index} type veth peer name {what} netns {namespace}"))?;
                ip(&format!("link set {id}{what}{index} master {id}{bridge} up"))?;
                ip(&format!("-n {namespace} addr add {address}/24 dev {what}"))?;
                ip(&format!("-n {namespace} link set {what} up"))?;
            }
            ip(&format!("-n {namespace} link set lo up"))?;
            made.hosts.insert(name.to_owned(), host);
        }
        Ok(made)
    }

    /// Where the nodes run.
    pub fn hosts(&self) -> BTreeMap<String, Host> {
        self.hosts.clone()
    }

    /// Cuts the halves apart: nothing passes, and nobody is told.
    pub fn cut(&self) {
        self.link("down");
    }

    /// Joins them again.
    pub fn heal(&self) {
        self.link("up");
    }

    fn link(&self, state: &str) {
        ip(&format!("link set {}x {state}", self.id)).unwrap_or_else(|error| panic!("{error}"));
    }
}

impl Drop for Halves {
    fn drop(&mut self) {
        // What a namespace holds goes with it, and with one end of a link the other. What was never made is not there.
        for index in 1..=self.hosts.len() + 1 {
            let _ = ip(&format!("netns delete {}n{index}", self.id));
        }
        for device in ["x", "a", "b", "m"] {
            let _ = ip(&format!("link delete {}{device}", self.id));
        }
    }
}

/// `ip ARGUMENTS`
fn ip(arguments: &str) -> Result<(), String> {
    let output = Command::new("ip").args(arguments.split(' ')).output().map_err(|error| format!("ip: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("ip {arguments}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

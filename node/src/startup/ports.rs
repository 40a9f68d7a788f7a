//! The ports that a node listens on: free, or it does not start.
//!
//! The SDK goes on where one is taken: with JSON-RPC on another port, so that commands reach another node, perhaps of another chain;
//! without metrics; or with a port for peers that two nodes share.

use super::{command_line::CommandLine, problem::Problem};
use sc_service::Configuration;
use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
};

/// How many ports above a taken one are tried to find a free one to propose.
const PROPOSED: u16 = 200;

/// A port that the node is to listen on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Port {
    what: &'static str,
    address: SocketAddr,
    /// The node goes on without it, unless somebody else has it.
    is_optional: bool,
    /// The option that changes it, and its value but for the port.
    option: Option<(&'static str, Value)>,
}

/// The value of an option that names a port.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Value {
    /// The port alone.
    Number,
    /// An address of libp2p, up to the port and behind it.
    Multiaddress(String, String),
}

impl Port {
    fn value(&self, port: u16) -> Option<(&'static str, String)> {
        let (option, value) = self.option.as_ref()?;
        let value = match value {
            Value::Number => port.to_string(),
            Value::Multiaddress(before, behind) => format!("{before}{port}{behind}"),
        };
        Some((*option, value))
    }
}

/// The TCP port of an address of libp2p.
fn tcp(address: &str) -> Option<(SocketAddr, String, String)> {
    let parts: Vec<&str> = address.split('/').collect();
    let (["", "ip4" | "ip6", ip, "tcp", port], behind) = parts.split_at_checked(5)? else { return None };
    let socket = SocketAddr::new(ip.parse::<IpAddr>().ok()?, port.parse().ok()?);
    let before = address.get(..address.find("/tcp/")?.checked_add(5)?)?;
    let behind: String = behind.iter().flat_map(|part| ["/", *part]).collect();
    Some((socket, before.into(), behind))
}

/// All ports of a configuration. Those of endpoints that were asked for one by one may be any, if that was asked for.
pub(super) fn of(config: &Configuration, options: &sc_cli::RunCmd) -> Vec<Port> {
    let is_plain = options.rpc_params.experimental_rpc_endpoint.is_empty();
    let endpoints = config.rpc.addr.iter().flatten().filter(|endpoint| is_plain || !endpoint.retry_random_port);
    let rpc = endpoints.map(|endpoint| Port {
        what: "JSON-RPC",
        address: endpoint.listen_addr,
        is_optional: endpoint.is_optional,
        option: is_plain.then_some(("--rpc-port", Value::Number)),
    });
    let prometheus = config.prometheus_config.iter().map(|prometheus| Port {
        what: "Prometheus",
        address: prometheus.port,
        is_optional: false,
        option: Some(("--prometheus-port", Value::Number)),
    });
    let is_given = !options.network_params.listen_addr.is_empty();
    let peers = config.network.listen_addresses.iter().filter_map(|address| {
        let (address, before, behind) = tcp(&address.to_string())?;
        let option =
            if is_given { ("--listen-addr", Value::Multiaddress(before, behind)) } else { ("--port", Value::Number) };
        Some(Port { what: "peers", address, is_optional: true, option: Some(option) })
    });
    rpc.chain(prometheus).chain(peers).collect()
}

/// Whether nobody listens at an address.
pub(super) fn bind(address: SocketAddr) -> io::Result<()> {
    TcpListener::bind(address).map(drop)
}

fn overlap(one: &Port, other: &Port) -> bool {
    let (a, b) = (one.address, other.address);
    let is_same = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
    one.what != other.what && a.port() != 0 && a.port() == b.port() && is_same
}

/// Why the node cannot have a port, behind the ones `before` it.
fn refusal(port: &Port, before: &[Port], bind: impl Fn(SocketAddr) -> io::Result<()>) -> Option<String> {
    let Port { what, address, is_optional, .. } = port;
    if let Some(other) = before.iter().find(|other| overlap(other, port)) {
        return Some(format!("{} and {what} are both to have port {}", other.what, address.port()));
    }
    if address.port() == 0 {
        return None;
    }
    match bind(*address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Some(format!("{address}, for {what}, is taken")),
        Err(error) if !is_optional => Some(format!("{address}, for {what}, cannot be had: {error}")),
        Ok(()) | Err(_) => None,
    }
}

/// A problem with the ports that the node cannot have, if there are such, and the line with which it has all.
pub(super) fn check(
    ports: &[Port],
    line: &CommandLine,
    bind: impl Fn(SocketAddr) -> io::Result<()>,
) -> Result<(), Problem> {
    let mut refused: Vec<(&Port, String)> = Vec::new();
    for (at, port) in ports.iter().enumerate() {
        // IPv4 and IPv6 have one option.
        if refused.iter().any(|(other, _)| other.what == port.what) {
            continue;
        }
        let before = ports.get(..at).unwrap_or_default();
        refused.extend(refusal(port, before, &bind).map(|why| (port, why)));
    }
    if refused.is_empty() {
        return Ok(());
    }
    let mut used: Vec<u16> = ports.iter().map(|port| port.address.port()).collect();
    let mut mended = Some(line.clone());
    for (port, _) in &refused {
        let is_free = |number: &u16| {
            let mut alike = ports.iter().filter(|other| other.what == port.what);
            !used.contains(number)
                && alike.all(|other| is_not_taken(bind(SocketAddr::new(other.address.ip(), *number))))
        };
        let free = (1..=PROPOSED).filter_map(|step| port.address.port().checked_add(step)).find(is_free);
        used.extend(free);
        let value = free.and_then(|number| port.value(number));
        mended = mended.zip(value).map(|(line, (option, value))| line.with(option, &value));
    }
    let why: Vec<String> = refused.into_iter().map(|(_, why)| why).collect();
    let what = format!(
        "this node cannot have its ports: {}. Perhaps another node runs here: end it, or start this one with other ports{}",
        why.join("; "),
        if mended.is_some() { ":" } else { "" },
    );
    Err(Problem::new(what, mended.map(|line| line.line())))
}

/// An address that this machine does not have is nobody else's.
fn is_not_taken(bound: io::Result<()>) -> bool {
    bound.map_or_else(|error| error.kind() == io::ErrorKind::AddrNotAvailable, |()| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(what: &'static str, address: &str, option: &'static str) -> Port {
        let address = address.parse().expect("an address");
        Port { what, address, is_optional: false, option: Some((option, Value::Number)) }
    }

    fn line() -> CommandLine {
        CommandLine::of_words(["strike-node", "--rpc-port", "9944", "--tmp"])
    }

    /// A machine on which these ports are taken.
    fn taken(ports: &'static [u16]) -> impl Fn(SocketAddr) -> io::Result<()> {
        move |address| match ports.contains(&address.port()) {
            true => Err(io::ErrorKind::AddrInUse.into()),
            false => Ok(()),
        }
    }

    #[test]
    fn a_taken_port_ends_the_start_and_a_free_one_is_proposed() {
        let rpc = port("JSON-RPC", "127.0.0.1:9944", "--rpc-port");
        let metrics = port("Prometheus", "127.0.0.1:9946", "--prometheus-port");
        let ports = [rpc, metrics];
        assert!(check(&ports, &line(), taken(&[9945])).is_ok());
        let told = check(&ports, &line(), taken(&[9944, 9945])).expect_err("it is taken").to_string();
        assert!(told.contains("127.0.0.1:9944") && told.contains("JSON-RPC"), "{told}");
        assert!(
            told.ends_with("\n  strike-node --tmp --rpc-port 9947"),
            "neither a taken one nor another of its own: {told}"
        );
        let told = check(&ports, &line(), taken(&[9946])).expect_err("it is taken").to_string();
        assert!(told.ends_with("\n  strike-node --rpc-port 9944 --tmp --prometheus-port 9947"), "{told}");
        // One line mends all of them, as beside another node with the same options.
        let told = check(&ports, &line(), taken(&[9944, 9946])).expect_err("both are taken").to_string();
        assert!(
            told.contains("127.0.0.1:9944, for JSON-RPC, is taken; 127.0.0.1:9946, for Prometheus, is taken"),
            "{told}"
        );
        assert!(told.ends_with("\n  strike-node --tmp --rpc-port 9945 --prometheus-port 9947"), "{told}");
    }

    #[test]
    fn also_where_the_node_could_do_without_it() {
        // Somebody who looks up `localhost` may get the other node.
        let optional = [Port { is_optional: true, ..port("JSON-RPC", "[::1]:9944", "--rpc-port") }];
        assert!(check(&optional, &line(), taken(&[9944])).is_err());
        let none = |_: SocketAddr| -> io::Result<()> { Err(io::ErrorKind::AddrNotAvailable.into()) };
        assert!(check(&optional, &line(), none).is_ok(), "a machine without IPv6");
        assert!(check(&[port("JSON-RPC", "10.9.9.9:9944", "--rpc-port")], &line(), none).is_err());
    }

    #[test]
    fn two_of_the_nodes_own_must_not_meet() {
        let ports = [port("JSON-RPC", "127.0.0.1:9944", "--rpc-port"), port("peers", "0.0.0.0:9944", "--port")];
        let told = check(&ports, &line(), taken(&[])).expect_err("they meet").to_string();
        assert!(told.contains("JSON-RPC and peers"), "{told}");
        let any = [port("JSON-RPC", "127.0.0.1:0", "--rpc-port"), port("peers", "0.0.0.0:0", "--port")];
        assert!(check(&any, &line(), taken(&[0])).is_ok());
    }

    #[test]
    fn a_port_that_really_is_taken_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let ports = [port("JSON-RPC", &address.to_string(), "--rpc-port")];
        assert!(check(&ports, &line(), bind).is_err());
        drop(listener);
        assert!(check(&ports, &line(), bind).is_ok());
    }

    #[test]
    fn ports_for_peers_are_read_from_their_addresses() {
        let (address, before, behind) = tcp("/ip4/127.0.0.1/tcp/30333/ws").expect("a TCP address");
        assert_eq!(
            (address.to_string().as_str(), before.as_str(), behind.as_str()),
            ("127.0.0.1:30333", "/ip4/127.0.0.1/tcp/", "/ws")
        );
        assert_eq!(tcp("/ip6/::/tcp/1").map(|(address, ..)| address.to_string()), Some("[::]:1".into()));
        for other in ["/ip4/0.0.0.0/udp/30333/webrtc-direct", "/dns/example.org/tcp/1", "/ip4/127.0.0.1", ""] {
            assert_eq!(tcp(other), None, "{other}");
        }
        let option = Some(("--listen-addr", Value::Multiaddress(before, behind)));
        let port = Port { what: "peers", address, is_optional: true, option };
        assert_eq!(port.value(7), Some(("--listen-addr", "/ip4/127.0.0.1/tcp/7/ws".into())));
    }
}

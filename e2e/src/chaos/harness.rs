//! Carries a schedule out, and keeps account of who was down when.
//!
//! Its rule: of four validators at most one is down or catching up at any time, so the rest finalize. Provider and RPC node may
//! be down beside it. A node is disturbed again only once it has caught up.

use super::{Action, Disturbance, Target};
use std::time::{Duration, Instant};
use strike_chain::client::Methods;
use strike_localnet::{Network, NodeProcess, VALIDATORS};
use strike_primitives::BlockNumber;
use subxt::rpcs::RpcClient;

/// The provider.
pub const PROVIDER: &str = "eve";
/// The node that takes the orders.
pub const RPC: &str = "rpc";

/// How long a node may take to answer before it counts as not being there.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a node may take to catch up after its outage.
const RECOVERY: Duration = Duration::from_secs(180);
/// Between two looks at the nodes.
const TICK: Duration = Duration::from_millis(250);
/// Blocks by which a node that has caught up may be behind.
const BEHIND: BlockNumber = 2;

/// When a node could not work, in heights of the chain, never shorter than it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Downtime {
    /// Who.
    pub node: &'static str,
    /// The last final block before.
    pub from: BlockNumber,
    /// The best block when it had caught up.
    pub to: BlockNumber,
}

/// A node that is down or catches up.
struct Outage {
    node: &'static str,
    action: Action,
    until: Instant,
    from: BlockNumber,
    /// When it was let go on.
    restored: Option<Instant>,
}

/// See the module.
pub struct Harness {
    /// The network.
    pub network: Network,
    /// Outages that are over.
    pub downtimes: Vec<Downtime>,
    /// Disturbances carried out.
    pub done: usize,
    outages: Vec<Outage>,
    /// The highest final block that was seen.
    finalized: BlockNumber,
}

impl Harness {
    /// A harness for a network in which all is well.
    pub fn new(network: Network) -> Self {
        Self { network, downtimes: Vec::new(), done: 0, outages: Vec::new(), finalized: 0 }
    }

    /// Carries one disturbance out as soon as its target, and for a validator all validators, have caught up.
    pub async fn disturb(&mut self, disturbance: &Disturbance) {
        let node = name(disturbance.target);
        while self.must_wait(disturbance.target) {
            self.tick().await;
        }
        let (_, from) = self.heights(Some(node)).await;
        let process = self.network.node_mut(node).unwrap_or_else(|error| panic!("{error}"));
        match disturbance.action {
            Action::Kill => process.kill().await,
            Action::Pause => process.pause(),
        }
        let until = Instant::now() + disturbance.outage;
        self.outages.push(Outage { node, action: disturbance.action, until, from, restored: None });
        self.done += 1;
        let next = Instant::now() + disturbance.gap;
        while Instant::now() < next {
            self.tick().await;
        }
    }

    /// Waits until every node is there and has caught up.
    pub async fn recover(&mut self) {
        while !self.outages.is_empty() {
            self.tick().await;
        }
    }

    fn must_wait(&self, target: Target) -> bool {
        self.outages.iter().any(|outage| match target {
            Target::Validator(_) => VALIDATORS.contains(&outage.node),
            _ => outage.node == name(target),
        })
    }

    /// Ends outages that are over, and notes who has caught up.
    async fn tick(&mut self) {
        tokio::time::sleep(TICK).await;
        self.assert_nobody_died();
        for outage in &mut self.outages {
            if outage.restored.is_none() && outage.until <= Instant::now() {
                let process = self.network.node_mut(outage.node).unwrap_or_else(|error| panic!("{error}"));
                match outage.action {
                    Action::Kill => process.restart().await.unwrap_or_else(|error| panic!("{error}")),
                    Action::Pause => process.resume(),
                }
                outage.restored = Some(Instant::now());
            }
        }
        let recovering: Vec<&'static str> =
            self.outages.iter().filter(|outage| outage.restored.is_some()).map(|outage| outage.node).collect();
        for node in recovering {
            let (best, finalized) = self.heights(Some(node)).await;
            let own = height(self.url(node), true).await;
            if own.is_some_and(|own| own + BEHIND >= finalized) {
                let at = self.outages.iter().position(|outage| outage.node == node).expect("it was there");
                let outage = self.outages.remove(at);
                self.downtimes.push(Downtime { node, from: outage.from, to: best });
            }
        }
        for outage in &self.outages {
            let since = outage.restored.map(|restored| restored.elapsed()).unwrap_or_default();
            assert!(since < RECOVERY, "{} does not catch up; its log: {:?}", outage.node, self.log(outage.node));
        }
    }

    /// The highest best and final blocks, by the validators that are up and are not `except`.
    async fn heights(&mut self, except: Option<&str>) -> (BlockNumber, BlockNumber) {
        let down: Vec<&str> = self.outages.iter().map(|outage| outage.node).chain(except).collect();
        let mut best = self.finalized;
        for validator in VALIDATORS.into_iter().filter(|name| !down.contains(name)) {
            let url = self.url(validator).to_owned();
            if let (Some(top), Some(last)) = (height(&url, false).await, height(&url, true).await) {
                best = best.max(top);
                self.finalized = self.finalized.max(last);
                break;
            }
        }
        (best.max(self.finalized), self.finalized)
    }

    /// A process that ended by itself is a fault of its own, whatever was done to it.
    fn assert_nobody_died(&mut self) {
        let names: Vec<String> = self.network.nodes().iter().map(|node| node.name().to_owned()).collect();
        for name in names {
            let node = self.network.node_mut(&name).unwrap_or_else(|error| panic!("{error}"));
            if let Some(death) = node.death() {
                panic!("{death}");
            }
        }
    }

    fn node(&self, name: &str) -> &NodeProcess {
        self.network.node(name).unwrap_or_else(|error| panic!("{error}"))
    }

    fn url(&self, name: &str) -> &str {
        self.node(name).url()
    }

    fn log(&self, name: &str) -> &std::path::Path {
        self.node(name).log()
    }
}

fn name(target: Target) -> &'static str {
    match target {
        Target::Provider => PROVIDER,
        Target::Validator(index) => VALIDATORS[index],
        Target::Rpc => RPC,
    }
}

/// A node's best or last final block; `None` if it does not answer.
async fn height(url: &str, finalized: bool) -> Option<BlockNumber> {
    let ask = async {
        let methods = Methods::new(RpcClient::from_insecure_url(url).await.ok()?);
        let block = if finalized { Some(methods.chain_get_finalized_head().await.ok()?) } else { None };
        let header = methods.chain_get_header(block).await.ok()??;
        BlockNumber::try_from(header.number).ok()
    };
    tokio::time::timeout(PATIENCE, ask).await.ok().flatten()
}

//! Two nodes by mistake with the same app key, a provider's or a validator's: jobs settle as ever, nothing counts twice, nobody is
//! punished, and the nodes of the provider warn loudly of a doppelganger.
//!
//! Only app keys are shared. Two nodes with one validator's consensus keys make two blocks in one slot and vote twice in one round;
//! that is the offence itself, which the chain reports whatever the reason, so there is no harmless way to do it.

use strike_chain::outcome::is_valid;
use strike_e2e::{
    faults::{account, orders, receipt, Beginning, DEADLINE, REQUESTER},
    jobs::{closed, submit_all},
    network,
};
use strike_localnet::{Network, Provider};

/// Jobs of the test.
const JOBS: usize = 16;
/// The provider, and the node with its key.
const PROVIDERS: [&str; 2] = ["eve", "eve-doppelganger"];
/// The node with the app key of a validator.
const CHECKER: &str = "dave-doppelganger";
/// What the worker says when it finds a commitment with its key that is not its own.
const WARNING: &str = "ANOTHER NODE WORKS WITH THIS NODE'S KEY";

fn doppelganger(name: &str, app_key: &str) -> Provider {
    Provider { name: name.into(), app_key: app_key.into(), ..Provider::eve() }
}

fn log(network: &Network, name: &str) -> String {
    let node = network.node(name).unwrap_or_else(|error| panic!("{error}"));
    std::fs::read_to_string(node.log()).expect("a node has a log")
}

/// Lines of a node's log with this text.
fn count(network: &Network, name: &str, text: &str) -> usize {
    log(network, name).lines().filter(|line| line.contains(text)).count()
}

#[tokio::test]
async fn two_nodes_with_one_key_do_no_harm() {
    let mut network = network::start(|options| {
        options.providers.push(doppelganger(PROVIDERS[1], "//Eve"));
        options.providers.push(doppelganger(CHECKER, "//Dave"));
    })
    .await;
    let chain = network.connect("alice").await.unwrap_or_else(|error| panic!("{error}"));
    let beginning = Beginning::of(&chain).await;
    let jobs = submit_all(&chain, &orders(None, JOBS, DEADLINE), REQUESTER).await;
    let infos = closed(&chain, &jobs).await;
    for info in &infos {
        assert!(is_valid(info), "{info:?}");
        assert_eq!(receipt(info).verdicts, 4, "each validator has one voice: {info:?}");
    }
    let history = beginning.check(&chain, &infos, &[account(REQUESTER)]).await;
    assert!(history.failures.is_empty(), "{:?}", history.failures);
    assert_eq!(history.offences, 0);

    // All of them work: who ran nothing would prove nothing.
    for name in [PROVIDERS[0], PROVIDERS[1], CHECKER, "dave"] {
        assert!(count(&network, name, "Published job") > 0, "{name} has no part in it");
    }
    // Each commitment is that of one of the two, and the other one says so.
    let warned: usize = PROVIDERS.iter().map(|name| count(&network, name, WARNING)).sum();
    eprintln!("{JOBS} jobs, {warned} warnings");
    for job in &jobs {
        let told = format!("the result of job {job} was committed to with");
        assert_eq!(PROVIDERS.iter().filter(|name| log(&network, name).contains(&told)).count(), 1, "job {job}");
    }
    // Validators' nodes hold no key of a provider.
    assert_eq!(count(&network, "dave", WARNING) + count(&network, CHECKER, WARNING), 0);
    network.stop().await;
}

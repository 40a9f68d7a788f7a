//! A chain of an older release gets today's runtime while jobs are open in every state: nothing is lost, nobody is punished, and
//! whoever was connected goes on.
//!
//! The chain begins with an older runtime, `e2e/runtimes/baseline.wasm`, which `scripts/old-runtime.sh` built from a commit with a lower
//! `spec_version`. Its storage is today's, so the test puts the market's back to version 0, and the upgrade migrates it.

use codec::{Decode, Encode};
use sp_crypto_hashing::twox_128;
use std::{path::PathBuf, time::Duration};
use strike_chain::{keys, outcome::is_valid, Chain};
use strike_e2e::{
    command::{binary, javascript, run, strike},
    faults::{account, orders, receipt, Beginning, DEADLINE, REQUESTER},
    jobs::{self, closed, submit_all},
    network,
    observer::Observer,
    transactions::{self, send, signed},
};
use strike_localnet::{Network, VALIDATORS};
use strike_primitives::{
    api::{JobInfo, JobStatus},
    job::JobOrder,
    receipt::CloseReason,
    JobId, H256,
};
use strike_runtime::{RuntimeCall, VERSION};
use strike_runtime_wasm::WASM_BINARY;
use subxt::rpcs::methods::legacy::{NumberOrHex, RuntimeVersion};
use tokio::process::Command;

/// The runtime that the chain begins with.
const OLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/runtimes/baseline.wasm");
/// Who has the chain's root key.
const ROOT: &str = "alice";
/// Jobs ordered with every block.
const AT_ONCE: usize = 2;
/// Blocks in which an order waits that nobody takes: until after the upgrade.
const WAITS: u32 = 25;
/// Blocks in which the states have to meet: more than twice the life of a job.
const BLOCKS: usize = 40;
/// Holds any of today's runtimes.
const MOST_BYTES: usize = 50 << 20;
/// A number of waiting jobs that is far from true, and stays so until it is migrated.
const MISCOUNT: u32 = 1_000;

/// How far the open jobs are.
#[derive(Debug, Default, PartialEq, Eq)]
struct States {
    pending: usize,
    assigned: usize,
    committed: usize,
    sealed: usize,
}

impl States {
    fn of(infos: &[JobInfo]) -> Self {
        let mut states = Self::default();
        for info in infos {
            match info.status {
                JobStatus::Pending { .. } => states.pending += 1,
                JobStatus::Assigned { .. } => states.assigned += 1,
                JobStatus::Committed { sealed: 0, .. } => states.committed += 1,
                JobStatus::Committed { .. } => states.sealed += 1,
                JobStatus::Judged { .. } | JobStatus::Closed { .. } => {}
            }
        }
        states
    }

    fn all(&self) -> bool {
        [self.pending, self.assigned, self.committed, self.sealed].iter().all(|count| *count > 0)
    }
}

/// The specification of the chain `local` as the old release began it.
async fn old_chain(folder: &std::path::Path) -> PathBuf {
    let file = folder.join("old.json");
    let mut command = Command::new(binary("strike-node"));
    command.args(["export-chain-spec", "--chain", "local", "--output"]).arg(&file);
    run(command).await.succeeded();
    let text = std::fs::read_to_string(&file).expect("the node wrote it");
    let mut spec: serde_json::Value = serde_json::from_str(&text).expect("a specification is JSON");
    let code = std::fs::read(OLD).unwrap_or_else(|error| {
        panic!("{OLD}: {error}; `scripts/old-runtime.sh COMMIT {OLD}` builds it from an older commit")
    });
    let hex: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
    let place = spec.pointer_mut("/genesis/runtimeGenesis/code").expect("a plain specification has its runtime");
    *place = format!("0x{hex}").into();
    std::fs::write(&file, spec.to_string()).expect("the folder can be written");
    file
}

/// Today's runtime, as a release build compresses it.
fn new_runtime(folder: &std::path::Path) -> PathBuf {
    let wasm = WASM_BINARY.expect("the runtime was built");
    let compressed = sp_maybe_compressed_blob::compress_weakly(wasm, MOST_BYTES).expect("it is not too large");
    let file = folder.join("new.wasm");
    std::fs::write(&file, compressed).expect("the folder can be written");
    file
}

/// An order that no provider takes for its price.
fn too_cheap() -> JobOrder {
    let JobOrder::V1(order) = jobs::order("Tell me about nobody.", WAITS);
    JobOrder::V1(strike_primitives::job::JobOrderV1 { max_price: 1_000_000, ..order })
}

async fn all_jobs(chain: &Chain) -> Vec<JobInfo> {
    chain.jobs(Some(account(REQUESTER)), u32::MAX).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Orders with every block until jobs are in every state at once.
async fn fill(chain: &Chain) {
    submit_all(chain, &[too_cheap()], REQUESTER).await;
    for _ in 0..BLOCKS {
        // A new order that waits, before the last one is given up.
        let mut some = orders(None, AT_ONCE, DEADLINE);
        let states = States::of(&all_jobs(chain).await);
        if states.all() {
            return;
        }
        if states.pending == 0 {
            some.push(too_cheap());
        }
        submit_all(chain, &some, REQUESTER).await;
    }
    panic!("jobs were not in every state at once within {BLOCKS} orders");
}

/// Orders with every block, some that wait too, until the upgrade is authorized: it comes with the next block, or the one after it.
async fn keep_ordering(chain: &Chain) {
    loop {
        let (block, key) =
            (chain.best().await.unwrap_or_else(|error| panic!("{error}")), key("System", "AuthorizedUpgrade"));
        if stored(chain, &key, block).await.is_some() {
            return;
        }
        let mut some = orders(None, AT_ONCE, DEADLINE);
        some.push(too_cheap());
        submit_all(chain, &some, REQUESTER).await;
    }
}

/// Where an entry of a pallet lies in the state.
fn key(pallet: &str, entry: &str) -> Vec<u8> {
    [pallet, entry].map(|name| twox_128(name.as_bytes())).concat()
}

async fn stored(chain: &Chain, key: &[u8], block: H256) -> Option<Vec<u8>> {
    let at = subxt::config::substrate::H256(block.0);
    chain.methods().state_get_storage(key, Some(at)).await.expect("a node reads state")
}

async fn decoded<T: Decode>(chain: &Chain, key: &[u8], block: H256) -> T {
    let bytes = stored(chain, key, block).await.expect("it is in the state");
    T::decode(&mut &bytes[..]).expect("it decodes")
}

/// Where the version of the market's storage lies, and the number of its waiting jobs.
fn migrated_keys() -> [Vec<u8>; 2] {
    [key("Market", ":__STORAGE_VERSION__:"), key("Market", "PendingCount")]
}

/// Puts the market's storage back to version 0, which did not count the jobs that wait. Returns when it is in the state.
async fn age(chain: &Chain, version: &RuntimeVersion) {
    let pair = keys::key_pair(ROOT).unwrap_or_else(|error| panic!("{error}"));
    let [version_key, count_key] = migrated_keys();
    let items = vec![(version_key.clone(), 0u16.encode()), (count_key, MISCOUNT.encode())];
    let set = RuntimeCall::System(frame_system::Call::set_storage { items });
    let call = RuntimeCall::Sudo(pallet_sudo::Call::sudo { call: Box::new(set) });
    let nonce = transactions::nonce(chain, &account(ROOT)).await;
    assert_eq!(send(chain, &signed(chain.genesis(), version, call, nonce, &pair)).await, Ok(()));
    loop {
        let best = chain.best().await.unwrap_or_else(|error| panic!("{error}"));
        if decoded::<u16>(chain, &version_key, best).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test]
async fn open_jobs_outlive_an_upgrade_of_the_runtime() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let old = old_chain(folder.path()).await;
    let mut network = network::start(|options| options.chain_spec = Some(old)).await;
    let url = network::url(&network, "alice");
    // One connection for the whole test, as that of a client that never looks away.
    let chain = network.connect("alice").await.unwrap_or_else(|error| panic!("{error}"));
    let version = transactions::version(&chain).await;
    assert!(version.spec_version < VERSION.spec_version, "{OLD} is not older: {}", version.spec_version);
    let beginning = Beginning::of(&chain).await;

    age(&chain, &version).await;
    fill(&chain).await;
    let pair = keys::key_pair(REQUESTER).unwrap_or_else(|error| panic!("{error}"));
    let remark = |nonce| {
        let call = RuntimeCall::System(frame_system::Call::remark { remark: vec![] });
        signed(chain.genesis(), &version, call, nonce, &pair)
    };
    let file = new_runtime(folder.path());
    let file = file.to_string_lossy();
    let upgrade = ["upgrade", "--runtime", &file, "--key", ROOT];
    let (upgraded, _) = tokio::join!(strike(&url, &upgrade), keep_ordering(&chain));
    let upgraded = upgraded.succeeded().json();
    assert_eq!((&upgraded["from"], &upgraded["to"]), (&version.spec_version.into(), &VERSION.spec_version.into()));
    assert_eq!(upgraded["code_hash"].as_str().map(str::len), Some(66));

    // The block that brought the new runtime is the last one of the old: what was open then has to end well.
    let number = upgraded["number"].as_u64().expect("a height");
    let block = block_at(&chain, number).await;
    let infos = all_jobs(&chain).await;
    let mut ids: Vec<JobId> = infos.iter().map(|info| info.job).collect();
    let open = jobs_at(&chain, &ids, block).await;
    let states = States::of(&open);
    eprintln!("open when the runtime changed, in block {number}: {states:?}");
    assert!(states.all(), "{states:?}");
    assert_migrated(&chain, &ids, block, block_at(&chain, number + 1).await).await;

    // What was signed for the old runtime is worth nothing under the new one, and says so.
    let nonce = transactions::nonce(&chain, &account(REQUESTER)).await;
    let refused = send(&chain, &remark(nonce)).await;
    assert_eq!(refused, Err(sp_runtime::transaction_validity::InvalidTransaction::BadProof));

    // Ordered after it: over the connection from before, by the command, and by the JavaScript client.
    ids.extend(submit_all(&chain, &orders(None, AT_ONCE, DEADLINE), REQUESTER).await);
    let later = ["generate", "--prompt", "Once upon a time", "--max-tokens", "8", "--key", REQUESTER, "--wait"];
    let by_command = strike(&url, &[&["job"][..], &later].concat()).await.succeeded().json();
    ids.push(by_command["job"].as_u64().expect("a job id"));
    closed(&chain, &ids).await;
    // It compares the books itself, so it comes when nothing else moves them.
    ids.extend(javascript_jobs(&url).await);

    let infos = closed(&chain, &ids).await;
    for info in &infos {
        let receipt = receipt(info);
        match info.order == too_cheap() {
            true => assert_eq!(receipt.reason, CloseReason::NoProvider, "{receipt:?}"),
            false => assert!(is_valid(info) && receipt.verdicts >= 3, "{receipt:?}"),
        }
    }
    let history = beginning.check(&chain, &infos, &[account(REQUESTER), account(ROOT)]).await;
    assert!(history.failures.is_empty(), "nobody did anything wrong: {:?}", history.failures);
    assert_eq!(history.offences, 0);
    eprintln!(
        "{} jobs over the upgrade, {} of them open in its block",
        infos.len(),
        open.iter().filter(|it| !jobs::is_closed(it)).count()
    );

    // Nodes that were away at the upgrade, and one that was never there, come to the same chain.
    network.node_mut("dave").unwrap_or_else(|error| panic!("{error}")).kill().await;
    network.node_mut("dave").unwrap_or_else(|error| panic!("{error}")).restart().await.expect("it starts again");
    network.wait_until_finalizing().await.unwrap_or_else(|error| panic!("{error}"));
    let observer = Observer::start(&mut network, "bob").await;
    let after = block_at(&chain, number + 1).await;
    let mut blocks = observer.chain.client().stream_blocks().await.expect("a node streams blocks");
    while jobs::final_block(&observer.chain).await.1 <= number as u32 {
        blocks.next().await.expect("the stream goes on").expect("a block");
    }
    assert_eq!(block_at(&observer.chain, number + 1).await, after);
    assert_no_alarm(&mut network);
    network.stop().await;
}

async fn block_at(chain: &Chain, number: u64) -> H256 {
    let hash = chain.methods().chain_get_block_hash(Some(NumberOrHex::Number(number))).await;
    H256(hash.expect("a node knows its blocks").expect("the block is there").0)
}

/// The jobs that the JavaScript client ordered.
async fn javascript_jobs(url: &str) -> Vec<JobId> {
    let summary = javascript(url, &["--count", "1"]).await.succeeded().json();
    let jobs = summary["jobs"].as_array().expect("the client lists its jobs");
    jobs.iter().map(|job| job["job"].as_u64().expect("a job id")).collect()
}

/// These jobs as they stand in a block, without those that came later.
async fn jobs_at(chain: &Chain, ids: &[JobId], block: H256) -> Vec<JobInfo> {
    let mut infos = Vec::new();
    for job in ids {
        infos.extend(chain.job(*job, Some(block)).await.unwrap_or_else(|error| panic!("{error}")));
    }
    infos
}

/// The first block of the new runtime has the storage that its code expects. `ids` are those of all jobs until then.
async fn assert_migrated(chain: &Chain, ids: &[JobId], before: H256, after: H256) {
    let [version, count] = migrated_keys();
    assert_eq!(decoded::<u16>(chain, &version, before).await, 0);
    assert_eq!(decoded::<u16>(chain, &version, after).await, 1);
    assert!(decoded::<u32>(chain, &count, before).await > MISCOUNT / 2, "the old runtime goes on with what it is told");
    let waiting = States::of(&jobs_at(chain, ids, after).await).pending;
    assert_eq!(decoded::<u32>(chain, &count, after).await, waiting as u32);
}

/// No node died, and none saw another one work with its key.
fn assert_no_alarm(network: &mut Network) {
    for name in VALIDATORS.into_iter().chain(["eve"]) {
        let node = network.node_mut(name).unwrap_or_else(|error| panic!("{error}"));
        assert!(node.death().is_none(), "{:?}", node.death());
        let log = std::fs::read_to_string(node.log()).expect("a node has a log");
        for alarm in ["ANOTHER NODE WORKS", "panicked", "cannot be read"] {
            assert!(!log.contains(alarm), "{name} says {alarm:?}; its log: {}", node.log().display());
        }
    }
}

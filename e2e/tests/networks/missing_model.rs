//! Jobs of a model that nobody has, committed to by the only provider that says it has it: no validator can judge them, and they
//! delay nobody else's. A provider that takes many jobs at once does those first that are due first.

use strike_chain::{calls, outcome::is_valid, Chain};
use strike_e2e::{
    faults::{account, receipt, Beginning, REQUESTER},
    jobs::{self, builtin, closed, submit_all},
    key_holder::{bound, made_up, KeyHolder},
    network,
};
use strike_primitives::{
    api::{JobInfo, JobStatus},
    artifact::{ArtifactId, ArtifactKind},
    job::{JobOrder, VerificationClass},
    Balance, BlockNumber, JobId, H256, TOKEN,
};

/// The provider with a node, honest.
const EVE: &str = "eve";
/// A provider without a node: this test signs for it.
const MALLORY: &str = "//Mallory";
/// Who orders for her: nobody gets jobs of its own.
const ACCOMPLICE: &str = "one";
/// Models that nobody has: one for as many jobs as an ask takes at once.
const MODELS: u8 = 2;
/// The most that an ask takes at once.
const CAPACITY: u32 = 1_024;
/// Jobs of missing models.
const ATTACK: usize = 2_000;
/// Orders sent at once, so that the pool has room for everybody's.
const AT_ONCE: usize = 250;
/// Honest jobs, before and under the attack.
const HONEST: usize = 300;
/// Jobs that a provider has when others come that are due sooner.
const LONG: usize = 600;
/// Those that are due sooner.
const SHORT: usize = 30;
/// The longest deadline, in blocks.
const LONGEST: BlockNumber = 1_200;
/// Blocks for those that are due sooner: far less than all jobs take together.
const SOON: BlockNumber = 60;
/// For what the honest provider asks, each 1,000 units.
const PRICE: Balance = TOKEN / 100;

fn missing(index: u8) -> ArtifactId {
    ArtifactId { kind: ArtifactKind::Bundle, root: H256::repeat_byte(0xa0 + index) }
}

fn orders(count: usize, from: usize, deadline: BlockNumber) -> Vec<JobOrder> {
    (from..from + count).map(|index| jobs::order(format!("Tell me about boat {index}."), deadline)).collect()
}

/// Eve takes as many jobs at once as may be.
async fn offer_all_places(chain: &Chain) {
    let ask = calls::place_ask(&builtin(), VerificationClass::Exact, PRICE, CAPACITY, 4_096, 1_000);
    KeyHolder::new(EVE, chain).send(&ask).await;
}

/// Registers the models, the provider that claims to have them, and its asks.
async fn prepare(chain: &Chain) -> KeyHolder {
    let (mallory, accomplice) = (KeyHolder::new(MALLORY, chain), KeyHolder::new(ACCOMPLICE, chain));
    let models: Vec<ArtifactId> = (0..MODELS).map(missing).collect();
    for (index, model) in models.iter().enumerate() {
        accomplice.send(&calls::register_model(model, &format!("missing {index}"), 1, 0)).await;
    }
    mallory.register(ACCOMPLICE, &models).await;
    for model in &models {
        mallory.send(&calls::place_ask(model, VerificationClass::Exact, PRICE, CAPACITY, 4_096, u32::MAX)).await;
    }
    offer_all_places(chain).await;
    mallory
}

/// Orders jobs of missing models and commits to all of them.
async fn attack(chain: &Chain, mallory: &KeyHolder) -> Vec<JobId> {
    let mut all = Vec::new();
    while all.len() < ATTACK {
        let count = AT_ONCE.min(ATTACK - all.len());
        let model = missing((all.len() / (ATTACK / usize::from(MODELS))) as u8);
        let some: Vec<JobOrder> = orders(count, all.len(), LONGEST)
            .into_iter()
            .map(|JobOrder::V1(order)| JobOrder::V1(strike_primitives::job::JobOrderV1 { model, ..order }))
            .collect();
        let jobs = submit_all(chain, &some, ACCOMPLICE).await;
        commit_all(chain, mallory, &jobs).await;
        all.extend(jobs);
        eprintln!("{} jobs of models that nobody has are committed", all.len());
    }
    all
}

/// Says that it did the jobs; returns when each is under audit.
async fn commit_all(chain: &Chain, mallory: &KeyHolder, jobs: &[JobId]) {
    let mut sent = std::collections::BTreeSet::new();
    while sent.len() < jobs.len() {
        for duty in mallory.to_provide().await {
            // Those of earlier batches may be committed in a block that is not final.
            if !jobs.contains(&duty.binding.job) || !sent.insert(duty.binding.job) {
                continue;
            }
            let commitment = bound(&made_up(), &duty.binding);
            mallory.expect(Ok(()), async || mallory.commit(duty.binding.job, 0, &commitment).await).await;
        }
        mallory.next_block().await;
    }
    jobs::seen(chain, jobs, |info| info.commitment.is_some()).await;
}

/// Orders honest jobs, waits until they are paid, and says in how many blocks.
async fn settle_honest(chain: &Chain, from: usize) -> (BlockNumber, Vec<JobInfo>) {
    let infos = closed(chain, &submit_all(chain, &orders(HONEST, from, LONGEST), REQUESTER).await).await;
    assert_paid(&infos);
    let begun = infos.iter().map(|info| info.submitted_at).min().expect("some jobs");
    let ended = infos.iter().map(|info| receipt(info).closed_at).max().expect("some jobs");
    (ended - begun, infos)
}

fn assert_paid(infos: &[JobInfo]) {
    for info in infos {
        assert!(is_valid(info), "{info:?}");
        assert_eq!((receipt(info).provider.clone(), receipt(info).attempt), (Some(account(EVE)), 0), "{info:?}");
        assert!(receipt(info).verdicts >= 3, "a majority judges it: {info:?}");
    }
}

#[tokio::test]
async fn jobs_that_nobody_can_judge_delay_nobody_elses() {
    let mut network = network::start(|_| {}).await;
    let chain = network.connect("alice").await.unwrap_or_else(|error| panic!("{error}"));
    let mallory = prepare(&chain).await;
    let beginning = Beginning::of(&chain).await;

    let (alone, mut infos) = settle_honest(&chain, 0).await;
    let blind = attack(&chain, &mallory).await;
    let (attacked, more) = settle_honest(&chain, HONEST).await;
    infos.extend(more);
    // All of them were open all the while.
    for job in &blind {
        let info = chain.job(*job, None).await.unwrap_or_else(|error| panic!("{error}")).expect("it is kept");
        assert!(matches!(info.status, JobStatus::Committed { .. }), "{info:?}");
    }
    eprintln!(
        "{HONEST} honest jobs settle in {alone} blocks alone, in {attacked} behind {ATTACK} of models that nobody has"
    );
    assert!(2 * attacked <= 3 * alone, "they take {attacked} blocks, {alone} without the attack");

    let history = beginning.history(&chain).await;
    assert!(history.failures.is_empty(), "nobody lost anything: {:?}", history.failures);
    network.stop().await;
}

#[tokio::test]
async fn a_provider_with_many_jobs_does_first_what_is_due_first() {
    let mut network = network::start(|_| {}).await;
    let chain = network.connect("alice").await.unwrap_or_else(|error| panic!("{error}"));
    offer_all_places(&chain).await;
    let beginning = Beginning::of(&chain).await;

    let mut ids = Vec::new();
    for from in (0..LONG).step_by(AT_ONCE) {
        ids.extend(submit_all(&chain, &orders(AT_ONCE.min(LONG - from), from, LONGEST), REQUESTER).await);
    }
    ids.extend(submit_all(&chain, &orders(SHORT, LONG, SOON), REQUESTER).await);
    let infos = closed(&chain, &ids).await;
    assert_paid(&infos);
    let history = beginning.check(&chain, &infos, &[account(REQUESTER)]).await;
    assert!(history.failures.is_empty(), "{:?}", history.failures);
    network.stop().await;
}

//! Providers that misbehave: each fault is caught or harmless every time, requesters get their money back or their result, and
//! nobody honest is punished. `STRIKE_FAULT_JOBS` says how many jobs each fault gets; the table is `docs/faults.md`.

use pallet_verification::types::Refusal;
use std::collections::BTreeSet;
use strike_chain::{calls, outcome::is_valid, Chain};
use strike_e2e::{
    command::binary,
    faults::{account, ids, jobs_each, orders, paid, receipt, Beginning, DEADLINE, REQUESTER, SHORT_DEADLINE},
    jobs::{builtin, closed, is_closed, seen, seen_final, submit_all},
    key_holder::{bound, refused, KeyHolder},
    network,
};
use strike_localnet::Network;
use strike_primitives::{
    api::{JobInfo, ProvideDuty},
    commitment::{Commitment, CommitmentV1},
    job::{JobOrder, VerificationClass},
    receipt::{CloseReason, PaymentRole},
    verdict::{InvalidReason, Verdict},
    AccountId, Balance, JobId, TOKEN,
};

/// The provider with a node; does what the prompt asks for.
const EVE: &str = "eve";
/// A provider without a node: this test signs for it.
const MALLORY: &str = "//Mallory";
/// Less than Eve asks, so Mallory gets what is ordered.
const CHEAP: Balance = TOKEN / 1_000;
/// Soon over for Mallory, long enough for Eve after her, in blocks.
const BOTH_DEADLINES: u32 = 30;
/// As many jobs as Eve takes at once, at most.
const AT_ONCE: usize = 60;

struct Test {
    network: Network,
    chain: Chain,
    each: usize,
    /// All jobs of the test, closed.
    closed: Vec<JobInfo>,
}

impl Test {
    /// Orders jobs and waits until they are closed; at most as many at once as the provider takes.
    async fn order(&mut self, orders: &[JobOrder]) -> Vec<JobInfo> {
        let mut infos = Vec::new();
        for some in orders.chunks(AT_ONCE) {
            let jobs = submit_all(&self.chain, some, REQUESTER).await;
            infos.extend(closed(&self.chain, &jobs).await);
        }
        self.closed.extend(infos.clone());
        infos
    }
}

#[tokio::test]
async fn whatever_a_provider_does_it_is_caught_or_harmless() {
    let mut network = network::start(|options| {
        for provider in &mut options.providers {
            provider.binary = Some(binary("faulty-node"));
            provider.env.push(("STRIKE_FAULT".into(), "by-prompt".into()));
        }
    })
    .await;
    let chain = network.connect("alice").await.unwrap_or_else(|error| panic!("{error}"));
    // No ask yet.
    KeyHolder::new(MALLORY, &chain).register(REQUESTER, &[builtin()]).await;
    let beginning = Beginning::of(&chain).await;
    let mut test = Test { network, chain, each: jobs_each(), closed: Vec::new() };

    let honest = gone_after_commitment(&mut test).await;
    let mut guilty = wrong_results(&mut test).await;
    guilty.extend(nothing_in_time(&mut test).await);
    let mallorys = attestations_of_others(&mut test, &honest).await;

    let Test { mut network, chain, each, closed } = test;
    let history = beginning.check(&chain, &closed, &[account(REQUESTER), account(MALLORY)]).await;
    // Who failed is who was told to, and no other job cost a provider anything.
    let failed = |name: &str| -> BTreeSet<JobId> {
        let own = |provider: &AccountId| *provider == account(name);
        history.failures.iter().filter(|failure| own(&failure.provider)).map(|failure| failure.job).collect()
    };
    assert_eq!(failed(EVE), guilty.into_iter().collect());
    assert_eq!(failed(MALLORY), mallorys.into_iter().collect());
    assert_eq!(history.failures.len(), failed(EVE).len() + failed(MALLORY).len());
    assert!(history.failures.iter().all(|failure| failure.burned >= failure.compensated && failure.compensated > 0));
    eprintln!("{each} jobs for each fault, {} jobs in all", closed.len());
    network.stop().await;
}

/// The provider commits, and then its machine and its disk are gone. Nothing depends on it any more: validators have the
/// result, the job settles, the text can be read from them. Returns such jobs.
async fn gone_after_commitment(test: &mut Test) -> Vec<JobInfo> {
    let (mut infos, mut orphaned) = (Vec::new(), 0);
    // Some audits may be over before the last commitment is in; those jobs do not count.
    while orphaned < test.each {
        assert!(infos.len() < 5 * test.each, "only {orphaned} jobs were under audit when their provider went away");
        let jobs = submit_all(&test.chain, &orders(None, test.each, DEADLINE), REQUESTER).await;
        seen(&test.chain, &jobs, |info| info.commitment.is_some()).await;
        test.network.node_mut(EVE).unwrap_or_else(|error| panic!("{error}")).kill().await;
        let folder = test.network.base_path().join(EVE).join("chains/strike_local/blobs");
        std::fs::remove_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for job in &jobs {
            let info = test.chain.job(*job, None).await.unwrap_or_else(|error| panic!("{error}"));
            orphaned += usize::from(info.is_some_and(|info| !is_closed(&info)));
        }
        infos.extend(closed(&test.chain, &jobs).await);
        test.network.node_mut(EVE).unwrap_or_else(|error| panic!("{error}")).restart().await.expect("it starts again");
        test.network.wait_until_finalizing().await.unwrap_or_else(|error| panic!("{error}"));
    }
    for info in &infos {
        assert!(is_valid(info), "{info:?}");
        assert_eq!(receipt(info).verdicts, 4, "{info:?}");
        assert!(paid(receipt(info), PaymentRole::Provider) > 0, "the work was done: {info:?}");
        let text = test.chain.text(info.job).await.unwrap_or_else(|error| panic!("{error}"));
        assert!(text.is_some(), "a validator serves what the provider withholds: {info:?}");
    }
    test.closed.extend(infos.clone());
    infos
}

/// Results that are not what the work gives, as the off-chain worker of a node sends them.
async fn wrong_results(test: &mut Test) -> Vec<JobId> {
    let faults = [
        ("other-text", InvalidReason::OutputMismatch),
        ("short-output", InvalidReason::OutputMismatch),
        ("long-bill", InvalidReason::CountMismatch),
    ];
    let all: Vec<JobOrder> = faults.iter().flat_map(|(fault, _)| orders(Some(fault), test.each, DEADLINE)).collect();
    let infos = test.order(&all).await;
    for ((fault, found), infos) in faults.iter().zip(infos.chunks(test.each)) {
        for info in infos {
            let receipt = receipt(info);
            assert_eq!(receipt.reason, CloseReason::Invalid, "{fault}: {receipt:?}");
            assert_eq!(receipt.verdict, Some(Verdict::Invalid { reason: *found }), "{fault}: {receipt:?}");
            assert_eq!(receipt.verdicts, 4, "all four validators see it: {receipt:?}");
            assert_whole_price_back(info);
        }
    }
    ids(&infos)
}

/// No commitment: because the provider is silent, or because what it has is more than was asked for, and its own node does not
/// send that.
async fn nothing_in_time(test: &mut Test) -> Vec<JobId> {
    let all = ["silent", "more-tokens"].map(|fault| orders(Some(fault), test.each, SHORT_DEADLINE)).concat();
    let infos = test.order(&all).await;
    for info in &infos {
        let receipt = receipt(info);
        assert_eq!((receipt.reason, receipt.verdict), (CloseReason::ProviderLate, None), "{receipt:?}");
        assert_whole_price_back(info);
    }
    ids(&infos)
}

fn assert_whole_price_back(info: &JobInfo) {
    let (JobOrder::V1(order), receipt) = (&info.order, receipt(info));
    assert_eq!(receipt.refunded, order.max_price, "{receipt:?}");
    assert!(receipt.slashed > 0 && paid(receipt, PaymentRole::Compensation) > 0, "{receipt:?}");
}

/// What a provider can say with its key beyond what a node would send for it, and the results of others that it may copy. All its
/// jobs end with Eve, who does them.
async fn attestations_of_others(test: &mut Test, done: &[JobInfo]) -> Vec<JobId> {
    let mallory = KeyHolder::new(MALLORY, &test.chain);
    mallory.send(&calls::place_ask(&builtin(), VerificationClass::Exact, CHEAP, 1_000, 4_096, u32::MAX)).await;

    // The same work as that of jobs that are done, so whatever is wrong is not the work.
    let results: Vec<CommitmentV1> = done
        .iter()
        .take(test.each)
        .map(|info| info.commitment.as_ref().expect("a settled job has a commitment").v1().clone())
        .collect();
    // All at once: as soon as it has failed, others come before it.
    let ordered = [orders(None, test.each, DEADLINE), orders(None, test.each, BOTH_DEADLINES)].concat();
    let jobs = submit_all(&test.chain, &ordered, REQUESTER).await;
    let duties = provide_duties(&mallory, &jobs).await;
    let (copied, duties) = duties.split_at(test.each);

    for (index, (duty, result)) in duties.iter().zip(&results).enumerate() {
        let job = duty.binding.job;
        let other = &duties[(index + 1) % duties.len()].binding;
        let own = bound(result, &duty.binding);
        if test.each > 1 {
            let foreign = bound(result, other);
            mallory.expect(refused(Refusal::JobRootMismatch), async || mallory.commit(job, 0, &foreign).await).await;
        }
        let more = CommitmentV1 { n_out: duty.work.max_output_tokens() + 1, ..result.clone() };
        let more = bound(&more, &duty.binding);
        mallory.expect(refused(Refusal::TooManyOutputTokens), async || mallory.commit(job, 0, &more).await).await;
        mallory.expect(refused(Refusal::AttemptNotBegun), async || mallory.commit(job, 1, &own).await).await;
        let stranger = KeyHolder::new(REQUESTER, &test.chain);
        mallory.expect(refused(Refusal::BadSignature), async || stranger.commit(job, 0, &own).await).await;
    }
    for (duty, result) in copied.iter().zip(&results) {
        let commitment = bound(result, &duty.binding);
        mallory.expect(Ok(()), async || mallory.commit(duty.binding.job, 0, &commitment).await).await;
    }
    // Too late: the job is Eve's, and even a right result for the attempt before is refused. The pool judges by a block that may
    // be behind the best one, on which the attempt still stood; behind the final one it is not.
    seen_final(&test.chain, &jobs[test.each..], |info| info.attempt == 1).await;
    for (duty, result) in duties.iter().zip(&results) {
        let own: Commitment = bound(result, &duty.binding);
        mallory.expect(refused(Refusal::AttemptOver), async || mallory.commit(duty.binding.job, 0, &own).await).await;
    }

    for info in closed(&test.chain, &jobs).await {
        assert!(is_valid(&info), "the next provider does it: {info:?}");
        let receipt = receipt(&info);
        assert_eq!((receipt.attempt, receipt.provider.clone()), (1, Some(account(EVE))), "{receipt:?}");
        assert!(receipt.slashed > 0 && paid(receipt, PaymentRole::Compensation) > 0, "{receipt:?}");
        test.closed.push(info);
    }
    jobs
}

/// The provider's duties for these jobs, in their order, as soon as all seeds are known.
async fn provide_duties(provider: &KeyHolder, jobs: &[JobId]) -> Vec<ProvideDuty> {
    loop {
        let duties: Vec<ProvideDuty> =
            provider.to_provide().await.into_iter().filter(|duty| jobs.contains(&duty.binding.job)).collect();
        if duties.len() == jobs.len() {
            return duties;
        }
        provider.next_block().await;
    }
}

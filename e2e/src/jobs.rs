//! Jobs in number: ordered at once, followed together.

use crate::transactions::{nonce, send, signed, version};
use pallet_market::Call;
use std::collections::BTreeMap;
use strike_chain::{keys, Chain, Generation};
use strike_inference::builtin_files;
use strike_primitives::{
    api::{JobInfo, JobStatus},
    artifact::{self, ArtifactId},
    job::{JobOrder, Sampler, VerificationClass},
    Balance, BlockNumber, JobId, H256, TOKEN,
};
use strike_runtime::Runtime;

/// The most that a job of these tests may cost; each costs far less.
const MAX_PRICE: Balance = TOKEN;
/// Tokens that a job of these tests writes at most.
const MAX_TOKENS: u32 = 16;
/// Far from greedy: two runs with different seeds give different texts.
const SAMPLER: Sampler =
    Sampler { temperature_milli: 3_000, min_p_milli: 0, repetition_penalty_milli: 1_000, repetition_window: 0 };

/// The model that every node has.
pub fn builtin() -> ArtifactId {
    artifact::bundle_of(builtin_files().named())
}

/// An order for a short text of the built-in model.
pub fn order(prompt: impl Into<String>, deadline: BlockNumber) -> JobOrder {
    let generation = Generation {
        model: builtin(),
        prompt: prompt.into(),
        max_input_tokens: None,
        max_output_tokens: MAX_TOKENS,
        sampler: SAMPLER,
        class: VerificationClass::Exact,
        deadline: Some(deadline),
    };
    generation.order(MAX_PRICE).unwrap_or_else(|error| panic!("{error}"))
}

/// Orders all at once and returns the jobs in the same order as soon as the best block has them. Nobody else may send from
/// the account, or order at the same time.
pub async fn submit_all(chain: &Chain, orders: &[JobOrder], requester: &str) -> Vec<JobId> {
    let pair = keys::key_pair(requester).unwrap_or_else(|error| panic!("{error}"));
    let account = keys::account_of(&pair);
    let known = chain.jobs(Some(account.clone()), u32::MAX).await.unwrap_or_else(|error| panic!("{error}"));
    let newest = known.first().map(|info| info.job);
    let (first, version) = (nonce(chain, &account).await, version(chain).await);
    for (offset, order) in orders.iter().enumerate() {
        let nonce = first + u32::try_from(offset).expect("few orders");
        let call = Call::<Runtime>::submit { order: order.clone() };
        let sent = send(chain, &signed(chain.genesis(), &version, call.into(), nonce, &pair)).await;
        assert_eq!(sent, Ok(()), "order {offset}");
    }
    let mut blocks = chain.client().stream_best_blocks().await.expect("a node streams blocks");
    loop {
        let limit = u32::try_from(orders.len()).expect("few orders");
        let jobs = chain.jobs(Some(account.clone()), limit).await.unwrap_or_else(|error| panic!("{error}"));
        let new: Vec<JobInfo> = jobs.into_iter().rev().filter(|info| Some(info.job) > newest).collect();
        if new.len() == orders.len() {
            assert!(new.iter().map(|info| &info.order).eq(orders), "an account's transactions keep their order");
            return new.iter().map(|info| info.job).collect();
        }
        blocks.next().await.expect("the stream goes on").expect("a block");
    }
}

/// Waits until each job has been seen as `is` says in a best block; returns them as they were then.
pub async fn seen(chain: &Chain, jobs: &[JobId], is: impl Fn(&JobInfo) -> bool) -> Vec<JobInfo> {
    let mut blocks = chain.client().stream_best_blocks().await.expect("a node streams blocks");
    let mut found: BTreeMap<JobId, JobInfo> = BTreeMap::new();
    loop {
        for job in jobs.iter().filter(|job| !found.contains_key(job)).copied().collect::<Vec<_>>() {
            let info = chain.job(job, None).await.unwrap_or_else(|error| panic!("{error}"));
            found.extend(info.filter(&is).map(|info| (job, info)));
        }
        if found.len() == jobs.len() {
            return jobs.iter().map(|job| found[job].clone()).collect();
        }
        blocks.next().await.expect("the stream goes on").expect("a block");
    }
}

/// Waits until each job is closed in a final block.
pub async fn closed(chain: &Chain, jobs: &[JobId]) -> Vec<JobInfo> {
    seen_final(chain, jobs, is_closed).await
}

/// Waits until each job has been seen as `is` says in a final block; returns them as they were then.
pub async fn seen_final(chain: &Chain, jobs: &[JobId], is: impl Fn(&JobInfo) -> bool) -> Vec<JobInfo> {
    let mut blocks = chain.client().stream_blocks().await.expect("a node streams blocks");
    let mut found: BTreeMap<JobId, JobInfo> = BTreeMap::new();
    loop {
        let (block, _) = chain.finalized().await.unwrap_or_else(|error| panic!("{error}"));
        for job in jobs.iter().filter(|job| !found.contains_key(job)).copied().collect::<Vec<_>>() {
            let info = chain.job(job, Some(block)).await.unwrap_or_else(|error| panic!("{error}"));
            found.extend(info.filter(&is).map(|info| (job, info)));
        }
        if found.len() == jobs.len() {
            return jobs.iter().map(|job| found[job].clone()).collect();
        }
        blocks.next().await.expect("the stream goes on").expect("a block");
    }
}

/// Whether a job is over.
pub fn is_closed(info: &JobInfo) -> bool {
    matches!(info.status, JobStatus::Closed { .. })
}

/// The last final block.
pub async fn final_block(chain: &Chain) -> (H256, BlockNumber) {
    chain.finalized().await.unwrap_or_else(|error| panic!("{error}"))
}

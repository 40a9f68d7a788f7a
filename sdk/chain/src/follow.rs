//! Following a job from block to block until its receipt is final.

use crate::{
    client::Chain,
    error::{Error, Result},
    errors,
    extrinsic::Inclusion,
    fate::Fate,
    submit::Submission,
};
use std::future::pending;
use strike_primitives::{
    api::{JobInfo, JobStatus},
    Attempt, BlockNumber, JobId, H256,
};

/// What was seen of a job in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Height of the block.
    pub block: BlockNumber,
    /// The job in it.
    pub job: JobInfo,
}

/// Follows a job until the block that closed it is final. `seen` is told of every change of its attempt and status, in
/// best blocks; after a fork it may be told of a step a second time. With the `submission` that ordered the job, the id is
/// corrected should a fork give it another one.
///
/// Waits as long as the node answers. [`is_cut_off`] says which failures leave the job going on unseen.
pub async fn follow(
    chain: &Chain,
    mut job: JobId,
    mut submission: Option<Submission>,
    mut seen: impl FnMut(&Update),
) -> Result<JobInfo> {
    let mut best = chain.client().stream_best_blocks().await.map_err(errors::subxt)?;
    let mut finalized = chain.client().stream_blocks().await.map_err(errors::subxt)?;
    let quiet = chain.patience().quiet;
    let mut last: Option<(Attempt, JobStatus)> = None;
    // An order that is in a block is no job in those before it.
    let mut was_seen = submission.is_some();

    // It may be over already.
    let (hash, number) = chain.finalized().await?;
    if let Some(info) = chain.job(job, Some(hash)).await?.filter(is_closed) {
        seen(&Update { block: number, job: info.clone() });
        return Ok(info);
    }

    loop {
        tokio::select! {
            inclusion = next_inclusion(&mut submission) => {
                let Some(inclusion) = inclusion? else {
                    submission = None;
                    continue;
                };
                let actual = inclusion.job()?;
                if actual != job {
                    chain.progress().tell(format!("a fork gave the job another id: {actual} instead of {job}"));
                    job = actual;
                    last = None;
                }
            },
            block = best.next() => {
                let block = block.ok_or_else(disconnected)?.map_err(errors::subxt)?;
                let Some(info) = chain.job(job, Some(H256(block.hash().0))).await? else { continue };
                was_seen = true;
                let now = (info.attempt, info.status.clone());
                if last.as_ref() != Some(&now) {
                    last = Some(now);
                    seen(&Update { block: height(block.number()), job: info });
                }
            },
            block = finalized.next() => {
                let block = block.ok_or_else(disconnected)?.map_err(errors::subxt)?;
                match chain.job(job, Some(H256(block.hash().0))).await? {
                    Some(info) if is_closed(&info) => {
                        if last.as_ref().map(|(_, status)| status) != Some(&info.status) {
                            seen(&Update { block: height(block.number()), job: info.clone() });
                        }
                        return Ok(info);
                    },
                    Some(_) => was_seen = true,
                    // The order itself is not final yet.
                    None if was_seen => {},
                    None => return Err(not_found(job)),
                }
            },
            () = tokio::time::sleep(quiet) => {
                chain.progress().tell(format!("no new block for {} s; still waiting", quiet.as_secs()));
                chain.answers().await?;
            },
        }
    }
}

async fn next_inclusion(submission: &mut Option<Submission>) -> Result<Option<Inclusion>> {
    match submission {
        Some(submission) => submission.next().await,
        None => pending().await,
    }
}

fn is_closed(info: &JobInfo) -> bool {
    matches!(info.status, JobStatus::Closed { .. })
}

fn height(number: u64) -> BlockNumber {
    BlockNumber::try_from(number).unwrap_or(BlockNumber::MAX)
}

/// Whether a failure of [`follow`] leaves a job going on unseen: all do but those that say that there is no such job, because the
/// chain keeps none or refused the order.
pub fn is_cut_off(error: &Error) -> bool {
    error.name != NOT_FOUND && !matches!(error.fate, Fate::Failed(_))
}

fn disconnected() -> Error {
    Error::new("ConnectionLost", "the node closed the connection")
        .hint("the job goes on without this command; 'strike job show' tells where it stands")
}

/// Name of the failure where the chain keeps no such job.
const NOT_FOUND: &str = "JobNotFound";

/// The chain keeps no such job.
pub fn not_found(job: JobId) -> Error {
    Error::new(NOT_FOUND, format!("the chain keeps no job {job}"))
        .hint("'strike job list' shows the jobs it keeps; closed ones are dropped after a while")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fate::Sent;
    use strike_primitives::AccountId;

    #[test]
    fn a_job_goes_on_unseen_whatever_happens_to_the_one_who_follows_it() {
        let sent = Sent { hash: H256([2; 32]), account: AccountId::new([1; 32]), nonce: 7, signed_at: 100 };
        let error = |name: &str| Error::new(name, "what happened");
        for name in ["ConnectionLost", "ConnectionFailed", "ChainAccessFailed", "RequestRefused", "RuntimeIncompatible"]
        {
            assert!(is_cut_off(&error(name)), "{name}");
        }
        assert!(is_cut_off(&error("ConnectionLost").unknown(&sent)));
        assert!(is_cut_off(&error("RuntimeIncompatible").accepted(&sent)));
        assert!(!is_cut_off(&not_found(7)));
        assert!(!is_cut_off(&error("InsufficientBalance").failed(&sent)), "a fork undid the order");
    }
}

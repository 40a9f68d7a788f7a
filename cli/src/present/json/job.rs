//! Jobs as JSON.

use super::{failure::ErrorView, receipt::ReceiptView, work::WorkView};
use crate::present::words::{hash, model};
use serde::Serialize;
use strike_primitives::{
    amount::Amount,
    api::{JobInfo, JobStatus},
    commitment::StopReason,
    job::{JobOrder, VerificationClass},
    AccountId, Attempt, BlockNumber, JobId,
};

/// Jobs, newest first.
#[derive(Clone, Debug, Serialize)]
pub struct JobListView {
    /// The jobs.
    pub jobs: Vec<JobView>,
    /// `--before` of the list that goes on; none where there are no older ones.
    pub next: Option<JobId>,
}

/// A job.
#[derive(Clone, Debug, Serialize)]
pub struct JobView {
    /// Its id.
    pub job: JobId,
    /// The running or last attempt.
    pub attempt: Attempt,
    /// Who ordered.
    pub requester: AccountId,
    /// Root of the model.
    pub model: String,
    /// How it is verified.
    pub class: VerificationClass,
    /// What is ordered.
    pub work: WorkView,
    /// The most the requester pays.
    pub max_price: Amount,
    /// Blocks from assignment to commitment.
    pub deadline: BlockNumber,
    /// Block of the order.
    pub submitted_at: BlockNumber,
    /// What is held for it.
    pub escrow: Amount,
    /// What the requester burned for attestations, and for visits while the job waited.
    pub upkeep: Amount,
    /// What is held for the attestations of further attempts, until the job closes.
    pub reserve: Amount,
    /// What is held for storage, until the job is forgotten.
    pub deposit: Amount,
    /// The block in which a closed job is forgotten at the latest.
    pub kept_until: Option<BlockNumber>,
    /// Where it stands.
    pub status: JobStatus,
    /// The last commitment.
    pub commitment: Option<CommitmentView>,
    /// Its receipt, once closed.
    pub receipt: Option<ReceiptView>,
    /// The text, where it was asked for and the node has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Why there is no text, where it was asked for and could not be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_error: Option<ErrorView>,
}

/// What a provider committed to.
#[derive(Clone, Debug, Serialize)]
pub struct CommitmentView {
    /// Hash of the commitment.
    pub hash: String,
    /// Root of the output.
    pub out_root: String,
    /// Tokens read.
    pub n_in: u32,
    /// Tokens written.
    pub n_out: u32,
    /// Why the output ended.
    pub stop: StopReason,
}

impl From<&JobInfo> for JobView {
    fn from(info: &JobInfo) -> Self {
        let JobOrder::V1(order) = &info.order;
        Self {
            job: info.job,
            attempt: info.attempt,
            requester: info.requester.clone(),
            model: model(&order.model),
            class: order.class,
            work: (&order.work).into(),
            max_price: order.max_price.into(),
            deadline: order.deadline,
            submitted_at: info.submitted_at,
            escrow: info.escrow.into(),
            upkeep: info.upkeep.into(),
            reserve: info.reserve.into(),
            deposit: info.deposit.into(),
            kept_until: info.kept_until,
            status: info.status.clone(),
            commitment: info.commitment.as_ref().map(|commitment| CommitmentView {
                hash: hash(&commitment.hash()),
                out_root: hash(&commitment.v1().out_root),
                n_in: commitment.v1().n_in,
                n_out: commitment.v1().n_out,
                stop: commitment.v1().stop,
            }),
            receipt: info.receipt.as_ref().map(Into::into),
            output: None,
            output_error: None,
        }
    }
}

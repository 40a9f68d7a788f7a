//! Orders that are in a block.

use crate::{
    commands::context::{transaction_view, Context},
    error::Result,
    output::{self, progress},
    present::json::TextsView,
};
use sp_core::sr25519;
use std::ops::Range;
use strike_chain::{calls, Chain, Sent, Submission};
use strike_primitives::{job::JobOrder, JobId};

/// An order that is in a block.
pub struct Placed {
    /// The job that it became.
    pub job: JobId,
    /// Its transaction.
    pub sent: Sent,
    /// What tells of the transaction further on.
    pub submission: Submission,
}

/// Submits an order and tells its job as soon as there is one: with `--json` on a line of stdout, so that a program that is cut off
/// later knows what it has ordered. `texts` are those that it embeds.
pub async fn place(
    context: &Context,
    chain: &Chain,
    order: &JobOrder,
    signer: &sr25519::Pair,
    texts: Option<&Range<usize>>,
) -> Result<Placed> {
    let (submission, inclusion) = chain.submit(&calls::submit_job(order), signer).await?;
    let job = inclusion.job()?;
    let which = texts.map(|texts| format!(": {}", named(texts))).unwrap_or_default();
    progress(format!("block {}: submitted as job {job}{which}", inclusion.number));
    if context.json {
        let mut view = transaction_view(&inclusion);
        view.job = Some(job);
        view.texts = texts.map(view_of);
        output::json(&view)?;
    }
    Ok(Placed { job, sent: inclusion.sent, submission })
}

/// Texts of a command, counted from 1, as people read it.
pub fn named(texts: &Range<usize>) -> String {
    match texts.len() {
        1 => format!("text {}", texts.end),
        _ => format!("texts {} to {}", texts.start.saturating_add(1), texts.end),
    }
}

/// Texts of a command as JSON.
pub fn view_of(texts: &Range<usize>) -> TextsView {
    TextsView { first: texts.start.saturating_add(1), last: texts.end }
}

//! The life of a job in sentences.

use super::words;
use crate::output::table;
use strike_chain::{
    amounts::amount,
    keys::{shown, shown_short},
    Update,
};
use strike_primitives::{
    api::{JobInfo, JobStatus},
    embedding::decode_texts,
    job::{Input, JobOrder, WorkSpec},
    receipt::{PaymentRole, Receipt},
    Attempt,
};

/// Tells what changed since what was told last.
#[derive(Debug, Default)]
pub struct Narrator {
    told: Option<(Attempt, JobStatus)>,
}

impl Narrator {
    /// One line for an update.
    pub fn line(&mut self, update: &Update) -> String {
        let before = self.told.replace((update.job.attempt, update.job.status.clone()));
        let same_attempt = before.filter(|(attempt, _)| *attempt == update.job.attempt).map(|(_, status)| status);
        format!("block {}: {}", update.block, sentence(&update.job, same_attempt.as_ref()))
    }
}

fn sentence(job: &JobInfo, before: Option<&JobStatus>) -> String {
    match &job.status {
        JobStatus::Pending { deadline } => format!("waiting for a provider, until block {deadline}"),
        JobStatus::Assigned { provider, deadline, .. } => {
            let again = match job.attempt {
                0 => String::new(),
                attempt => format!(" (attempt {})", attempt.saturating_add(1)),
            };
            format!("assigned to {}{again}, due by block {deadline}", shown(provider))
        }
        JobStatus::Committed { provider, eligible, sealed, revealed, .. } => {
            let verdicts = format!("verdicts: {sealed} of {eligible} sealed, {revealed} revealed");
            if matches!(before, Some(JobStatus::Committed { .. })) {
                return verdicts;
            }
            let counts = job.commitment.as_ref().map(|commitment| {
                let result = commitment.v1();
                format!(": {} tokens read, {} written, {}", result.n_in, result.n_out, words::stop(result.stop))
            });
            format!("committed by {}{}; {verdicts}", shown_short(provider), counts.unwrap_or_default())
        }
        JobStatus::Judged { .. } => "the verdict is in and waits for its settlement".into(),
        JobStatus::Closed { reason } => match &job.receipt {
            Some(receipt) => format!("closed: {}{}", words::reason(*reason), found(receipt)),
            None => format!("closed: {}", words::reason(*reason)),
        },
    }
}

fn found(receipt: &Receipt) -> String {
    match &receipt.verdict {
        Some(verdict) => format!(", found {} by {} validators", words::verdict(verdict), receipt.verdicts),
        None => String::new(),
    }
}

/// Who was paid what, line by line.
pub fn payments(receipt: &Receipt) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for payment in &receipt.payments {
        let role = match payment.role {
            PaymentRole::Provider => "for the work",
            PaymentRole::Royalty => "for the model",
            PaymentRole::Validator => "for checking",
            PaymentRole::Compensation => "in compensation",
        };
        rows.push(vec![format!("  {}", shown(&payment.account)), amount(payment.amount), role.into()]);
    }
    let mut add = |label: &str, value, note: &str| {
        if value > 0 {
            rows.push(vec![format!("  {label}"), amount(value), note.into()]);
        }
    };
    add("burned", receipt.burned, "of the fee");
    add("refunded", receipt.refunded, "to the requester");
    add("slashed", receipt.slashed, "of providers' bonds");
    if rows.is_empty() {
        return "  nobody".into();
    }
    table(&rows)
}

/// Everything about a job, for people.
pub fn job(info: &JobInfo) -> String {
    let JobOrder::V1(order) = &info.order;
    let input = match (order.work.input(), &order.work) {
        (Input::Plain(bytes), WorkSpec::Generate(_)) => format!("{:?}", String::from_utf8_lossy(bytes)),
        (Input::Plain(bytes), WorkSpec::Embed(_)) => match decode_texts(bytes) {
            Some(texts) => format!("{} of them, the first {:?}", texts.len(), texts[0]),
            None => "not a list of texts".into(),
        },
        (Input::Blob { root, length }, _) => format!("{length} bytes, blob {}", words::hash(root)),
        (Input::Encrypted { root, .. }, _) => format!("encrypted blob {}", words::hash(root)),
    };
    let (input_name, limits) = match &order.work {
        WorkSpec::Generate(work) => {
            ("prompt", format!("at most {} in, {} out", work.max_input_tokens, work.max_output_tokens))
        }
        WorkSpec::Embed(work) => ("texts", format!("at most {} in", work.max_input_tokens)),
    };
    let mut rows = vec![
        vec!["requester".into(), shown(&info.requester)],
        vec!["model".into(), words::model(&order.model)],
        vec!["class".into(), format!("{:?}", order.class).to_lowercase()],
        vec![input_name.into(), input],
        vec!["tokens".into(), limits],
        vec!["maximum price".into(), amount(order.max_price)],
        vec!["submitted".into(), format!("block {}", info.submitted_at)],
        vec!["status".into(), sentence(info, None)],
    ];
    if let Some(receipt) = &info.receipt {
        rows.push(vec!["closed".into(), format!("block {}", receipt.closed_at)]);
        rows.push(vec!["fee".into(), format!("{} for {} units", amount(receipt.fee), receipt.units)]);
    }
    let mut text = format!("job {}\n{}", info.job, table(&rows));
    if let Some(receipt) = &info.receipt {
        text = format!("{text}\npaid\n{}", payments(receipt));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use strike_primitives::AccountId;

    fn info(status: JobStatus, attempt: Attempt) -> JobInfo {
        let receipt = crate::present::fixtures::receipt();
        JobInfo {
            job: 9,
            attempt,
            requester: receipt.requester.clone(),
            order: crate::present::fixtures::order(),
            submitted_at: 10,
            escrow: 0,
            status,
            commitment: None,
            receipt: Some(receipt),
        }
    }

    fn committed(sealed: u32, revealed: u32) -> JobStatus {
        JobStatus::Committed { provider: AccountId::new([2; 32]), committed_at: 3, eligible: 4, sealed, revealed }
    }

    #[test]
    fn a_life_reads_well() {
        let mut narrator = Narrator::default();
        let mut told = |status, attempt, block| narrator.line(&Update { block, job: info(status, attempt) });
        let eve = strike_chain::keys::account("eve").unwrap();
        let assigned = JobStatus::Assigned { provider: eve, assigned_at: 10, deadline: 60 };
        assert!(told(assigned.clone(), 0, 10).starts_with("block 10: assigned to Eve ("));
        assert!(told(committed(0, 0), 0, 12).contains("; verdicts: 0 of 4 sealed, 0 revealed"));
        assert_eq!(told(committed(3, 1), 0, 13), "block 13: verdicts: 3 of 4 sealed, 1 revealed");
        assert!(told(assigned, 1, 14).contains("(attempt 2)"));
        assert!(told(committed(1, 0), 1, 15).contains("committed by"));
        let closed = JobStatus::Closed { reason: strike_primitives::receipt::CloseReason::Settled };
        assert_eq!(told(closed, 1, 21), "block 21: closed: settled, found valid by 4 validators");
    }

    #[test]
    fn payments_name_what_they_are_for() {
        let text = payments(&crate::present::fixtures::receipt());
        assert!(text.contains("for checking") && text.contains("to the requester"), "{text}");
        assert!(!text.contains("burned"), "{text}");
    }
}

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
    add("burned", receipt.upkeep, "by the requester beside the fee, for attestations and waiting");
    add("refunded", receipt.refunded, "to the requester");
    add("slashed", receipt.slashed, "of providers' bonds");
    if rows.is_empty() {
        return "  nobody".into();
    }
    table(&rows)
}

/// What is held of the requester for a job, and until when; nothing where nothing is.
pub fn held(info: &JobInfo) -> Option<String> {
    let until_forgotten = match info.kept_until {
        Some(block) => format!("until block {block}, or 'strike job forget {}'", info.job),
        None => "until the job is forgotten".into(),
    };
    let until_forgotten = format!("for storage, {until_forgotten}");
    let amounts = [
        (info.escrow, "for the price, until the job closes"),
        (info.reserve, "for a further attempt, until the job closes"),
        (info.deposit, until_forgotten.as_str()),
    ];
    let parts: Vec<String> = amounts
        .into_iter()
        .filter(|(held, _)| *held > 0)
        .map(|(held, why)| format!("{} {why}", amount(held)))
        .collect();
    (!parts.is_empty()).then(|| parts.join("; "))
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
        vec!["burned".into(), format!("{} for attestations and waiting", amount(info.upkeep))],
        vec!["held".into(), held(info).unwrap_or_else(|| "nothing".into())],
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
            upkeep: 6,
            reserve: 0,
            deposit: 8_000_000_000,
            kept_until: Some(900),
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
    fn a_job_says_what_is_held_and_until_when() {
        let mut info = info(JobStatus::Pending { deadline: 60 }, 0);
        let held = held(&info).unwrap();
        assert_eq!(held, "0.008 STRIKE for storage, until block 900, or 'strike job forget 9'");
        assert!(job(&info).contains(&held));
        (info.escrow, info.reserve, info.kept_until) = (1_000_000_000_000, 2_000_000_000_000, None);
        let held = super::held(&info).unwrap();
        assert!(held.starts_with("1 STRIKE for the price, until the job closes; 2 STRIKE for a further"), "{held}");
        assert!(held.ends_with("until the job is forgotten"), "{held}");
    }

    #[test]
    fn payments_name_what_they_are_for() {
        let text = payments(&crate::present::fixtures::receipt());
        assert!(text.contains("for checking") && text.contains("to the requester"), "{text}");
        assert!(!text.contains("of the fee") && text.contains("beside the fee, for attestations"), "{text}");
    }
}

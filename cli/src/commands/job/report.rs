//! What is told of a job at its end.

use crate::{
    commands::context::Context,
    error::{Error, Result, SENT},
    output::{self, progress},
    present::{
        json::JobView,
        text::{held, payments},
        words,
    },
};
use strike_chain::{
    follow::is_cut_off,
    outcome::{settled, unsettled},
    output::JobOutput,
    Chain, Sent,
};
use strike_primitives::{
    api::JobInfo,
    commitment::StopReason,
    job::{Input, JobOrder, WorkSpec},
    JobId,
};

/// Prints the text and the receipt of a closed job; fails if it did not settle, or if its text could not be had.
pub async fn print(context: &Context, chain: &Chain, info: &JobInfo) -> Result<()> {
    let failure = failure(info);
    if let (false, Some(receipt)) = (context.json, &info.receipt) {
        progress(format!("paid for {} units:\n{}", receipt.units, payments(receipt)));
        if let Some(held) = held(info) {
            progress(format!("still held: {held}"));
        }
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    let text = text(info.job, chain.output(info.job).await.map_err(Error::from));
    if context.json {
        output::json(&settled_view(info, &text))?;
        return text.map(|_| ()).map_err(Error::told);
    }
    output::line(text?);
    Ok(())
}

/// A settled job with its text, or with why it could not be had.
fn settled_view(info: &JobInfo, text: &Result<String>) -> JobView {
    let (output, output_error) = match text {
        Ok(text) => (Some(text.clone()), None),
        Err(error) => (None, Some(error.into())),
    };
    JobView { output, output_error, ..JobView::from(info) }
}

/// The text of a settled job, by what the node answered.
fn text(job: JobId, answer: Result<Option<JobOutput>>) -> Result<String> {
    match answer {
        Ok(Some(JobOutput { text: Some(text), .. })) => Ok(text),
        Ok(Some(_)) => Err(not_had(
            job,
            "text",
            Error::new("TextNotHere", "this node does not have the model; a validator or the provider does"),
        )),
        Ok(None) => Err(not_had(job, "text", not_here(job))),
        Err(error) => Err(not_had(job, "text", error)),
    }
}

/// The failure of a command whose output nobody in reach has.
pub fn not_here(job: JobId) -> Error {
    Error::new("OutputNotHere", format!("neither this node nor a peer that it reaches has the output of job {job}"))
        .hint("try again later, or ask a validator or the job's provider: --url")
}

/// The failure of a command whose job is done, but whose result could not be had.
pub fn not_had(job: JobId, what: &str, why: Error) -> Error {
    let advice = why.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
    Error::new(
        "OutputUnavailable",
        format!("job {job} is done and paid, but its {what} is not to be had: {}: {}", why.name, why.message),
    )
    .hint(format!("do not order again: 'strike job output {job}' asks for it once more{advice}"))
    .exit_code(SENT)
    .jobs(vec![job])
}

/// The failure of a command that could not follow the job that its transaction ordered to the end.
pub fn not_known(job: JobId, sent: &Sent, why: strike_chain::Error) -> Error {
    if !is_cut_off(&why) {
        return why.into();
    }
    Error::new(
        "OutcomeUnknown",
        format!("job {job} is ordered, but what became of it is not known: {}: {}", why.name, why.message),
    )
    .hint(format!(
        "do not order again: 'strike job show {job}' tells what became of it, 'strike job output {job}' its result; a fork may give it \
         another id, which '{}' tells",
        sent.lookup()
    ))
    .exit_code(SENT)
    .transaction(sent)
    .jobs(vec![job])
}

/// Why a closed job has no output, if it has none.
pub fn failure(info: &JobInfo) -> Option<Error> {
    if !settled(info) {
        return Some(unsettled(info).into());
    }
    let stop = info.commitment.as_ref()?.v1().stop;
    let (name, hint) = match stop {
        StopReason::InputTooLong => ("InputTooLong", too_long(&info.order)),
        StopReason::InvalidInput => ("InvalidInput", "'strike job show' shows what was ordered"),
        StopReason::NotFinite => ("NotFinite", "name another --model"),
        StopReason::WrongModel => {
            ("WrongModel", "name another --model: 'strike job generate' takes decoders, 'strike job embed' encoders")
        }
        StopReason::InputUnavailable => {
            ("InputUnavailable", "order again, through a node that keeps the input and that others can reach")
        }
        StopReason::EndOfText
        | StopReason::StopSequence
        | StopReason::MaxTokens
        | StopReason::ContextFull
        | StopReason::Complete => return None,
    };
    Some(Error::new(name, format!("job {} has no output and cost nothing: {}", info.job, words::stop(stop))).hint(hint))
}

/// What to do about an input that was too long. One that could not have more tokens than were ordered is too long for the model, and a
/// higher limit is no help.
fn too_long(order: &JobOrder) -> &'static str {
    let JobOrder::V1(order) = order;
    let bytes = match order.work.input() {
        Input::Plain(bytes) => bytes.len() as u64,
        Input::Blob { length, .. } => *length,
        Input::Encrypted { .. } => u64::MAX,
    };
    let is_roomy = u64::from(order.work.max_input_tokens()) >= bytes.saturating_add(MARGIN);
    match (&order.work, is_roomy) {
        (WorkSpec::Generate(_), true) => "it is longer than what the model reads: shorten it, or name another --model",
        _ => "shorten it, or raise --max-input-tokens; the model may read no more either",
    }
}

/// Tokens that may come to those of a prompt's bytes.
const MARGIN: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::present::fixtures::{order, receipt};
    use strike_chain::follow::not_found;
    use strike_primitives::{
        api::JobStatus,
        commitment::{Commitment, CommitmentV1},
        receipt::CloseReason,
        AccountId, H256,
    };

    fn sent() -> Sent {
        Sent { hash: H256([0xab; 32]), account: AccountId::new([1; 32]), nonce: 7, signed_at: 100 }
    }

    /// A job that closed as settled, and why its output ended.
    fn closed(stop: StopReason) -> JobInfo {
        JobInfo {
            job: 7,
            attempt: 0,
            requester: AccountId::new([1; 32]),
            order: order(),
            submitted_at: 1,
            escrow: 0,
            upkeep: 6,
            reserve: 0,
            deposit: 8_000_000_000,
            kept_until: Some(900),
            status: JobStatus::Closed { reason: CloseReason::Settled },
            commitment: Some(Commitment::V1(CommitmentV1 {
                job_root: H256::zero(),
                out_root: H256::zero(),
                trace_root: None,
                n_in: 0,
                n_out: 0,
                stop,
            })),
            receipt: Some(receipt()),
        }
    }

    #[test]
    fn a_paid_job_whose_text_cannot_be_had_is_told_with_its_receipt_and_not_to_be_ordered_again() {
        let node = |name: &str| Err(Error::new(name, "what the node said").hint("what it advised"));
        let of = |text: Option<&str>| Ok(Some(JobOutput { text: text.map(str::to_owned), vectors: None }));
        let info = closed(StopReason::MaxTokens);
        let answers = [
            (node("BlobUnreadable"), "BlobUnreadable"),
            (node("TextUnavailable"), "TextUnavailable"),
            (node("OutputMalformed"), "OutputMalformed"),
            (node("FetchUnfinished"), "what it advised"),
            (node("ConnectionFailed"), "ConnectionFailed"),
            (Ok(None), "OutputNotHere"),
            (of(None), "TextNotHere"),
        ];
        for (answer, why) in answers {
            let told = text(7, answer);
            let error = told.clone().unwrap_err();
            assert_eq!((error.name.as_str(), error.exit_code), ("OutputUnavailable", SENT), "{error}");
            let said = format!("{error} {}", error.hint.clone().unwrap_or_default());
            assert!(said.contains(why) && said.contains("strike job output 7"), "{said}");
            let view = serde_json::to_string(&settled_view(&info, &told)).unwrap();
            let view: serde_json::Value = serde_json::from_str(&view).unwrap();
            assert_eq!(view["output_error"]["name"], "OutputUnavailable");
            assert!(view["receipt"]["units"].is_number() && view.get("output").is_none(), "{view}");
        }
        let view = settled_view(&info, &text(7, of(Some("there was"))));
        assert_eq!((view.output.as_deref(), view.output_error.is_none()), (Some("there was"), true));
    }

    #[test]
    fn an_order_that_cannot_be_followed_is_not_to_be_repeated_and_one_that_is_gone_is() {
        for name in ["ConnectionLost", "ConnectionFailed", "ChainAccessFailed", "RequestRefused", "TransactionUnknown"]
        {
            let error = not_known(7, &sent(), strike_chain::Error::new(name, "gone"));
            assert_eq!((error.name.as_str(), error.exit_code), ("OutcomeUnknown", SENT));
            assert!(error.message.contains("job 7 is ordered"), "{error}");
            assert_eq!((error.jobs.as_slice(), error.transaction.as_deref()), (&[7][..], Some(&sent())));
        }
        let error = not_known(7, &sent(), not_found(7));
        assert_eq!((error.name.as_str(), error.exit_code), ("JobNotFound", 1));
        let undone = strike_chain::Error::new("InsufficientBalance", "too little").failed(&sent());
        let error = not_known(7, &sent(), undone);
        assert_eq!((error.name.as_str(), error.exit_code), ("InsufficientBalance", 1), "a fork undid the order");
    }

    #[test]
    fn a_higher_limit_is_advised_only_where_it_can_help() {
        let hint = |max: u32| {
            let JobOrder::V1(mut ordered) = order();
            let WorkSpec::Generate(work) = &mut ordered.work else { panic!("a generation") };
            work.max_input_tokens = max;
            let info = JobInfo { order: JobOrder::V1(ordered), ..closed(StopReason::InputTooLong) };
            failure(&info).unwrap().hint.unwrap()
        };
        // "Once upon a time" has 16 bytes, and so 17 tokens at most.
        assert!(hint(16).contains("--max-input-tokens"), "{}", hint(16));
        assert!(!hint(17).contains("--max-input-tokens"), "{}", hint(17));
    }

    #[test]
    fn job_errors_are_failures_that_name_their_reason() {
        assert!(failure(&closed(StopReason::MaxTokens)).is_none());
        assert!(failure(&closed(StopReason::Complete)).is_none());
        let error = failure(&closed(StopReason::WrongModel)).unwrap();
        assert_eq!(error.name, "WrongModel");
        assert!(error.message.contains("job 7") && error.message.contains("cost nothing"), "{error}");
        let cancelled =
            JobInfo { status: JobStatus::Closed { reason: CloseReason::Cancelled }, ..closed(StopReason::Complete) };
        assert_eq!(failure(&cancelled).unwrap().name, "JobCancelled");
    }
}

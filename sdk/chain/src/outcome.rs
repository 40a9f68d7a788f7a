//! What became of a job.

use crate::{amounts, error::Error};
use strike_primitives::{
    api::{JobInfo, JobStatus},
    receipt::CloseReason,
    verdict::Verdict,
    Units,
};

/// Whether a job was paid for.
pub fn settled(info: &JobInfo) -> bool {
    matches!(info.status, JobStatus::Closed { reason: CloseReason::Settled })
}

/// The failure to report for a job that closed without being paid for.
pub fn unsettled(info: &JobInfo) -> Error {
    let job = info.job;
    let refunded = info.receipt.as_ref().map(|receipt| receipt.refunded).unwrap_or_default();
    let JobStatus::Closed { reason } = info.status else {
        return Error::new("JobNotClosed", format!("job {job} is not closed"));
    };
    let (name, why, hint) = match reason {
        CloseReason::Settled => ("JobSettled", "was settled", ""),
        CloseReason::Cancelled => ("JobCancelled", "was cancelled", ""),
        CloseReason::NoProvider => {
            ("NoProvider", "found no free provider in time", "'strike provider list' shows what is offered")
        }
        CloseReason::ProviderLate => {
            ("ProviderLate", "was not done in time", "order again, perhaps with a longer --deadline")
        }
        CloseReason::Invalid => ("ResultInvalid", "got results that were found invalid", "order again"),
        CloseReason::Withheld => ("ResultWithheld", "got a result that was withheld", "order again"),
        CloseReason::Undecided => ("VerdictUndecided", "got no verdict of a majority of validators", "order again"),
    };
    let error = Error::new(name, format!("job {job} {why}; {} went back", amounts::amount(refunded)));
    if hint.is_empty() {
        error
    } else {
        error.hint(hint)
    }
}

/// Whether a job's receipt says that it was found valid and paid.
pub fn is_valid(info: &JobInfo) -> bool {
    let valid = |units: &Units| *units > 0;
    let verdict = info.receipt.as_ref().and_then(|receipt| receipt.verdict.as_ref());
    settled(info) && matches!(verdict, Some(Verdict::Valid { units }) if valid(units))
}

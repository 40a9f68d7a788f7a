//! What a command says that ordered several jobs, of which some failed.

use super::placed::named;
use crate::error::{Error, Result, SENT};
use std::ops::Range;
use strike_primitives::JobId;

/// Some of a command's texts, the job that they were ordered in, and why they have no vectors.
#[derive(Debug)]
pub struct Part {
    /// The texts.
    pub texts: Range<usize>,
    /// The job, if its order is known to be in a block.
    pub job: Option<JobId>,
    /// What went wrong.
    pub failure: Option<Error>,
}

impl Part {
    /// Whether the texts have no job that is paid or may be: ordering them is no second order.
    fn is_free(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| failure.exit_code != SENT)
    }
}

/// The end of a command with these parts; texts `left` were not ordered at all.
///
/// The exit code is 3 as soon as one job is paid, or may be: to repeat the whole command would be to pay it again. The failure is that of
/// the first part that may be paid, or else that of the first that failed. Its hint says which texts to order again.
pub fn conclusion(mut parts: Vec<Part>, left: Range<usize>) -> Result<()> {
    let paid: Vec<JobId> = parts.iter().filter(|part| !part.is_free()).filter_map(|part| part.job).collect();
    let free: Vec<Range<usize>> = parts.iter().filter(|part| part.is_free()).map(|part| part.texts.clone()).collect();
    let failed = |part: &Part| part.failure.is_some();
    let unknown = parts.iter().position(|part| failed(part) && !part.is_free());
    let Some(first) = unknown.or_else(|| parts.iter().position(failed)) else { return Ok(()) };
    let is_alone = parts.len() == 1 && left.is_empty();
    let may_be_paid = parts.iter().any(|part| !part.is_free());
    let Part { texts, failure, .. } = parts.swap_remove(first);
    let Some(mut error) = failure else { return Ok(()) };
    if is_alone {
        return Err(error);
    }
    error.message = format!("{}: {}", named(&texts), error.message);
    let mut advice: Vec<String> = error.hint.take().into_iter().collect();
    if !paid.is_empty() {
        let jobs: Vec<String> = paid.iter().map(JobId::to_string).collect();
        advice.push(format!("ordered are jobs {}: 'strike job output' has their results", jobs.join(", ")));
    }
    let open: Vec<String> = free.iter().chain((!left.is_empty()).then_some(&left)).map(named).collect();
    if may_be_paid && !open.is_empty() {
        advice.push(format!("to order what is left, give these alone: {}", open.join(", ")));
    }
    error.hint = (!advice.is_empty()).then(|| advice.join("; "));
    let exit_code = if may_be_paid { SENT } else { error.exit_code };
    Err(error.exit_code(exit_code).jobs(paid))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(texts: Range<usize>, job: JobId) -> Part {
        Part { texts, job: Some(job), failure: None }
    }

    fn failed(texts: Range<usize>, job: Option<JobId>, name: &str, exit_code: u8) -> Part {
        let error = Error::new(name, "what happened").hint("what to do").exit_code(exit_code);
        Part { texts, job, failure: Some(error) }
    }

    /// Name, exit code, jobs and hint.
    fn end(parts: Vec<Part>, left: Range<usize>) -> (String, u8, Vec<JobId>, String) {
        let error = conclusion(parts, left).unwrap_err();
        (error.name, error.exit_code, error.jobs, error.hint.unwrap_or_default())
    }

    #[test]
    fn an_order_that_is_refused_later_does_not_forget_those_before() {
        let parts = vec![done(0..3, 7), done(3..4, 8), failed(4..9, None, "InsufficientBalance", 1)];
        let (name, code, jobs, hint) = end(parts, 9..20);
        assert_eq!((name.as_str(), code, jobs), ("InsufficientBalance", SENT, vec![7, 8]));
        assert!(hint.contains("what to do") && hint.contains("jobs 7, 8"), "{hint}");
        assert!(hint.ends_with("give these alone: texts 5 to 9, texts 10 to 20"), "{hint}");
    }

    #[test]
    fn the_first_order_of_all_refused_is_an_ordinary_failure() {
        let (name, code, jobs, hint) = end(vec![failed(0..4, None, "NoProvider", 1)], 4..9);
        assert_eq!((name.as_str(), code, jobs, hint.as_str()), ("NoProvider", 1, vec![], "what to do"));
    }

    #[test]
    fn texts_whose_order_may_be_in_are_not_to_be_ordered_again() {
        let (name, code, jobs, hint) = end(vec![done(0..1, 7), failed(1..2, None, "TransactionUnknown", SENT)], 2..5);
        assert_eq!((name.as_str(), code, jobs), ("TransactionUnknown", SENT, vec![7]));
        assert!(hint.ends_with("give these alone: texts 3 to 5"), "{hint}");
    }

    #[test]
    fn a_failure_that_cost_nothing_hides_none_that_may_have() {
        let parts = vec![failed(0..1, Some(7), "ProviderLate", 1), failed(1..2, Some(8), "OutputUnavailable", SENT)];
        let (name, code, jobs, hint) = end(parts, 2..2);
        assert_eq!((name.as_str(), code, jobs), ("OutputUnavailable", SENT, vec![8]));
        assert!(hint.ends_with("give these alone: text 1"), "{hint}");
    }

    #[test]
    fn jobs_that_all_cost_nothing_may_all_be_ordered_again() {
        let parts = vec![failed(0..1, Some(7), "ProviderLate", 1), failed(1..2, Some(8), "NoProvider", 1)];
        assert_eq!(end(parts, 2..2).1, 1);
        assert!(conclusion(vec![done(0..1, 7), done(1..2, 8)], 2..2).is_ok());
    }

    #[test]
    fn a_single_job_fails_in_its_own_words() {
        let (name, code, jobs, hint) = end(vec![failed(0..1, Some(7), "ProviderLate", 1)], 1..1);
        assert_eq!((name.as_str(), code, jobs.len(), hint.as_str()), ("ProviderLate", 1, 0, "what to do"));
    }
}

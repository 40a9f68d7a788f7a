//! `strike account transaction`: what became of one that was sent.

use crate::{
    commands::context::Context,
    error::{Error, Result, SENT},
    output,
    present::{json::TransactionStateView, words},
};
use strike_chain::{
    lookup::{Done, Found},
    TransactionQuery, Whereabouts,
};
use strike_primitives::H256;

pub(super) async fn run(context: &Context, query: &TransactionQuery) -> Result<()> {
    let found = context.chain().await?.transaction(query).await?;
    let failure = failure(&found);
    if context.json {
        output::json(&view(&query.hash, &found, failure.as_ref()))?;
        return failure.map_or(Ok(()), |failure| Err(failure.told()));
    }
    if let (Whereabouts::InBlock(found), None) = (&found, &failure) {
        let ordered = found.job().map(|job| format!(", and ordered job {job}")).unwrap_or_default();
        output::line(format!("it succeeded in block {}{}{ordered}", found.number, not_final(found)));
    }
    failure.map_or(Ok(()), Err)
}

fn not_final(found: &Found) -> &'static str {
    if found.finalized {
        ""
    } else {
        ", which is not final yet"
    }
}

/// Why the transaction did not do what it was sent for, or why that is not known.
fn failure(whereabouts: &Whereabouts) -> Option<Error> {
    let open = |message: String, hint: &str| {
        Error::new("TransactionUnknown", message).hint(format!("do not send it again: {hint}")).exit_code(SENT)
    };
    let later = "ask once more in a minute";
    Some(match whereabouts {
        Whereabouts::InBlock(found) => match &found.done {
            Done::Succeeded(_) => return None,
            Done::Failed(error) if found.finalized => {
                let error = Error::from(error.clone());
                Error { message: format!("in block {} its call failed: {}", found.number, error.message), ..error }
            }
            Done::Failed(error) => {
                open(format!("in block {}, which is not final yet, its call failed: {error}", found.number), later)
            }
            Done::Unreadable(error) => open(
                format!(
                    "it is in block {}, but the node does not tell what it did there: {}",
                    found.number, error.message
                ),
                "ask a node that keeps the states of all blocks: --url",
            ),
        },
        Whereabouts::Waiting => open("it waits in the node's pool".into(), later),
        Whereabouts::Never => {
            Error::new("TransactionNotIncluded", "it is in no block and never will be").hint("send it again")
        }
        Whereabouts::Unknown { first, last } => open(
            format!("it is not in blocks {first} to {last} and not in the node's pool"),
            "ask once more in some minutes, with --account, --nonce and --from as the failed command named them",
        ),
    })
}

fn view(hash: &H256, whereabouts: &Whereabouts, failure: Option<&Error>) -> TransactionStateView {
    let found = match whereabouts {
        Whereabouts::InBlock(found) => Some(found),
        Whereabouts::Waiting | Whereabouts::Never | Whereabouts::Unknown { .. } => None,
    };
    TransactionStateView {
        transaction: words::hash(hash),
        state: match whereabouts {
            Whereabouts::InBlock(found) => match found.done {
                Done::Succeeded(_) => "succeeded",
                Done::Failed(_) => "failed",
                Done::Unreadable(_) => "unreadable",
            },
            Whereabouts::Waiting => "waiting",
            Whereabouts::Never => "never",
            Whereabouts::Unknown { .. } => "unknown",
        },
        block: found.map(|found| words::hash(&found.block)),
        number: found.map(|found| found.number),
        finalized: found.map(|found| found.finalized),
        job: found.and_then(Found::job),
        error: failure.map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_block(done: Done, finalized: bool) -> Whereabouts {
        Whereabouts::InBlock(Found { block: H256([2; 32]), number: 101, finalized, done })
    }

    fn told(whereabouts: &Whereabouts) -> (&'static str, u8) {
        let failure = failure(whereabouts);
        let state = view(&H256([1; 32]), whereabouts, failure.as_ref()).state;
        (state, failure.map_or(0, |failure| failure.exit_code))
    }

    #[test]
    fn exit_codes_say_whether_it_can_be_sent_again() {
        let error = || strike_chain::Error::new("InsufficientBalance", "too little");
        for finalized in [false, true] {
            assert_eq!(told(&in_block(Done::Succeeded(vec![]), finalized)), ("succeeded", 0));
            assert_eq!(told(&in_block(Done::Unreadable(error()), finalized)), ("unreadable", SENT));
        }
        assert_eq!(told(&in_block(Done::Failed(error()), true)), ("failed", 1));
        assert_eq!(told(&in_block(Done::Failed(error()), false)), ("failed", SENT), "a fork may undo the failure");
        assert_eq!(told(&Whereabouts::Never), ("never", 1));
        assert_eq!(told(&Whereabouts::Waiting), ("waiting", SENT));
        assert_eq!(told(&Whereabouts::Unknown { first: 1, last: 9 }), ("unknown", SENT));
        assert_eq!(failure(&in_block(Done::Failed(error()), true)).unwrap().name, "InsufficientBalance");
    }
}

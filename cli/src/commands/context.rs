//! What holds for all commands, and what several of them do.

use crate::{error::Result, output, present::json::TransactionView, present::words};
use sp_core::sr25519;
use strike_chain::{keys, Call, Chain, Inclusion};

/// What holds for all commands.
#[derive(Clone, Debug)]
pub struct Context {
    /// Address of the node.
    pub url: String,
    /// Whether to print JSON.
    pub json: bool,
}

impl Context {
    /// A connection to the node.
    pub async fn chain(&self) -> Result<Chain> {
        Ok(Chain::connect(&self.url).await?.with_progress(output::on_stderr()))
    }
}

/// The key pair that `text` names; see [`keys::key_pair`]. Warns of a file that others can read.
pub(crate) fn key_pair(text: &str) -> Result<sr25519::Pair> {
    if let Some(warning) = keys::warning(text) {
        output::progress(warning);
    }
    Ok(keys::key_pair(text)?)
}

/// Makes a call and says that it was made.
pub(crate) async fn submit_and_report(
    context: &Context,
    chain: &Chain,
    call: &Call,
    signer: &sr25519::Pair,
    done: &str,
) -> Result<()> {
    let (_, inclusion) = chain.submit(call, signer).await?;
    if context.json {
        output::json(&transaction_view(&inclusion))
    } else {
        output::line(format!("{done}, in block {}", inclusion.number));
        Ok(())
    }
}

/// A transaction as JSON.
pub(crate) fn transaction_view(inclusion: &Inclusion) -> TransactionView {
    TransactionView {
        transaction: words::hash(&inclusion.sent.hash),
        block: words::hash(&inclusion.block),
        number: inclusion.number,
        finalized: inclusion.finalized,
        job: None,
        texts: None,
    }
}

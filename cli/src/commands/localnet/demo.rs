//! The demo: one job, from order to receipt.

use crate::{
    commands::{
        job::{not_had, not_known},
        model,
    },
    error::Result,
    output::progress,
    present::{
        json::Summary,
        text::{payments, Narrator},
    },
};
use strike_chain::{calls, follow, keys, outcome::settled, Chain, Generation};
use strike_localnet::Network;
use strike_primitives::{
    api::JobInfo,
    job::{Sampler, VerificationClass},
};

/// Who orders: neither a validator nor a provider.
pub const REQUESTER: &str = keys::DEV_SIGNER;
/// What the built-in model goes on from.
const PROMPT: &str = "Once upon a time";
/// Tokens to generate.
const MAX_TOKENS: u32 = 64;
/// Blocks for the provider.
const DEADLINE: u32 = 50;
/// Lively but sensible.
const SAMPLER: Sampler =
    Sampler { temperature_milli: 700, min_p_milli: 50, repetition_penalty_milli: 1_000, repetition_window: 0 };

/// What became of the demo job.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The job, closed.
    pub info: JobInfo,
    /// The text, if it was delivered.
    pub text: Option<String>,
}

impl Outcome {
    /// The summary, if there is a receipt.
    pub fn summary(&self) -> Option<Summary> {
        self.info.receipt.as_ref().map(|receipt| Summary::new(receipt, self.text.clone()))
    }
}

/// Orders a job on a network, tells its life on stderr, and returns it when its receipt is final.
pub async fn run(network: &mut Network) -> Result<Outcome> {
    let chain = network.connect("alice").await?;
    tokio::select! {
        outcome = order(&chain) => outcome,
        death = network.first_death() => Err(death.into()),
    }
}

async fn order(chain: &Chain) -> Result<Outcome> {
    let signer = keys::key_pair(REQUESTER)?;
    let requester = keys::account_of(&signer);
    let generation = Generation {
        model: model::builtin(),
        prompt: PROMPT.into(),
        max_input_tokens: None,
        max_output_tokens: MAX_TOKENS,
        sampler: SAMPLER,
        class: VerificationClass::Exact,
        deadline: Some(DEADLINE),
    };
    progress(format!("{} orders {MAX_TOKENS} tokens after {PROMPT:?}", keys::shown(&requester)));
    let order = generation.order_at_quote(chain).await?;
    let (submission, inclusion) = chain.submit(&calls::submit_job(&order), &signer).await?;
    let job = inclusion.job()?;
    progress(format!("block {}: submitted as job {job}", inclusion.number));
    let mut narrator = Narrator::default();
    let followed = follow(chain, job, Some(submission), |update| progress(narrator.line(update))).await;
    let info = followed.map_err(|error| not_known(job, &inclusion.sent, error))?;
    let text = match settled(&info) {
        true => chain.text(info.job).await,
        false => Ok(None),
    };
    if let Some(receipt) = &info.receipt {
        progress(format!("paid:\n{}", payments(receipt)));
    }
    let text = text.map_err(|error| not_had(job, "text", error.into()))?;
    if let Some(text) = &text {
        progress(format!("the text:\n  {PROMPT}{text}"));
    }
    Ok(Outcome { info, text })
}

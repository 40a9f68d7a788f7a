//! The command groups.

pub mod account;
pub mod engine;
pub mod job;
pub mod localnet;
pub mod model;
pub mod provider;
pub mod upgrade;

use crate::{
    args::{Args, Command},
    chain::{Call, Chain, Inclusion, Submission},
    error::Result,
    output,
    views::{self, TransactionView},
};
use sp_core::sr25519;

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
        Chain::connect(&self.url).await
    }
}

/// Runs a command.
pub async fn run(args: Args) -> Result<()> {
    let context = Context { url: args.url, json: args.json };
    match args.command {
        Command::Localnet(args) => localnet::run(&context, args).await,
        Command::Job(command) => job::run(&context, command).await,
        Command::Model(command) => model::run(&context, command).await,
        Command::Provider(command) => provider::run(&context, command).await,
        Command::Account(command) => account::run(&context, command).await,
        Command::Upgrade(args) => upgrade::run(&context, args).await,
        Command::Engine(command) => engine::run(&context, command).await,
    }
}

/// Makes a call and says that it was made.
async fn submit_and_report(
    context: &Context,
    chain: &Chain,
    call: &Call,
    signer: &sr25519::Pair,
    done: &str,
) -> Result<()> {
    let (submission, inclusion) = chain.submit(call, signer).await?;
    if context.json {
        output::json(&transaction_view(&submission, &inclusion))
    } else {
        output::line(format!("{done}, in block {}", inclusion.number));
        Ok(())
    }
}

fn transaction_view(submission: &Submission, inclusion: &Inclusion) -> TransactionView {
    TransactionView {
        transaction: views::hash(&submission.hash()),
        block: views::hash(&inclusion.block),
        number: inclusion.number,
        finalized: inclusion.finalized,
        job: None,
    }
}

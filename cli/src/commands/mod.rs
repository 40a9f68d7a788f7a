//! The command groups.

pub mod account;
mod context;
pub mod engine;
mod interrupts;
pub mod job;
pub mod localnet;
pub mod model;
mod prompt;
pub mod provider;
pub mod upgrade;

pub use context::Context;

use crate::{
    args::{Args, Command},
    error::Result,
};

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

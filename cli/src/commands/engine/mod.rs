//! `strike engine …`: the exact engine on this machine, without a chain.

mod bench;
mod chat;
mod embed;
mod generate;
mod operators;
mod perplexity;
mod saved;
mod start;
mod verify;
mod words;

use super::context::Context;
use crate::{
    args::EngineCommand,
    error::{Error, Result},
};
use strike_inference::Control;

/// Runs a command of the group.
pub async fn run(context: &Context, command: EngineCommand) -> Result<()> {
    let json = context.json;
    let control = Control::default();
    let work = tokio::task::spawn_blocking({
        let control = control.clone();
        move || match command {
            EngineCommand::Generate(args) => generate::run(&args, &control, json),
            EngineCommand::Verify { folder, operators, engine } => {
                verify::run(&folder, operators.as_deref(), &engine, &control, json)
            }
            EngineCommand::Operators { folder, position, layer, engine } => {
                let place = (position as usize, usize::from(layer));
                operators::run(&folder, place, &engine, &control, json)
            }
            EngineCommand::Perplexity { file, context, reference, logits, engine } => {
                let perplexity = perplexity::Perplexity { file, context, reference, logits };
                perplexity::run(&perplexity, &engine, &control, json)
            }
            EngineCommand::Embed { file, engine } => embed::run(&file, &engine, &control, json),
            EngineCommand::Bench { prompt_tokens, tokens, position, batch, trace, engine } => {
                bench::run(&bench::Bench { prompt_tokens, tokens, position, batch, trace }, &engine, json)
            }
        }
    });
    let stopped = async {
        // Ctrl-C ends the computation, not the process: what was written so far stays.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        control.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        result = work => result.map_err(|error| Error::new("EngineFailed", error.to_string()))?,
        () = stopped => Ok(()),
    }
}

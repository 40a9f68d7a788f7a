//! `strike engine …`: the exact engine on this machine, without a chain.

mod bench;
mod cache;
mod chat;
mod embed;
mod generate;
mod operators;
mod perplexity;
mod saved;
mod session;
mod start;
mod verify;
mod words;

use super::{context::Context, interrupts::Interrupts};
use crate::{
    args::EngineCommand,
    error::{Error, Result},
    output::progress,
};
use cache::Removal;
use session::Session;

/// Runs a command of the group.
pub async fn run(context: &Context, command: EngineCommand) -> Result<()> {
    let json = context.json;
    let session = Session::default();
    // Before the work begins: an interrupt may come at once.
    let mut interrupts = Interrupts::new()?;
    let work = tokio::task::spawn_blocking({
        let session = session.clone();
        move || match command {
            EngineCommand::Generate(args) => generate::run(&args, &session, json),
            EngineCommand::Verify { folder, operators, engine } => {
                verify::run(&folder, operators.as_deref(), &engine, &session, json)
            }
            EngineCommand::Operators { folder, position, layer, engine } => {
                let place = (position as usize, usize::from(layer));
                operators::run(&folder, place, &engine, &session, json)
            }
            EngineCommand::Perplexity { file, context, reference, logits, engine } => {
                let perplexity = perplexity::Perplexity { file, context, reference, logits };
                perplexity::run(&perplexity, &engine, &session, json)
            }
            EngineCommand::Embed { file, engine } => embed::run(&file, &engine, &session, json),
            EngineCommand::Bench { prompt_tokens, tokens, position, batch, trace, engine } => {
                let bench = bench::Bench { prompt_tokens, tokens, position, batch, trace };
                bench::run(&bench, &engine, &session, json)
            }
            EngineCommand::Cache { clean, clear, folder } => {
                let removal = match (clean, clear) {
                    (_, true) => Removal::All,
                    (true, false) => Removal::Useless,
                    (false, false) => Removal::Nothing,
                };
                cache::run(folder, removal, json)
            }
        }
    });
    tokio::select! {
        result = work => match result.map_err(|error| Error::new("EngineFailed", error.to_string()))? {
            Err(_) if session.is_stopped() => Err(Error::interrupted()),
            result => result,
        },
        () = stopped(&session, &mut interrupts) => Err(Error::interrupted()),
    }
}

/// Ends when the command is to end whatever it does. The first Ctrl-C ends a computation in order: what was written so far stays. The
/// second one ends the command at once, and so does the first while a model is loaded, of which the next command removes the rest.
async fn stopped(session: &Session, interrupts: &mut Interrupts) {
    interrupts.next().await;
    session.stop();
    if !session.is_loading() {
        progress("stopping; Ctrl-C once more ends at once");
        interrupts.next().await;
    }
}

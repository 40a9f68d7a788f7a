//! `strike engine …`: the exact engine on this machine, without a chain.

mod bench;
mod chat;
mod embed;
mod generate;
mod operators;
mod perplexity;
mod saved;
mod verify;

use super::{model::BUILTIN, Context};
use crate::{
    args::{EngineArgs, EngineCommand, GeneratorArgs},
    error::{Error, Result},
    output::progress,
};
use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};
use strike_inference::{
    exact::{Check, Engine, ExactModel, JobError, LoadError, OpenOptions, Stop},
    Control,
};

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

/// Starts the engine and loads the model with its adapter, with progress on stderr where it has to be imported.
fn start(args: &GeneratorArgs) -> Result<(Engine, ExactModel)> {
    let load = |options: &OpenOptions<'_>| match args.engine.model.as_str() {
        BUILTIN => ExactModel::builtin(),
        path => ExactModel::open(Path::new(path), options),
    };
    let (engine, model) = start_with(&args.engine, load)?;
    let Some(folder) = &args.adapter else { return Ok((engine, model)) };
    let adapted = model.open_adapter(folder).map_err(|error| {
        Error::new("AdapterRefused", format!("{}: {error}", folder.display())).hint(
            "--adapter takes a folder with adapter_config.json and adapter_model.safetensors, made for this model",
        )
    })?;
    Ok((engine, adapted))
}

/// As [`start`], for any kind of model.
fn start_with<M>(
    args: &EngineArgs,
    load: impl FnOnce(&OpenOptions<'_>) -> std::result::Result<M, LoadError>,
) -> Result<(Engine, M)> {
    let engine = Engine::new(usize::from(args.threads))
        .map_err(|error| Error::new("EngineFailed", error.to_string()).hint("see STRIKE_ISA and --threads"))?;
    let told = AtomicU64::new(0);
    let import = |done: u64, all: u64| {
        let percent = done.saturating_mul(100).checked_div(all).unwrap_or(100);
        // A line for every tenth part.
        let step = percent / 10;
        if told.fetch_max(step, Ordering::Relaxed) < step {
            progress(format!("importing the model: {percent} %"));
        }
    };
    let model = load(&OpenOptions { check: Check::OnceABoot, progress: Some(&import), ..OpenOptions::default() });
    let model = model.map_err(|error| {
        Error::new("ModelRefused", format!("{}: {error}", args.model))
            .hint("--model takes 'builtin', a folder with config.json, safetensors and tokenizer.json, or a GGUF file")
    })?;
    Ok((engine, model))
}

fn failed(error: JobError) -> Error {
    // The variant's name says which condition; the text says the numbers.
    let name = format!("{error:?}");
    let name = name.split(|character: char| !character.is_alphanumeric()).next().unwrap_or_default().to_owned();
    Error::new(name, error.to_string())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::new("FileUnreadable", format!("{}: {error}", path.display()))
}

fn hex_hash(hash: &[u8; 32]) -> String {
    format!("0x{}", hex::encode(hash))
}

fn stop_name(stop: Stop) -> &'static str {
    match stop {
        Stop::EndOfText => "end_of_text",
        Stop::StopSequence => "stop_sequence",
        Stop::GrammarComplete => "grammar_complete",
        Stop::MaxTokens => "max_tokens",
        Stop::ContextFull => "context_full",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_model_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut args = GeneratorArgs {
            engine: EngineArgs { model: folder.path().to_str().unwrap().to_owned(), threads: 1 },
            adapter: None,
        };
        let error = start(&args).err().expect("refused");
        assert_eq!(error.name, "ModelRefused");
        assert!(error.message.contains("model.safetensors"), "{error}");
        args.engine.model = BUILTIN.to_owned();
        args.adapter = Some(folder.path().to_owned());
        let error = start(&args).err().expect("refused");
        assert_eq!(error.name, "AdapterRefused");
        assert!(error.message.contains("adapter_config.json"), "{error}");
    }
}

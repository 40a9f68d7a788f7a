//! The engine and a model in it.

use super::session::Session;
use crate::{
    args::{EngineArgs, GeneratorArgs},
    commands::model::BUILTIN,
    error::{Error, Result},
    output::progress,
};
use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};
use strike_inference::exact::{CacheFailure, CacheUse, Check, Engine, ExactModel, LoadError, OpenOptions};

/// Starts the engine and loads the model with its adapter, with progress on stderr where it has to be imported.
pub fn start(args: &GeneratorArgs, session: &Session) -> Result<(Engine, ExactModel)> {
    let load = |options: &OpenOptions<'_>| match args.engine.model.as_str() {
        BUILTIN => ExactModel::builtin(),
        path => ExactModel::open(Path::new(path), options),
    };
    let (engine, model) = start_with(&args.engine, session, load)?;
    let Some(folder) = &args.adapter else { return Ok((engine, model)) };
    let adapted = model.open_adapter(folder).map_err(|error| {
        Error::new("AdapterRefused", format!("{}: {error}", folder.display())).hint(
            "--adapter takes a folder with adapter_config.json and adapter_model.safetensors, made for this model",
        )
    })?;
    Ok((engine, adapted))
}

/// As [`start`], for any kind of model.
pub fn start_with<M>(
    args: &EngineArgs,
    session: &Session,
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
    if args.model != BUILTIN && CacheUse::default() == CacheUse::Off {
        progress("warning: there is no folder to keep the imported model in, so it is imported at each start; name one: STRIKE_CACHE");
    }
    let options = OpenOptions {
        check: Check::OnceABoot,
        progress: Some(&import),
        on_cache_failure: Some(&in_memory),
        ..OpenOptions::default()
    };
    let refused = |error: LoadError| {
        Error::new("ModelRefused", format!("{}: {error}", args.model))
            .hint("--model takes 'builtin', a folder with config.json, safetensors and tokenizer.json, or a GGUF file")
    };
    let model = session.load(|| load(&options).map_err(refused))?;
    Ok((engine, model))
}

/// Says that the imported model is not kept, before it is imported a second time.
fn in_memory(failure: &CacheFailure) {
    progress(format!(
        "warning: the imported model cannot be kept: {failure}; it is imported into memory, now and at each start. Make room there, or \
         name another folder: STRIKE_CACHE"
    ));
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
        let error = start(&args, &Session::default()).err().expect("refused");
        assert_eq!(error.name, "ModelRefused");
        assert!(error.message.contains("model.safetensors"), "{error}");
        args.engine.model = BUILTIN.to_owned();
        args.adapter = Some(folder.path().to_owned());
        let error = start(&args, &Session::default()).err().expect("refused");
        assert_eq!(error.name, "AdapterRefused");
        assert!(error.message.contains("adapter_config.json"), "{error}");
    }
}

//! `strike engine perplexity`.

use super::{
    session::Session,
    start::start,
    words::{failed, unreadable},
};
use crate::{
    args::GeneratorArgs,
    commands::model::BUILTIN,
    error::{Error, Result},
    output,
};
use serde::Serialize;
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    time::Instant,
};
use strike_inference::{
    exact::{Engine, ExactModel},
    Control, Reference, ReferenceError, ReferenceOptions,
};
use strike_tokenizers::Tokenizer;

/// A measurement as JSON.
#[derive(Serialize)]
struct View {
    /// Tokens of the text.
    tokens: usize,
    /// Tokens predicted: all but the first of each window.
    predicted: usize,
    /// Mean negative logarithm of the probability.
    nll: f64,
    perplexity: f64,
    seconds: f64,
}

/// What is measured.
pub struct Perplexity {
    pub file: PathBuf,
    pub context: Option<u32>,
    pub reference: bool,
    pub logits: Option<PathBuf>,
}

/// The exact engine with its model, or the reference.
enum Scorer {
    Exact(Box<(Engine, ExactModel)>),
    Reference(Box<Reference>),
}

impl Scorer {
    fn load(args: &GeneratorArgs, reference: bool, session: &Session) -> Result<Self> {
        if !reference {
            return start(args, session).map(|started| Self::Exact(Box::new(started)));
        }
        let options = ReferenceOptions { adapter: args.adapter.as_deref(), ..ReferenceOptions::default() };
        let refused = |error: ReferenceError| Error::new("ModelRefused", format!("{}: {error}", args.engine.model));
        let load = || match args.engine.model.as_str() {
            BUILTIN => Reference::builtin(&options),
            path => Reference::open(Path::new(path), &options),
        };
        session.load(|| load().map(|reference| Self::Reference(Box::new(reference))).map_err(refused))
    }

    fn tokenizer(&self) -> &Tokenizer {
        match self {
            Self::Exact(started) => started.1.tokenizer(),
            Self::Reference(reference) => reference.tokenizer(),
        }
    }

    fn context_length(&self) -> usize {
        match self {
            Self::Exact(started) => started.1.context_length(),
            Self::Reference(reference) => reference.context_length(),
        }
    }

    fn score(&self, window: &[u32], control: &Control, on_logits: impl FnMut(usize, &[f32])) -> Result<()> {
        match self {
            Self::Exact(started) => {
                let (engine, model) = started.as_ref();
                engine.score(model, window, 0, window.len(), control, on_logits).map_err(failed)
            }
            Self::Reference(reference) => reference
                .score(window, 0, window.len(), control, on_logits)
                .map_err(|error| Error::new("ReferenceFailed", error.to_string())),
        }
    }
}

pub fn run(perplexity: &Perplexity, args: &GeneratorArgs, session: &Session, json: bool) -> Result<()> {
    let Perplexity { file, context, reference, logits } = perplexity;
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
    let scorer = Scorer::load(args, *reference, session)?;
    let tokens =
        scorer.tokenizer().encode(&text, true).map_err(|error| Error::new("TokenizerFailed", error.to_string()))?;
    let most = scorer.context_length();
    let window = context.map_or(most, |context| context as usize).min(most);
    if tokens.len() < 2 {
        return Err(Error::new("TextTooShort", format!("{} holds fewer than two tokens", file.display())));
    }
    let unwritable = |error: std::io::Error| Error::new("FileUnwritable", error.to_string());
    let mut rows = logits.as_ref().map(File::create).transpose().map_err(unwritable)?.map(BufWriter::new);
    let (mut sum, mut predicted) = (0.0, 0);
    let mut written = Ok(());
    let began = Instant::now();
    for window in tokens.chunks(window) {
        scorer.score(window, &session.control, |position, logits| {
            let Some(next) = window.get(position + 1) else { return };
            let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let total: f64 = logits.iter().map(|logit| f64::from(logit - max).exp()).sum();
            sum += total.ln() - f64::from(logits[*next as usize] - max);
            predicted += 1;
            if let (Some(rows), Ok(())) = (&mut rows, &written) {
                written = logits.iter().try_for_each(|logit| rows.write_all(&logit.to_le_bytes()));
            }
        })?;
    }
    written.and_then(|()| rows.map_or(Ok(()), |mut rows| rows.flush())).map_err(unwritable)?;
    let nll = sum / f64::from(predicted.max(1u32));
    let view = View {
        tokens: tokens.len(),
        predicted: predicted as usize,
        nll,
        perplexity: nll.exp(),
        seconds: began.elapsed().as_secs_f64(),
    };
    if json {
        return output::json(&view);
    }
    output::line(format!("perplexity {:.4} over {} of {} tokens", view.perplexity, view.predicted, view.tokens));
    Ok(())
}

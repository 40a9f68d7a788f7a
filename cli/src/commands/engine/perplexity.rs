//! `strike engine perplexity`.

use super::{failed, start, unreadable};
use crate::{
    args::EngineArgs,
    error::{Error, Result},
    output,
};
use serde::Serialize;
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    time::Instant,
};
use strike_inference::Control;

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

pub fn run(
    file: &Path,
    context: Option<u32>,
    logits: Option<&Path>,
    args: &EngineArgs,
    control: &Control,
    json: bool,
) -> Result<()> {
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
    let (engine, model) = start(args)?;
    let tokens = model.prompt(&text).map_err(failed)?;
    let window = context.map_or(model.context_length(), |context| context as usize).min(model.context_length());
    if tokens.len() < 2 {
        return Err(Error::new("TextTooShort", format!("{} holds fewer than two tokens", file.display())));
    }
    let unwritable = |error: std::io::Error| Error::new("FileUnwritable", error.to_string());
    let mut rows = logits.map(File::create).transpose().map_err(unwritable)?.map(BufWriter::new);
    let (mut sum, mut predicted) = (0.0, 0);
    let mut written = Ok(());
    let began = Instant::now();
    for window in tokens.chunks(window) {
        engine
            .score(&model, window, 0, window.len(), control, |position, logits| {
                let Some(next) = window.get(position + 1) else { return };
                let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let total: f64 = logits.iter().map(|logit| f64::from(logit - max).exp()).sum();
                sum += total.ln() - f64::from(logits[*next as usize] - max);
                predicted += 1;
                if let (Some(rows), Ok(())) = (&mut rows, &written) {
                    written = logits.iter().try_for_each(|logit| rows.write_all(&logit.to_le_bytes()));
                }
            })
            .map_err(failed)?;
    }
    written.and_then(|()| rows.map_or(Ok(()), |mut rows| rows.flush())).map_err(unwritable)?;
    let nll = sum / f64::from(predicted.max(1));
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

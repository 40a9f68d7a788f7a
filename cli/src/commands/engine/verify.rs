//! `strike engine verify`.

use super::{failed, hex_hash, saved, start, stop_name};
use crate::{
    args::GeneratorArgs,
    error::{Error, Result},
    output,
};
use serde::Serialize;
use std::{path::Path, time::Instant};
use strike_inference::{
    exact::{Divergence, Verification},
    Control,
};
use strike_primitives::artifact::output_root;

/// A check as JSON.
#[derive(Serialize)]
struct View {
    valid: bool,
    /// Root of the trace that the check made, where it came to the end.
    trace_root: Option<String>,
    divergence: Option<DivergenceView>,
    seconds: f64,
}

/// The first difference.
#[derive(Default, Serialize)]
struct DivergenceView {
    /// What differs: model, out_root, count, trace_shape, trace_root, trace_token, cell, last, token or stop.
    what: &'static str,
    /// Position in the sequence, prompt included, from 0.
    position: Option<usize>,
    /// Layer, from 0.
    layer: Option<usize>,
    /// Index among the generated tokens, from 0.
    index: Option<usize>,
    /// What the job gives.
    expected: Option<String>,
    /// What was claimed.
    claimed: Option<String>,
}

pub fn run(folder: &Path, args: &GeneratorArgs, control: &Control, json: bool) -> Result<()> {
    let saved = saved::read(folder)?;
    let (engine, model) = start(args)?;
    let began = Instant::now();
    let verification = if saved.model_root != model.model_root() {
        Err(DivergenceView {
            what: "model",
            expected: Some(hex_hash(&model.model_root())),
            claimed: Some(hex_hash(&saved.model_root)),
            ..Default::default()
        })
    } else {
        match engine.verify(&model, &saved.job, &saved.claim, saved.trace.as_ref(), control).map_err(failed)? {
            Verification::Diverged(divergence) => Err(view(&divergence)),
            Verification::Valid { trace_root } => match rest(&saved) {
                Some(divergence) => Err(divergence),
                None => Ok(trace_root),
            },
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    let (valid, trace_root, divergence) = match verification {
        Ok(root) => (true, Some(hex_hash(&root)), None),
        Err(divergence) => (false, None, Some(divergence)),
    };
    let told = divergence.as_ref().map(tell);
    if json {
        output::json(&View { valid, trace_root, divergence, seconds })?;
    } else if valid {
        output::line(format!("valid: to the bit what the job gives, checked in {seconds:.2} s"));
    }
    match told {
        None => Ok(()),
        Some(text) => Err(Error::new("Diverged", text)),
    }
}

/// What the roots and counts of a claim say beside its tokens.
fn rest(saved: &saved::Saved) -> Option<DivergenceView> {
    let out_root = output_root(&saved.claim.tokens).0;
    if saved.out_root != out_root {
        return Some(DivergenceView {
            what: "out_root",
            expected: Some(hex_hash(&out_root)),
            claimed: Some(hex_hash(&saved.out_root)),
            ..Default::default()
        });
    }
    let (claimed, counted) = ((saved.n_in, saved.n_out), (saved.job.prompt.len(), saved.claim.tokens.len()));
    (claimed != counted).then(|| DivergenceView {
        what: "count",
        expected: Some(format!("{counted:?}")),
        claimed: Some(format!("{claimed:?}")),
        ..Default::default()
    })
}

fn view(divergence: &Divergence) -> DivergenceView {
    let blank = DivergenceView::default();
    let token = |token: &Option<u32>| token.map(|token| token.to_string());
    match divergence {
        Divergence::TraceShape => DivergenceView { what: "trace_shape", ..blank },
        Divergence::TraceRoot => DivergenceView { what: "trace_root", ..blank },
        Divergence::TraceToken { position } => {
            DivergenceView { what: "trace_token", position: Some(*position), ..blank }
        }
        Divergence::Cell { position, layer } => {
            DivergenceView { what: "cell", position: Some(*position), layer: Some(*layer), ..blank }
        }
        Divergence::Last { position } => DivergenceView { what: "last", position: Some(*position), ..blank },
        Divergence::Token { index, expected, claimed } => DivergenceView {
            what: "token",
            index: Some(*index),
            expected: token(expected),
            claimed: token(claimed),
            ..blank
        },
        Divergence::Stop { expected } => {
            DivergenceView { what: "stop", expected: Some(stop_name(*expected).to_owned()), ..blank }
        }
    }
}

fn tell(view: &DivergenceView) -> String {
    let mut text = format!("not what the job gives: the first difference is in {}", view.what);
    for (name, value) in [
        ("position", view.position.map(|value| value.to_string())),
        ("layer", view.layer.map(|value| value.to_string())),
        ("index", view.index.map(|value| value.to_string())),
        ("expected", view.expected.clone()),
        ("claimed", view.claimed.clone()),
    ] {
        if let Some(value) = value {
            text.push_str(&format!(", {name} {value}"));
        }
    }
    text
}

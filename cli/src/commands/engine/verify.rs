//! `strike engine verify`.

use super::{
    operators, saved,
    session::Session,
    start::start,
    words::{failed, hex_hash, stop_name},
};
use crate::{
    args::GeneratorArgs,
    error::{Error, Result},
    output,
};
use serde::Serialize;
use std::{path::Path, time::Instant};
use strike_inference::{
    exact::{Difference, Divergence, Engine, ExactModel, Finding, Operator, Operators, Verification},
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
    /// What the record of the cell shows, where one was given.
    operators: Option<FindingView>,
}

/// What the record of a cell shows.
#[derive(Default, Serialize)]
struct FindingView {
    /// shape, contradiction, input, operator, same or unanswered.
    what: &'static str,
    /// The operator.
    operator: Option<Operator>,
    /// Row of its output: the head, where rows are heads.
    row: Option<usize>,
    /// Index within the row.
    element: Option<usize>,
    /// The right number as bits, or the hash of the claimed trace.
    expected: Option<String>,
    /// The record's number as bits, or the hash of the record.
    claimed: Option<String>,
}

pub fn run(folder: &Path, record: Option<&Path>, args: &GeneratorArgs, session: &Session, json: bool) -> Result<()> {
    let saved = saved::read(folder)?;
    let record = record.map(operators::read).transpose()?;
    if record.is_some() && saved.trace.is_none() {
        return Err(Error::new(
            "TraceMissing",
            "operators are compared with a cell of the trace, and there is no trace",
        )
        .hint("the folder needs the trace.bin that `generate --save` wrote"));
    }
    let (engine, model) = start(args, session)?;
    let began = Instant::now();
    let verification = if saved.model_root != model.model_root() {
        Err(DivergenceView {
            what: "model",
            expected: Some(hex_hash(&model.model_root())),
            claimed: Some(hex_hash(&saved.model_root)),
            ..Default::default()
        })
    } else {
        match check(&engine, &model, &saved, record, &session.control)? {
            (Verification::Diverged(divergence), finding) => {
                Err(DivergenceView { operators: finding.as_ref().map(finding_view), ..view(&divergence) })
            }
            (Verification::Valid { trace_root }, _) => match rest(&saved) {
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
    let told = divergence.as_ref().map(|view| (tell(view), hint(view)));
    if json {
        output::json(&View { valid, trace_root, divergence, seconds })?;
    } else if valid {
        output::line(format!("valid: to the bit what the job gives, checked in {seconds:.2} s"));
    }
    match told {
        None => Ok(()),
        Some((text, hint)) => {
            let error = Error::new("Diverged", text);
            Err(hint.into_iter().fold(error, Error::hint))
        }
    }
}

/// The check, with the record of a cell if there is one.
fn check(
    engine: &Engine,
    model: &ExactModel,
    saved: &saved::Saved,
    record: Option<Operators>,
    control: &Control,
) -> Result<(Verification, Option<Finding>)> {
    match (&saved.trace, record) {
        (Some(trace), Some(record)) => {
            let answer = |_, _| Some(record);
            engine.verify_to_the_operator(model, &saved.job, &saved.claim, trace, answer, control).map_err(failed)
        }
        (trace, _) => {
            let checked = engine.verify(model, &saved.job, &saved.claim, trace.as_ref(), control).map_err(failed)?;
            Ok((checked, None))
        }
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

fn finding_view(finding: &Finding) -> FindingView {
    let blank = FindingView::default();
    let differing = |what, operator: Operator, difference: &Difference| FindingView {
        what,
        operator: Some(operator),
        row: Some(difference.row),
        element: Some(difference.element),
        expected: Some(operators::number(operator, difference.expected)),
        claimed: Some(operators::number(operator, difference.claimed)),
    };
    match finding {
        Finding::Unanswered => FindingView { what: "unanswered", ..blank },
        Finding::Shape { operator } => FindingView { what: "shape", operator: *operator, ..blank },
        Finding::Contradiction { claimed, record } => FindingView {
            what: "contradiction",
            expected: Some(hex_hash(claimed)),
            claimed: Some(hex_hash(record)),
            ..blank
        },
        Finding::Input(difference) => differing("input", Operator::Input, difference),
        Finding::Operator { operator, difference } => differing("operator", *operator, difference),
        Finding::Same => FindingView { what: "same", ..blank },
    }
}

/// How the operator behind a cell is found.
fn hint(view: &DivergenceView) -> Option<String> {
    match (view.position, view.layer, &view.operators) {
        (Some(position), Some(layer), None) => Some(format!(
            "ask its maker for `strike engine operators DIR --position {position} --layer {layer} --json > FILE`, and verify with --operators FILE"
        )),
        _ => None,
    }
}

fn tell_finding(view: &FindingView) -> String {
    let text = match view.what {
        "shape" => "the record is of another cell or has an operator of another size",
        "contradiction" => "the record's outputs do not have the hash that the claimed trace holds",
        "input" => "the layer was entered with another residual stream",
        "operator" => "an operator gave something else",
        "same" => "every operator of the record is right",
        _ => "there is no record",
    };
    let mut text = text.to_owned();
    for (name, value) in [
        ("operator", view.operator.map(|operator| operator.to_string())),
        ("row", view.row.map(|value| value.to_string())),
        ("element", view.element.map(|value| value.to_string())),
        ("expected", view.expected.clone()),
        ("claimed", view.claimed.clone()),
    ] {
        if let Some(value) = value {
            text.push_str(&format!(", {name} {value}"));
        }
    }
    text
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
    if let Some(finding) = &view.operators {
        text.push_str(&format!("; {}", tell_finding(finding)));
    }
    text
}

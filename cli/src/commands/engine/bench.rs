//! `strike engine bench`.

use super::{session::Session, start::start, words::failed};
use crate::{
    args::GeneratorArgs,
    error::Result,
    output::{self, progress},
};
use serde::Serialize;
use strike_inference::exact::Workload;

/// What is measured.
pub struct Bench {
    pub prompt_tokens: u32,
    pub tokens: u32,
    pub position: Option<u32>,
    pub batch: u32,
    pub trace: bool,
}

/// Speeds as JSON, in tokens a second.
#[derive(Serialize)]
struct View {
    prefill_tps: f64,
    decode_tps: f64,
    prompt_tokens: u32,
    tokens: u32,
    /// Position that writing began at.
    position: u32,
    batch: u32,
    trace: bool,
    threads: usize,
    isa: &'static str,
    weight_bytes: u64,
}

pub fn run(bench: &Bench, args: &GeneratorArgs, session: &Session, json: bool) -> Result<()> {
    let (engine, model) = start(args, session)?;
    let measure = |prompt_tokens: u32, tokens: u32, batch: u32| {
        let workload = Workload {
            prompt_tokens: prompt_tokens as usize,
            tokens: tokens as usize,
            batch: batch as usize,
            trace: bench.trace,
        };
        engine.measure(&model, &workload, &session.control).map_err(failed)
    };
    progress(format!("measuring with {} threads", engine.threads()));
    // Pages and clocks are cold at first.
    measure(bench.prompt_tokens.min(32), 2, 1)?;
    let position = bench.position.unwrap_or(bench.prompt_tokens);
    let prefill = measure(bench.prompt_tokens, 0, 1)?.prefill;
    let decode = measure(position, bench.tokens, bench.batch)?.decode;
    let per_second = |count: u32, duration: std::time::Duration| f64::from(count) / duration.as_secs_f64().max(1e-9);
    let view = View {
        prefill_tps: per_second(bench.prompt_tokens, prefill),
        decode_tps: per_second(bench.tokens * bench.batch, decode),
        prompt_tokens: bench.prompt_tokens,
        tokens: bench.tokens,
        position,
        batch: bench.batch,
        trace: bench.trace,
        threads: engine.threads(),
        isa: engine.isa().name(),
        weight_bytes: model.weight_bytes(),
    };
    if json {
        return output::json(&view);
    }
    output::line(format!(
        "reading {:.0}, writing {:.1} tokens a second ({} threads, {})",
        view.prefill_tps, view.decode_tps, view.threads, view.isa
    ));
    Ok(())
}

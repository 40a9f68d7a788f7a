//! The training loop: warm-up and cosine schedule, clipping, evaluation, checkpoints.

use std::path::Path;
use std::time::Instant;

use candle_core::backprop::GradStore;
use candle_core::{DType, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};

use crate::data::{Batch, Outcome, Stream};
use crate::model::Model;

/// How long and how fast to train.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Optimizer steps.
    pub steps: u64,
    /// Sequences a step.
    pub batch: usize,
    /// Tokens a sequence.
    pub sequence: usize,
    /// The highest learning rate.
    pub rate: f64,
    /// Steps of linear warm-up.
    pub warm_up: u64,
    /// Gradients are scaled down to this norm.
    pub clip: f64,
    /// Steps between evaluations and checkpoints.
    pub evaluate_every: u64,
}

impl Schedule {
    /// Linear warm-up, then half a cosine down to 2 % of the highest rate.
    pub fn rate_at(&self, step: u64) -> f64 {
        if step < self.warm_up {
            return self.rate * (step + 1) as f64 / self.warm_up as f64;
        }
        let done = (step - self.warm_up) as f64 / (self.steps - self.warm_up).max(1) as f64;
        self.rate * (0.02 + 0.98 * 0.5 * (1.0 + (std::f64::consts::PI * done).cos()))
    }
}

/// Scales all gradients so that their common norm is at most `limit`; returns the norm before.
fn clip(gradients: &mut GradStore, parameters: &[Var], limit: f64) -> Outcome<f64> {
    let mut squares = 0f64;
    for parameter in parameters {
        if let Some(gradient) = gradients.get(parameter) {
            squares += f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?);
        }
    }
    let norm = squares.sqrt();
    if norm > limit {
        for parameter in parameters {
            if let Some(gradient) = gradients.remove(parameter) {
                gradients.insert(parameter, (gradient * (limit / norm))?);
            }
        }
    }
    Ok(norm)
}

/// Mean loss over consecutive windows of a held-out stream, in nats a token.
pub fn evaluate(model: &Model, stream: &[u32], sequence: usize, windows: usize) -> Outcome<f64> {
    let mut total = 0f64;
    let mut count = 0usize;
    for window in stream.windows(sequence + 1).step_by(sequence).take(windows) {
        let loss = model.loss(&window[..sequence], window[1..].to_vec(), sequence)?;
        total += f64::from(loss.to_scalar::<f32>()?);
        count += 1;
    }
    Ok(total / count.max(1) as f64)
}

/// Writes the parameters in f16 under their Llama names; the file appears whole or not at all.
pub fn export(model: &Model, directory: &Path) -> Outcome<()> {
    let tensors = model
        .named()?
        .into_iter()
        .map(|(name, tensor)| Ok((name, tensor.contiguous()?.to_dtype(DType::F16)?)))
        .collect::<Outcome<std::collections::HashMap<String, Tensor>>>()?;
    let temporary = directory.join("model.safetensors.part");
    candle_core::safetensors::save(&tensors, &temporary)?;
    std::fs::rename(&temporary, directory.join("model.safetensors"))?;
    Ok(())
}

/// Trains on `stream` and exports to `directory` whenever the held-out loss is the best so far.
pub fn train(
    model: &Model,
    stream: &mut Stream<'_>,
    held_out: &[u32],
    schedule: &Schedule,
    directory: &Path,
) -> Outcome<f64> {
    let (matrices, gains) = model.parameters();
    let all: Vec<Var> = matrices.iter().chain(&gains).cloned().collect();
    let with_decay = |weight_decay| ParamsAdamW { beta1: 0.9, beta2: 0.98, weight_decay, ..Default::default() };
    let mut for_matrices = AdamW::new(matrices, with_decay(0.05))?;
    let mut for_gains = AdamW::new(gains, with_decay(0.0))?;
    let started = Instant::now();
    let (mut best, mut smooth) = (f64::INFINITY, None::<f64>);
    for step in 0..schedule.steps {
        let rate = schedule.rate_at(step);
        for_matrices.set_learning_rate(rate);
        for_gains.set_learning_rate(rate);
        let Batch { inputs, targets } = stream.batch(schedule.batch, schedule.sequence)?;
        let loss = model.loss(&inputs, targets, schedule.sequence)?;
        let mut gradients = loss.backward()?;
        let norm = clip(&mut gradients, &all, schedule.clip)?;
        for_matrices.step(&gradients)?;
        for_gains.step(&gradients)?;
        let loss = f64::from(loss.to_scalar::<f32>()?);
        let mean = smooth.map_or(loss, |mean| 0.97 * mean + 0.03 * loss);
        smooth = Some(mean);
        let done = step + 1;
        if done % 20 == 0 || done == schedule.steps {
            let seconds = started.elapsed().as_secs_f64();
            let speed = done as f64 * (schedule.batch * schedule.sequence) as f64 / seconds;
            let left = seconds / done as f64 * (schedule.steps - done) as f64 / 60.0;
            eprintln!(
                "step {done}/{} loss {mean:.4} norm {norm:.2} rate {rate:.5} {speed:.0} tokens/s, {left:.0} min left",
                schedule.steps
            );
        }
        if done % schedule.evaluate_every == 0 || done == schedule.steps {
            let held = evaluate(model, held_out, schedule.sequence, 32)?;
            eprintln!("step {done} held-out loss {held:.4}");
            if held < best {
                best = held;
                export(model, directory)?;
            }
        }
    }
    Ok(best)
}

//! How fast the engine is on this machine.

use std::time::{Duration, Instant};

use crate::control::Control;
use crate::exact::decoder::cache::Sequence;
use crate::exact::decoder::forward::Forward;
use crate::exact::decoder::model::ExactModel;
use crate::exact::decoder::workspace::{Observer, Run};
use crate::exact::engine::{Engine, ROWS};
use crate::exact::error::JobError;
use crate::exact::job::Sampler;
use crate::exact::threads::float_state::FloatState;
use crate::exact::trace::recorder::Recorder;
use crate::exact::trace::{last_input, Trace};
use crate::kernels::sampler::choose;

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Tokens read before the first is chosen, by every sequence.
    pub prompt_tokens: usize,
    /// Tokens chosen, by every sequence. No stop rule ends them.
    pub tokens: usize,
    /// Sequences that are decoded together.
    pub batch: usize,
    /// Whether the trace is made.
    pub trace: bool,
}

/// How long it took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measurement {
    /// Reading all prompts, one after the other.
    pub prefill: Duration,
    /// Choosing all tokens.
    pub decode: Duration,
}

impl Engine {
    /// Runs a workload over arbitrary tokens.
    pub fn measure(&self, model: &ExactModel, workload: &Workload, control: &Control) -> Result<Measurement, JobError> {
        let _state = FloatState::standard();
        let limits = model.limits();
        let length = workload.prompt_tokens + workload.tokens;
        if workload.prompt_tokens == 0 {
            return Err(JobError::PromptEmpty);
        }
        if length > limits.context_length {
            return Err(JobError::PromptTooLong { prompt_tokens: length, context_length: limits.context_length });
        }
        let network = &model.network;
        let forward = Forward { isa: self.isa, pool: &self.pool, network };
        let mut workspace = self.workspace();
        let mut logits = Vec::new();
        let mut sequences: Vec<Sequence> = (0..workload.batch).map(|_| Sequence::new(forward.cache_shape())).collect();
        let mut traces: Vec<Trace> = (0..workload.batch).map(|_| Trace::new(network.decoder.layers)).collect();
        let vocab = limits.vocab_size as u64;
        let prompt = |sequence: u64| -> Vec<u32> {
            (0..workload.prompt_tokens as u64).map(|at| ((at * 7919 + sequence * 104_729) % vocab) as u32).collect()
        };
        let mut next: Vec<u32> = Vec::new();
        let start = Instant::now();
        for (index, (sequence, trace)) in sequences.iter_mut().zip(&mut traces).enumerate() {
            for tokens in prompt(index as u64).chunks(ROWS) {
                control.check()?;
                trace.extend(tokens);
                let mut recorder = recorder(&forward, vec![&mut *trace]);
                let observer = workload.trace.then_some(&mut recorder as &mut dyn Observer);
                let mut runs = [Run { sequence, tokens, long: false }];
                forward.layers(&mut runs, &mut workspace, observer)?;
            }
            let last = (workload.prompt_tokens - 1) % ROWS;
            forward.logits(&mut workspace, &[last], &mut logits)?;
            next.push(choose(self.isa, &Sampler::GREEDY, &mut logits, &[], &[0; 32], 0)?.token);
        }
        let prefill = start.elapsed();
        let rows: Vec<usize> = (0..workload.batch).collect();
        let start = Instant::now();
        for _ in 0..workload.tokens {
            control.check()?;
            for (trace, token) in traces.iter_mut().zip(&next) {
                trace.extend(std::slice::from_ref(token));
            }
            let mut recorder = recorder(&forward, traces.iter_mut().collect());
            let observer = workload.trace.then_some(&mut recorder as &mut dyn Observer);
            let mut runs: Vec<Run<'_>> = sequences
                .iter_mut()
                .zip(&next)
                .map(|(sequence, token)| Run { sequence, tokens: std::slice::from_ref(token), long: false })
                .collect();
            forward.layers(&mut runs, &mut workspace, observer)?;
            forward.logits(&mut workspace, &rows, &mut logits)?;
            for (row, (logits, next)) in logits.chunks_exact_mut(limits.vocab_size).zip(&mut next).enumerate() {
                let choice = choose(self.isa, &Sampler::GREEDY, logits, &[], &[0; 32], 0)?;
                if workload.trace {
                    let position = traces[row].tokens().len() - 1;
                    let (q, scales) = workspace.last_input(row);
                    traces[row].choose(position, choice.best, choice.token, last_input(q, scales));
                }
                *next = choice.token;
            }
        }
        let decode = start.elapsed();
        self.give_back(workspace);
        Ok(Measurement { prefill, decode })
    }
}

fn recorder<'a>(forward: &Forward<'_>, traces: Vec<&'a mut Trace>) -> Recorder<'a> {
    let decoder = &forward.network.decoder;
    Recorder::new(forward.isa, decoder.layers, decoder.kv_heads, decoder.head_dim, traces)
}

//! Generation: one job, or several at once with the bits of each alone.

use crate::control::Control;
use crate::exact::decoder::cache::Sequence;
use crate::exact::decoder::forward::Forward;
use crate::exact::decoder::model::ExactModel;
use crate::exact::decoder::workspace::{Observer, Run, Workspace};
use crate::exact::engine::{Engine, ROWS};
use crate::exact::error::JobError;
use crate::exact::grammar::Grammar;
use crate::exact::job::{Job, Stop};
use crate::exact::threads::float_state::FloatState;
use crate::exact::trace::recorder::Recorder;
use crate::exact::trace::{last_input, Trace};
use crate::kernels::sampler::choose;

/// A finished generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExactGeneration {
    /// Every chosen token, with the end-of-text token or stop sequence that ended the generation.
    pub tokens: Vec<u32>,
    /// Why it ended.
    pub stop: Stop,
    /// The trace, if one was asked for.
    pub trace: Option<Trace>,
}

impl Engine {
    /// Generates. `on_token` is called with the index of every token and the token.
    pub fn generate(
        &self,
        model: &ExactModel,
        job: &Job,
        trace: bool,
        control: &Control,
        mut on_token: impl FnMut(usize, u32),
    ) -> Result<ExactGeneration, JobError> {
        let mut batch = Batch::new(self, model);
        batch.admit(job.clone(), trace)?;
        loop {
            control.check()?;
            for event in batch.step()? {
                if let Some(token) = event.token {
                    on_token(event.index, token);
                }
                if let Some(generation) = event.finished {
                    return generation;
                }
            }
        }
    }
}

/// Jobs of one model that are generated together. Jobs may join and end at any step; none sees the others in its bits.
pub struct Batch<'a> {
    engine: &'a Engine,
    model: &'a ExactModel,
    workspace: Option<Workspace>,
    logits: Vec<f32>,
    active: Vec<Active>,
    admitted: u64,
}

struct Active {
    id: u64,
    job: Job,
    /// Prompt and output.
    history: Vec<u32>,
    sequence: Sequence,
    trace: Option<Trace>,
    long: bool,
    /// Behind the output so far.
    grammar: Option<Grammar>,
}

/// What happened to a job in a step.
#[derive(Debug)]
pub struct BatchEvent {
    /// The number that [`Batch::admit`] gave.
    pub id: u64,
    /// Index of the token among those generated.
    pub index: usize,
    /// The token chosen.
    pub token: Option<u32>,
    /// The generation, or why there is none; the job has left the batch.
    pub finished: Option<Result<ExactGeneration, JobError>>,
}

impl<'a> Batch<'a> {
    /// Without jobs.
    pub fn new(engine: &'a Engine, model: &'a ExactModel) -> Self {
        Self { engine, model, workspace: Some(engine.workspace()), logits: Vec::new(), active: Vec::new(), admitted: 0 }
    }

    /// Jobs that have not ended.
    pub fn len(&self) -> usize {
        self.active.len()
    }

    /// Whether all jobs have ended.
    pub fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    /// Takes a job in and returns its number in the batch.
    pub fn admit(&mut self, job: Job, trace: bool) -> Result<u64, JobError> {
        job.validate(&self.model.limits())?;
        let grammar = self.model.grammar(&job)?;
        let network = &self.model.network;
        let forward = Forward { isa: self.engine.isa, pool: &self.engine.pool, network };
        let long = network.is_long(&job);
        let id = self.admitted;
        self.admitted += 1;
        // A job that ends before its first token has no positions, whatever was computed before.
        let begins = job.stop_after(&[], false, &self.model.limits()).is_none();
        let known = self
            .engine
            .prefixes
            .lock()
            .ok()
            .filter(|_| begins)
            .and_then(|mut prefixes| prefixes.find(&self.model.model_root(), long, &job.prompt, trace));
        let (sequence, trace) = known.unwrap_or_else(|| {
            (Sequence::new(forward.cache_shape()), trace.then(|| Trace::new(network.decoder.layers)))
        });
        self.active.push(Active { id, history: job.prompt.clone(), sequence, trace, long, job, grammar });
        Ok(id)
    }

    /// Takes a job out before its end.
    pub fn cancel(&mut self, id: u64) {
        self.active.retain(|active| active.id != id);
    }

    /// Computes up to [`ROWS`] positions of the jobs, and chooses a token for each job whose positions are all computed.
    pub fn step(&mut self) -> Result<Vec<BatchEvent>, JobError> {
        let _state = FloatState::standard();
        let limits = self.model.limits();
        let mut events = Vec::new();
        let (engine, root) = (self.engine, self.model.model_root());
        self.active.retain_mut(|active| match active.job.stop_after(active.output(), active.is_complete(), &limits) {
            None => true,
            Some(stop) => {
                let trace = active.trace.clone();
                events.push(active.finish(stop));
                let tokens = active.history[..active.sequence.len()].to_vec();
                if let Ok(mut prefixes) = engine.prefixes.lock() {
                    prefixes.keep(root, active.long, tokens, active.sequence.clone(), trace);
                }
                false
            }
        });
        let forward = Forward { isa: engine.isa, pool: &engine.pool, network: &self.model.network };
        let mut workspace = self.workspace.take().unwrap_or_default();
        let result = self.pass(&forward, &mut workspace, &mut events);
        self.workspace = Some(workspace);
        result.map(|()| events)
    }

    fn pass(
        &mut self,
        forward: &Forward<'_>,
        workspace: &mut Workspace,
        events: &mut Vec<BatchEvent>,
    ) -> Result<(), JobError> {
        // Jobs that decode come first: a long prompt must not hold them up.
        let mut room = ROWS;
        let mut counts = vec![0; self.active.len()];
        for decoding in [true, false] {
            for (active, count) in self.active.iter().zip(&mut counts) {
                let open = active.history.len() - active.sequence.len();
                if (open == 1) == decoding {
                    *count = open.min(room);
                    room -= *count;
                }
            }
        }
        let decoder = &forward.network.decoder;
        let (mut runs, mut traces) = (Vec::new(), Vec::new());
        let (mut members, mut rows) = (Vec::new(), 0);
        // A trace for those without one, so that every run has one.
        let mut unused: Vec<Trace> = Vec::new();
        let tracing = self.active.iter().any(|active| active.trace.is_some());
        unused.resize_with(self.active.len(), || Trace::new(0));
        for (index, ((active, count), unused)) in self.active.iter_mut().zip(counts).zip(&mut unused).enumerate() {
            if count == 0 {
                continue;
            }
            let from = active.sequence.len();
            rows += count;
            if from + count == active.history.len() {
                members.push((index, rows - 1));
            }
            let tokens = &active.history[from..from + count];
            match &mut active.trace {
                Some(trace) => {
                    trace.extend(tokens);
                    traces.push(trace);
                }
                None => traces.push(unused),
            }
            runs.push(Run { sequence: &mut active.sequence, tokens, long: active.long });
        }
        if runs.is_empty() {
            return Ok(());
        }
        let mut recorder = Recorder::new(forward.isa, decoder.layers, decoder.kv_heads, decoder.head_dim, traces);
        let observer = tracing.then_some(&mut recorder as &mut dyn Observer);
        if forward.layers(&mut runs, workspace, observer).is_err() {
            // Which row it was is not known; alone each of them shows.
            drop(runs);
            return self.fail_alone(forward, workspace, events);
        }
        let indices: Vec<usize> = members.iter().map(|(_, row)| *row).collect();
        // Kept for the next pass: a vocabulary's worth of memory is not asked for with every token.
        let mut logits = std::mem::take(&mut self.logits);
        logits.clear();
        if !indices.is_empty() && forward.logits(workspace, &indices, &mut logits).is_err() {
            return self.fail_alone(forward, workspace, events);
        }
        let mut failed = Vec::new();
        for ((at, (index, _)), logits) in members.iter().enumerate().zip(logits.chunks_exact_mut(decoder.vocab_size)) {
            let active = &mut self.active[*index];
            let (q, scales) = workspace.last_input(at);
            let position = active.history.len();
            let job = &active.job;
            let (sampler, seed) = (&job.sampler, &job.seed);
            let choice = match &mut active.grammar {
                None => {
                    choose(forward.isa, sampler, logits, &active.history, seed, position as u32).map_err(JobError::from)
                }
                Some(grammar) => grammar.choose(forward.isa, sampler, logits, &active.history, seed, position as u32),
            };
            match choice {
                Ok(choice) => {
                    if let Some(trace) = &mut active.trace {
                        trace.choose(position - 1, choice.best, choice.token, last_input(q, scales));
                    }
                    let index = position - job.prompt.len();
                    active.history.push(choice.token);
                    events.push(BatchEvent { id: active.id, index, token: Some(choice.token), finished: None });
                }
                Err(error) => failed.push((active.id, error)),
            }
        }
        self.logits = logits;
        self.remove_failed(failed, events);
        Ok(())
    }

    /// After a failure of several jobs together: the ones that fail alone leave, the others go on as they were.
    fn fail_alone(
        &mut self,
        forward: &Forward<'_>,
        workspace: &mut Workspace,
        events: &mut Vec<BatchEvent>,
    ) -> Result<(), JobError> {
        let mut failed = Vec::new();
        for active in &mut self.active {
            // Room for the trace was made already, and is made again with the next pass.
            if let Some(trace) = &mut active.trace {
                trace.truncate(active.sequence.len());
            }
            let mut sequence = active.sequence.clone();
            let from = sequence.len().min(active.history.len() - 1);
            sequence.truncate(from);
            let finite = active.history[from..].chunks(ROWS).all(|tokens| {
                let run = Run { sequence: &mut sequence, tokens, long: active.long };
                let mut logits = Vec::new();
                forward.layers(&mut [run], workspace, None).is_ok()
                    && forward.logits(workspace, &[tokens.len() - 1], &mut logits).is_ok()
            });
            if !finite {
                failed.push((active.id, JobError::NotFinite));
            }
            // Positions that were counted before the logits failed are computed again.
            active.sequence.truncate(from);
            if let Some(trace) = &mut active.trace {
                trace.truncate(from);
            }
        }
        self.remove_failed(failed, events);
        Ok(())
    }

    fn remove_failed(&mut self, failed: Vec<(u64, JobError)>, events: &mut Vec<BatchEvent>) {
        for (id, error) in failed {
            self.active.retain(|active| active.id != id);
            events.push(BatchEvent { id, index: 0, token: None, finished: Some(Err(error)) });
        }
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if let Some(workspace) = self.workspace.take() {
            self.engine.give_back(workspace);
        }
    }
}

impl Active {
    fn output(&self) -> &[u32] {
        &self.history[self.job.prompt.len()..]
    }

    fn is_complete(&self) -> bool {
        self.grammar.as_ref().is_some_and(Grammar::is_complete)
    }

    fn finish(&mut self, stop: Stop) -> BatchEvent {
        let tokens = self.output().to_vec();
        let generation = ExactGeneration { tokens, stop, trace: self.trace.take() };
        BatchEvent { id: self.id, index: 0, token: None, finished: Some(Ok(generation)) }
    }
}

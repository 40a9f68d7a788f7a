//! The check of a claimed generation: prompt and output in one prefill, compared bit for bit.

use crate::control::Control;
use crate::exact::decoder::cache::Sequence;
use crate::exact::decoder::forward::Forward;
use crate::exact::decoder::model::ExactModel;
use crate::exact::decoder::workspace::Run;
use crate::exact::engine::{Engine, ROWS};
use crate::exact::error::JobError;
use crate::exact::grammar::Grammar;
use crate::exact::job::{in_vocabulary, Job, Stop};
use crate::exact::threads::float_state::FloatState;
use crate::exact::trace::recorder::Recorder;
use crate::exact::trace::{last_input, Hash, Trace};
use crate::kernels::sampler::choose;

/// What somebody says a job gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The generated tokens.
    pub tokens: Vec<u32>,
    /// Why the generation ended.
    pub stop: Stop,
    /// Root of the trace, if it is part of the claim.
    pub trace_root: Option<Hash>,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// The claim is what the job gives, to the bit.
    Valid {
        /// Root of the trace.
        trace_root: Hash,
    },
    /// It is not, and this is the first difference.
    Diverged(Divergence),
}

/// The first difference between a claim and the truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Divergence {
    /// The claimed trace has another shape than prompt, output and model have.
    TraceShape,
    /// The trace is not that of the claimed root.
    TraceRoot,
    /// The trace has another token at this position than prompt and output have.
    TraceToken {
        /// The position, prompt included, from 0.
        position: usize,
    },
    /// The cells differ: this layer at this position computed something else.
    Cell {
        /// The position, prompt included, from 0.
        position: usize,
        /// The layer, from 0.
        layer: usize,
    },
    /// The input of the output head, or the token with the largest logit, differs.
    Last {
        /// The position, prompt included, from 0.
        position: usize,
    },
    /// Another token is chosen.
    Token {
        /// Index among the generated tokens.
        index: usize,
        /// What the job gives there; `None` where it has ended before.
        expected: Option<u32>,
        /// What was claimed; `None` where the claim ends before the job does.
        claimed: Option<u32>,
    },
    /// The tokens are right and the reason of the end is not.
    Stop {
        /// Why the job ends there.
        expected: Stop,
    },
}

impl Engine {
    /// Replays prompt and claimed output in one pass. With the claimed trace the first difference is found to the layer; without
    /// it to the token.
    pub fn verify(
        &self,
        model: &ExactModel,
        job: &Job,
        claim: &Claim,
        claimed_trace: Option<&Trace>,
        control: &Control,
    ) -> Result<Verification, JobError> {
        let found = match self.replay(model, job, claim, claimed_trace, control) {
            // A wrong token may lead to numbers that are not finite behind it. What the job itself gives tells which it was.
            Err(JobError::NotFinite) => {
                let generation = self.generate(model, job, false, control, |_, _| {})?;
                let index = generation.tokens.iter().zip(&claim.tokens).take_while(|(a, b)| a == b).count();
                let (expected, claimed) = (generation.tokens.get(index).copied(), claim.tokens.get(index).copied());
                Err(Divergence::Token { index, expected, claimed })
            }
            result => result?,
        };
        Ok(match found {
            Ok(trace) => Verification::Valid { trace_root: trace.root() },
            Err(divergence) => Verification::Diverged(divergence),
        })
    }

    /// The trace of a claimed generation, if the claim is what the job gives, by one pass as in [`Self::verify`]; `None` if it is
    /// not.
    pub fn retrace(
        &self,
        model: &ExactModel,
        job: &Job,
        claim: &Claim,
        control: &Control,
    ) -> Result<Option<Trace>, JobError> {
        match self.replay(model, job, claim, None, control) {
            Err(JobError::NotFinite) => Ok(None),
            found => Ok(found?.ok()),
        }
    }

    /// The trace, or the first difference.
    fn replay(
        &self,
        model: &ExactModel,
        job: &Job,
        claim: &Claim,
        claimed_trace: Option<&Trace>,
        control: &Control,
    ) -> Result<Result<Trace, Divergence>, JobError> {
        let _state = FloatState::standard();
        let limits = model.limits();
        job.validate(&limits)?;
        in_vocabulary("the claimed output", &claim.tokens, limits.vocab_size)?;
        let mut grammar = model.grammar(job)?;
        let diverged = |divergence| Ok(Err(divergence));
        let network = &model.network;
        let prompt = job.prompt.len();
        // More than fits is wrong, but what comes first is found first.
        let usable = claim.tokens.len().min(limits.context_length - prompt);
        let mut history = job.prompt.clone();
        history.extend_from_slice(&claim.tokens[..usable]);
        let rows =
            if claim.tokens.is_empty() && job.stop_after(&[], false, &limits).is_some() { 0 } else { history.len() };
        let usable_tokens = &claim.tokens[..usable];
        let complete = model.grammar(job)?.is_some_and(|grammar| grammar.completes(usable_tokens));
        // The last claimed token goes through the network only if the job does not end with it, which the loop sees.
        let rows =
            if usable > 0 && job.stop_after(usable_tokens, complete, &limits).is_some() { rows - 1 } else { rows };
        if let Some(trace) = claimed_trace {
            // The claim says where the job ends, whether it does or not: its trace has all positions but the last token's.
            let positions = if claim.tokens.is_empty() { 0 } else { prompt + claim.tokens.len() - 1 };
            if let Some(divergence) = compare_shape(trace, positions, &history, network.decoder.layers) {
                return diverged(divergence);
            }
            if claim.trace_root.is_some_and(|root| root != trace.root()) {
                return diverged(Divergence::TraceRoot);
            }
        }
        let forward = Forward { isa: self.isa, pool: &self.pool, network };
        let long = network.is_long(job);
        let mut workspace = self.workspace();
        let mut sequence = Sequence::new(forward.cache_shape());
        let mut trace = Trace::new(network.decoder.layers);
        let mut logits = Vec::new();
        let mut outcome = None;
        let mut index = 0;
        if let Some(stop) = job.stop_after(&[], false, &limits) {
            outcome = Some(stop);
        }
        'passes: while sequence.len() < rows && outcome.is_none() {
            control.check()?;
            let from = sequence.len();
            let tokens = &history[from..rows.min(from + ROWS)];
            trace.extend(tokens);
            let decoder = &network.decoder;
            let traces = vec![&mut trace];
            let mut recorder = Recorder::new(self.isa, decoder.layers, decoder.kv_heads, decoder.head_dim, traces);
            forward.layers(
                &mut [Run { sequence: &mut sequence, tokens, long }],
                &mut workspace,
                Some(&mut recorder),
            )?;
            // Rows that a token was chosen at: the last of the prompt, and all behind it.
            let first = (prompt - 1).max(from);
            let chosen: Vec<usize> = (first..from + tokens.len()).map(|position| position - from).collect();
            let mut divergence = None;
            // Behind the end of the job nothing is compared.
            let mut end = from + tokens.len();
            for some in chosen.chunks(LOGIT_ROWS) {
                forward.logits(&mut workspace, some, &mut logits)?;
                for (at, logits) in logits.chunks_exact_mut(network.decoder.vocab_size).enumerate() {
                    let position = from + some[at];
                    let (q, scales) = workspace.last_input(at);
                    let last = last_input(q, scales);
                    let past = &history[..position + 1];
                    let (sampler, seed, at) = (&job.sampler, &job.seed, position as u32 + 1);
                    let choice = match &mut grammar {
                        None => choose(self.isa, sampler, logits, past, seed, at)?,
                        Some(grammar) => grammar.choose(self.isa, sampler, logits, past, seed, at)?,
                    };
                    trace.choose(position, choice.best, choice.token, last);
                    let found = claim.tokens.get(index).copied();
                    if found != Some(choice.token) {
                        let expected = Some(choice.token);
                        divergence = Some((position, Divergence::Token { index, expected, claimed: found }));
                        break;
                    }
                    index += 1;
                    let complete = grammar.as_ref().is_some_and(Grammar::is_complete);
                    outcome = job.stop_after(&claim.tokens[..index], complete, &limits);
                    if outcome.is_some() {
                        end = position + 1;
                        break;
                    }
                }
                if divergence.is_some() || outcome.is_some() {
                    break;
                }
            }
            // What the trace shows comes before the token that it led to.
            let end = divergence.as_ref().map_or(end, |(position, _)| position + 1);
            if let Some(claimed) = claimed_trace {
                if let Some(earlier) = compare(claimed, &trace, from..end, prompt) {
                    self.give_back(workspace);
                    return diverged(earlier);
                }
            }
            if let Some((_, divergence)) = divergence {
                self.give_back(workspace);
                return diverged(divergence);
            }
            if outcome.is_some() {
                break 'passes;
            }
        }
        self.give_back(workspace);
        let Some(stop) = outcome else {
            // The job goes on where the claim ends; what comes next was not computed.
            return diverged(Divergence::Token { index, expected: None, claimed: None });
        };
        if index < claim.tokens.len() {
            let claimed = Some(claim.tokens[index]);
            return diverged(Divergence::Token { index, expected: None, claimed });
        }
        if stop != claim.stop {
            return diverged(Divergence::Stop { expected: stop });
        }
        match claim.trace_root {
            Some(root) if root != trace.root() => diverged(Divergence::TraceRoot),
            _ => Ok(Ok(trace)),
        }
    }
}

/// Rows whose logits are in memory at once.
pub(crate) const LOGIT_ROWS: usize = 32;

fn compare_shape(claimed: &Trace, positions: usize, history: &[u32], layers: usize) -> Option<Divergence> {
    if claimed.layers() != layers || claimed.tokens().len() != positions {
        return Some(Divergence::TraceShape);
    }
    let position = claimed.tokens().iter().zip(history).position(|(claimed, token)| claimed.token != *token)?;
    Some(Divergence::TraceToken { position })
}

/// The first position of a range at which a claimed trace differs. Where the claim ends too early, the range has one position more.
fn compare(claimed: &Trace, trace: &Trace, positions: std::ops::Range<usize>, prompt: usize) -> Option<Divergence> {
    for position in positions.start..positions.end.min(claimed.tokens().len()) {
        let cells = claimed.cells(position).iter().zip(trace.cells(position));
        if let Some(layer) = cells.into_iter().position(|(claimed, cell)| claimed != cell) {
            return Some(Divergence::Cell { position, layer });
        }
        let (claimed, own) = (&claimed.tokens()[position], &trace.tokens()[position]);
        if claimed.last != own.last || claimed.best != own.best {
            return Some(Divergence::Last { position });
        }
        if claimed.chosen != own.chosen {
            let index = (position + 1).saturating_sub(prompt);
            let (expected, claimed) = (Some(own.chosen), Some(claimed.chosen));
            return Some(Divergence::Token { index, expected, claimed });
        }
    }
    None
}

//! Embeddings of texts.

use std::ops::Range;
use std::sync::OnceLock;

use crate::control::Control;
use crate::exact::decoder::workspace::{Observer, Position};
use crate::exact::encoder::forward::EncoderForward;
use crate::exact::encoder::model::ExactEncoder;
use crate::exact::encoder::network::EncoderNetwork;
use crate::exact::engine::Engine;
use crate::exact::error::JobError;
use crate::exact::job::in_vocabulary;
use crate::exact::threads::float_state::FloatState;
use crate::exact::threads::parallel::Parallel;
use crate::exact::threads::thread_pool::ThreadPool;
use crate::exact::trace::recorder::Recorder;
use crate::exact::trace::Trace;

/// Rows of one pass, unless one text has more; bounds memory and the wait for a cancellation. Has no influence on results.
const ROWS: usize = 256;

/// Passes of a thread before another caller of the engine gets a turn: some tens of milliseconds.
const TURN: usize = 4;

/// Texts that are tokenized between two looks at the control.
const TEXTS: usize = 256;

impl Engine {
    /// One vector a text, of [`ExactEncoder::dimensions`] numbers: pooled and normalized as the model says. Texts are tokens,
    /// special ones included. What a text gives does not depend on the others, except that an error is the error of all.
    pub fn embed(
        &self,
        encoder: &ExactEncoder,
        texts: &[Vec<u32>],
        control: &Control,
    ) -> Result<Vec<Vec<f32>>, JobError> {
        self.embed_with(encoder, texts, control, None)
    }

    /// As [`Self::embed`], with the trace: its positions are the tokens of all texts, one text behind the other.
    pub fn embed_traced(
        &self,
        encoder: &ExactEncoder,
        texts: &[Vec<u32>],
        control: &Control,
    ) -> Result<(Vec<Vec<f32>>, Trace), JobError> {
        let mut trace = Trace::new(encoder.network.layers.len());
        let vectors = self.embed_with(encoder, texts, control, Some(&mut trace))?;
        Ok((vectors, trace))
    }

    fn embed_with(
        &self,
        encoder: &ExactEncoder,
        texts: &[Vec<u32>],
        control: &Control,
        mut trace: Option<&mut Trace>,
    ) -> Result<Vec<Vec<f32>>, JobError> {
        let _state = FloatState::standard();
        let network = &encoder.network;
        for (text, tokens) in texts.iter().enumerate() {
            let (count, context_length) = (tokens.len(), network.encoder.context_length);
            if count == 0 {
                return Err(JobError::TextEmpty { text });
            }
            if count > context_length {
                return Err(JobError::TextTooLong { text, tokens: count, context_length });
            }
            in_vocabulary("a text", tokens, network.encoder.vocab_size)?;
        }
        let passes: Vec<Range<usize>> = passes(texts).collect();
        // A pass of a thread's own waits for nobody. The last ones, too few for all threads, are shared; so are those of a trace.
        let threads = self.pool.threads();
        let apart = if threads == 1 || trace.is_some() { 0 } else { passes.len() / threads * threads };
        let mut vectors = self.embed_apart(network, texts, &passes[..apart], control)?;
        let forward = EncoderForward { parallel: Parallel { isa: self.isa, pool: &self.pool }, network };
        let mut workspace = self.encoder_workspaces.take();
        let mut rows = 0;
        for pass in &passes[apart..] {
            let texts = &texts[pass.clone()];
            let from = rows;
            rows += texts.iter().map(Vec::len).sum::<usize>();
            let check = || Ok(control.check()?);
            let Some(trace) = trace.as_deref_mut() else {
                vectors.extend(forward.embed(texts, &mut workspace, &check, &mut |_, _| {})?);
                continue;
            };
            texts.iter().for_each(|tokens| trace.extend(tokens));
            let positions: Vec<Position> = (from..rows).map(|at| Position { run: 0, at, long: false }).collect();
            // An encoder keeps no keys and values: a cell is of the residual stream alone.
            let mut recorder = Recorder::new(self.isa, trace.layers(), 0, 0, vec![trace]);
            let mut observe = |layer: usize, hidden: &[f32]| recorder.layer(&self.pool, layer, hidden, &positions, &[]);
            vectors.extend(forward.embed(texts, &mut workspace, &check, &mut observe)?);
        }
        self.encoder_workspaces.give_back(workspace);
        Ok(vectors)
    }

    /// Each pass on one thread, as many at a time as there are threads.
    fn embed_apart(
        &self,
        network: &EncoderNetwork,
        texts: &[Vec<u32>],
        passes: &[Range<usize>],
        control: &Control,
    ) -> Result<Vec<Vec<f32>>, JobError> {
        let alone = ThreadPool::alone();
        let forward = EncoderForward { parallel: Parallel { isa: self.isa, pool: &alone }, network };
        let mut vectors = Vec::with_capacity(texts.len());
        for passes in passes.chunks(self.pool.threads() * TURN) {
            control.check()?;
            let slots: Vec<OnceLock<Result<Vec<Vec<f32>>, JobError>>> =
                passes.iter().map(|_| OnceLock::new()).collect();
            self.pool.run(passes.len(), &|pass| {
                slots[pass].get_or_init(|| {
                    let mut workspace = self.encoder_workspaces.take();
                    let vectors = forward.embed(
                        &texts[passes[pass].clone()],
                        &mut workspace,
                        &|| Ok(control.check_without_pause()?),
                        &mut |_, _| {},
                    )?;
                    self.encoder_workspaces.give_back(workspace);
                    Ok(vectors)
                });
            });
            for slot in slots {
                // Every pass of the turn has run, so none is missing.
                vectors.extend(slot.into_inner().transpose()?.into_iter().flatten());
            }
        }
        Ok(vectors)
    }

    /// As [`Self::embed`], with [`ExactEncoder::tokens`] of texts.
    pub fn embed_texts<T: AsRef<str> + Sync>(
        &self,
        encoder: &ExactEncoder,
        texts: &[T],
        control: &Control,
    ) -> Result<Vec<Vec<f32>>, JobError> {
        let mut tokens = Vec::with_capacity(texts.len());
        for texts in texts.chunks(TEXTS) {
            control.check()?;
            let slots: Vec<OnceLock<Result<Vec<u32>, JobError>>> = texts.iter().map(|_| OnceLock::new()).collect();
            self.pool.run(texts.len(), &|text| {
                slots[text].get_or_init(|| encoder.tokens(texts[text].as_ref()));
            });
            for slot in slots {
                tokens.extend(slot.into_inner().transpose()?);
            }
        }
        self.embed(encoder, &tokens, control)
    }
}

/// The texts of each pass.
fn passes(texts: &[Vec<u32>]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        let mut rows = texts.get(from)?.len();
        let mut to = from + 1;
        while to < texts.len() && rows + texts[to].len() <= ROWS {
            rows += texts[to].len();
            to += 1;
        }
        let pass = from..to;
        from = to;
        Some(pass)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_take_every_text_once_and_stay_within_their_rows() {
        let lengths = [1, 255, 1, 300, 5, 256, 100, 100, 56, 1];
        let texts: Vec<Vec<u32>> = lengths.iter().map(|length| vec![0; *length]).collect();
        let found: Vec<Range<usize>> = passes(&texts).collect();
        assert_eq!(found, [0..2, 2..3, 3..4, 4..5, 5..6, 6..9, 9..10]);
        assert_eq!(passes(&[]).count(), 0);
    }
}

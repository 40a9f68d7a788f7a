//! Logits of given texts: for perplexity and for comparisons.

use crate::control::Control;
use crate::exact::decoder::cache::Sequence;
use crate::exact::decoder::forward::Forward;
use crate::exact::decoder::model::ExactModel;
use crate::exact::decoder::workspace::Run;
use crate::exact::engine::{Engine, ROWS};
use crate::exact::error::JobError;
use crate::exact::job::in_vocabulary;
use crate::exact::threads::float_state::FloatState;

/// Rows whose logits are in memory at once.
const LOGIT_ROWS: usize = 32;

impl Engine {
    /// Calls `on_logits` with every position from `first` on and its logits, in order.
    ///
    /// `length` is what prompt and output of a job would have together; it matters to models with LongRoPE alone.
    pub fn score(
        &self,
        model: &ExactModel,
        tokens: &[u32],
        first: usize,
        length: usize,
        control: &Control,
        mut on_logits: impl FnMut(usize, &[f32]),
    ) -> Result<(), JobError> {
        let _state = FloatState::standard();
        let limits = model.limits();
        in_vocabulary("the text", tokens, limits.vocab_size)?;
        if tokens.len() > limits.context_length {
            let (prompt_tokens, context_length) = (tokens.len(), limits.context_length);
            return Err(JobError::PromptTooLong { prompt_tokens, context_length });
        }
        let forward = Forward { isa: self.isa, pool: &self.pool, network: &model.network };
        let long = model.network.decoder.rotary.long.as_ref().is_some_and(|long| length > long.original_context);
        let mut workspace = self.workspace();
        let mut sequence = Sequence::new(forward.cache_shape());
        let mut logits = Vec::new();
        for tokens in tokens.chunks(ROWS) {
            control.check()?;
            let from = sequence.len();
            forward.layers(&mut [Run { sequence: &mut sequence, tokens, long }], &mut workspace, None)?;
            let rows: Vec<usize> = (0..tokens.len()).filter(|row| from + row >= first).collect();
            for rows in rows.chunks(LOGIT_ROWS) {
                forward.logits(&mut workspace, rows, &mut logits)?;
                for (row, logits) in rows.iter().zip(logits.chunks_exact(limits.vocab_size)) {
                    on_logits(from + row, logits);
                }
            }
        }
        self.give_back(workspace);
        Ok(())
    }
}

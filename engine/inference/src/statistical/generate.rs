//! Generation, and the check of a claimed generation.

use strike_tokenizers::TextStream;

use crate::control::Control;
use crate::statistical::error::GenerateError;
use crate::statistical::model::Model;
use crate::statistical::request::GenerateRequest;
use crate::statistical::transformer::Sequence;

/// Tokens read in one pass; bounds the memory of a long prompt and the wait for a cancellation. Has
/// no influence on results.
pub(crate) const CHUNK: usize = 64;

/// Why a generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StopReason {
    /// The model chose an end-of-text token, which is the last of the tokens.
    EndOfText,
    /// The tokens end in a stop sequence.
    StopSequence,
    /// `max_tokens` were generated.
    MaxTokens,
    /// Prompt and output fill the context of the model.
    ContextFull,
}

/// A finished generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Tokens of the prompt, with those that the tokenizer adds.
    pub prompt_tokens: Vec<u32>,
    /// Every chosen token, with the end-of-text token or stop sequence that ended the generation.
    pub tokens: Vec<u32>,
    /// Text of the tokens, without what ended the generation.
    pub text: String,
    /// Why it ended.
    pub stop: StopReason,
}

/// One step of a generation in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenEvent {
    /// Index among the generated tokens, from 0. The last event of a generation may repeat it with
    /// text that was held back.
    pub index: u32,
    /// The chosen token.
    pub token: u32,
    /// Text that became certain: complete characters outside a possible stop sequence. The texts of
    /// all events together are [`Generation::text`].
    pub text: String,
}

/// Result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckOutcome {
    /// The claim is exactly what the request generates.
    Match {
        /// Tokens of the prompt.
        prompt_tokens: u32,
        /// Generated tokens.
        output_tokens: u32,
        /// Why the generation ends there.
        stop: StopReason,
    },
    /// The claim differs.
    Mismatch {
        /// Index of the first difference among the generated tokens.
        position: u32,
        /// What the request generates there; `None` when it has ended before.
        expected: Option<u32>,
        /// What the claim has there; `None` when it ends before the generation does.
        claimed: Option<u32>,
    },
}

impl CheckOutcome {
    /// Whether the claim is right.
    pub fn is_match(&self) -> bool {
        matches!(self, Self::Match { .. })
    }
}

impl Model {
    /// Generates until one of the conditions of [`StopReason`] holds; looked at in the order in which
    /// it lists them.
    ///
    /// `on_token` is called after every token. Errors: the request is refused (prompt, sampler, stop
    /// sequences), the control stops it, or the model computes no finite numbers.
    pub fn generate(
        &self,
        request: &GenerateRequest,
        control: &Control,
        on_token: &mut dyn FnMut(&TokenEvent),
    ) -> Result<Generation, GenerateError> {
        let prompt_tokens = self.prepare(request)?;
        let mut history = prompt_tokens.clone();
        let mut output = Output::new(self, request);
        let mut sequence = self.transformer.start();
        let stop = loop {
            let tokens = &history[prompt_tokens.len()..];
            if let Some(stop) = self.stop_after(request, prompt_tokens.len(), tokens) {
                break stop;
            }
            control.check()?;
            let hidden = self.read(&mut sequence, &history, control)?;
            let mut logits = self.transformer.logits(&hidden);
            let token = request.sampler.choose(&mut logits, &history, &request.seed)?;
            history.push(token);
            let tokens = &history[prompt_tokens.len()..];
            let text = output.push(self, tokens, self.transformer.config.eos.contains(&token))?;
            on_token(&TokenEvent { index: tokens.len() as u32 - 1, token, text });
        };
        let tokens = history.split_off(prompt_tokens.len());
        let (rest, text) = output.finish(self, &tokens, stop)?;
        if let (false, Some(token)) = (rest.is_empty(), tokens.last()) {
            on_token(&TokenEvent { index: tokens.len() as u32 - 1, token: *token, text: rest });
        }
        Ok(Generation { prompt_tokens, tokens, text, stop })
    }

    /// Checks that the request generates exactly `claimed`.
    ///
    /// Many positions are read at once, which gives the same bits as one at a time (see `kernels`) in
    /// a fraction of the time. Ends at the first difference. Errors as [`Model::generate`], and for a
    /// claimed id outside the vocabulary.
    pub fn check(
        &self,
        request: &GenerateRequest,
        claimed: &[u32],
        control: &Control,
    ) -> Result<CheckOutcome, GenerateError> {
        let vocab_size = self.transformer.config.vocab_size;
        if let Some(position) = claimed.iter().position(|id| *id as usize >= vocab_size) {
            return Err(GenerateError::ClaimOutOfRange { id: claimed[position], position, vocab_size });
        }
        let prompt = self.prepare(request)?;
        let room = self.transformer.config.context_length - prompt.len();
        let matches = |position: usize, stop| {
            if position == claimed.len() {
                CheckOutcome::Match { prompt_tokens: prompt.len() as u32, output_tokens: position as u32, stop }
            } else {
                CheckOutcome::Mismatch {
                    position: position as u32,
                    expected: None,
                    claimed: claimed.get(position).copied(),
                }
            }
        };
        if let Some(stop) = self.stop_after(request, prompt.len(), &[]) {
            return Ok(matches(0, stop));
        }
        // More tokens than fit are wrong, but where they begin to be is found first.
        let usable = claimed.len().min(room);
        let mut history = prompt.clone();
        history.extend_from_slice(&claimed[..usable]);
        let mut sequence = self.transformer.start();
        let mut hidden = self.read(&mut sequence, &prompt, control)?;
        let mut position = 0;
        loop {
            let mut logits = self.transformer.logits(&hidden);
            for logits in logits.chunks_exact_mut(vocab_size) {
                control.check()?;
                let expected = request.sampler.choose(logits, &history[..prompt.len() + position], &request.seed)?;
                let found = claimed.get(position).copied();
                if found != Some(expected) {
                    return Ok(CheckOutcome::Mismatch {
                        position: position as u32,
                        expected: Some(expected),
                        claimed: found,
                    });
                }
                position += 1;
                if let Some(stop) = self.stop_after(request, prompt.len(), &claimed[..position]) {
                    return Ok(matches(position, stop));
                }
            }
            // `position` tokens are confirmed; those behind what was read give the next predictions.
            let from = sequence.len();
            let to = history.len().min(from + CHUNK);
            hidden = self.transformer.read(&mut sequence, &history[from..to], control)?;
        }
    }

    /// Refuses what cannot be generated and returns the tokens of the prompt, at least one.
    fn prepare(&self, request: &GenerateRequest) -> Result<Vec<u32>, GenerateError> {
        let config = &self.transformer.config;
        let text = request.prompt_text()?;
        request.validate(config.vocab_size)?;
        let mut tokens = self.tokenize(text)?;
        if tokens.is_empty() {
            tokens.push(config.bos.ok_or(GenerateError::PromptEmpty)?);
        }
        if tokens.len() > config.context_length {
            return Err(GenerateError::PromptTooLong {
                prompt_tokens: tokens.len(),
                context_length: config.context_length,
            });
        }
        Ok(tokens)
    }

    /// Reads what the sequence has not read of `history` and returns the last hidden row.
    fn read(&self, sequence: &mut Sequence, history: &[u32], control: &Control) -> Result<Vec<f32>, GenerateError> {
        let mut hidden = Vec::new();
        for chunk in history[sequence.len()..].chunks(CHUNK) {
            hidden = self.transformer.read(sequence, chunk, control)?;
        }
        Ok(hidden.split_off(hidden.len().saturating_sub(self.transformer.config.hidden_size)))
    }

    /// Whether generation ends after these tokens.
    fn stop_after(&self, request: &GenerateRequest, prompt: usize, tokens: &[u32]) -> Option<StopReason> {
        let config = &self.transformer.config;
        if tokens.last().is_some_and(|last| config.eos.contains(last)) {
            Some(StopReason::EndOfText)
        } else if request.stop.iter().any(|stop| tokens.ends_with(stop)) {
            Some(StopReason::StopSequence)
        } else if tokens.len() as u64 >= u64::from(request.max_tokens) {
            Some(StopReason::MaxTokens)
        } else if prompt + tokens.len() >= config.context_length {
            Some(StopReason::ContextFull)
        } else {
            None
        }
    }
}

/// The text of a generation; holds back tokens that may turn out to be a stop sequence.
struct Output<'a> {
    request: &'a GenerateRequest,
    stream: TextStream,
    /// All that the stream gave.
    text: String,
    /// Tokens that went into it.
    shown: usize,
}

impl<'a> Output<'a> {
    fn new(model: &Model, request: &'a GenerateRequest) -> Self {
        Self { request, stream: TextStream::new(&model.tokenizer, true), text: String::new(), shown: 0 }
    }

    /// Text that is certain after the last of `tokens`.
    fn push(&mut self, model: &Model, tokens: &[u32], end: bool) -> Result<String, GenerateError> {
        let begun = self.request.stop.iter().map(|stop| begun(tokens, stop)).max().unwrap_or(0);
        let certain = tokens.len() - begun.max(usize::from(end));
        self.show(model, &tokens[..certain.max(self.shown)])
    }

    /// The rest of the text, and all of it, once it is known why the generation ended.
    fn finish(mut self, model: &Model, tokens: &[u32], stop: StopReason) -> Result<(String, String), GenerateError> {
        let hidden = match stop {
            StopReason::EndOfText => 1,
            StopReason::StopSequence => {
                let ending = self.request.stop.iter().filter(|stop| tokens.ends_with(stop));
                ending.map(Vec::len).max().unwrap_or(0)
            }
            StopReason::MaxTokens | StopReason::ContextFull => 0,
        };
        let end = (tokens.len() - hidden).max(self.shown);
        let mut rest = self.show(model, &tokens[..end])?;
        let last = self.stream.finish();
        rest.push_str(&last);
        self.text.push_str(&last);
        Ok((rest, self.text))
    }

    fn show(&mut self, model: &Model, tokens: &[u32]) -> Result<String, GenerateError> {
        let mut text = String::new();
        for token in &tokens[self.shown..] {
            text.push_str(&self.stream.push(&model.tokenizer, *token)?);
        }
        self.shown = tokens.len();
        self.text.push_str(&text);
        Ok(text)
    }
}

/// Length of the longest beginning of `stop` in which `tokens` end.
fn begun(tokens: &[u32], stop: &[u32]) -> usize {
    (1..=stop.len().min(tokens.len())).rev().find(|length| tokens.ends_with(&stop[..*length])).unwrap_or(0)
}

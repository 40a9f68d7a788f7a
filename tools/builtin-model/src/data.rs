//! The tokenizer and the token stream.

use tokenizers::models::bpe::{BpeTrainerBuilder, BPE};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, Tokenizer, TokenizerBuilder};

use crate::corpus::document;

/// Begins every document.
pub const BOS: &str = "<|bos|>";
/// Ends every document.
pub const EOS: &str = "<|eos|>";

/// Held-out documents have their own seed, so none of them is trained on by index.
const HELD_OUT: u64 = 0x4845_4C44;

/// Result of anything that may fail here.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Trains a byte-level BPE tokenizer of `vocabulary` entries on the first documents of the corpus.
pub fn train_tokenizer(seed: u64, documents: u64, vocabulary: usize) -> Outcome<Tokenizer> {
    let mut trainer = BpeTrainerBuilder::new()
        .show_progress(false)
        .vocab_size(vocabulary)
        .min_frequency(2)
        .special_tokens(vec![AddedToken::from(BOS, true), AddedToken::from(EOS, true)])
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    let mut tokenizer = TokenizerBuilder::new()
        .with_model(BPE::default())
        .with_normalizer(None::<tokenizers::NormalizerWrapper>)
        .with_pre_tokenizer(Some(ByteLevel::new(false, true, true)))
        .with_post_processor(Some(ByteLevel::new(false, false, true)))
        .with_decoder(Some(ByteLevel::new(false, true, true)))
        .build()?;
    tokenizer.train(&mut trainer, (0..documents).map(|index| document(seed, index)))?;
    let mut tokenizer: Tokenizer = Tokenizer::from(tokenizer);
    let bos = tokenizer.token_to_id(BOS).ok_or("no bos token")?;
    let template =
        TemplateProcessing::builder().try_single(format!("{BOS} $A"))?.special_tokens(vec![(BOS, bos)]).build()?;
    tokenizer.with_post_processor(Some(template));
    Ok(tokenizer)
}

/// The documents of a range as one stream, each between its begin and end marks.
pub fn tokens(tokenizer: &Tokenizer, seed: u64, range: std::ops::Range<u64>) -> Outcome<Vec<u32>> {
    let eos = tokenizer.token_to_id(EOS).ok_or("no eos token")?;
    let parts: Vec<Vec<u32>> = range
        .map(|index| {
            let encoded = tokenizer.encode(document(seed, index), true)?;
            let mut ids = encoded.get_ids().to_vec();
            ids.push(eos);
            Ok(ids)
        })
        .collect::<Outcome<_>>()?;
    Ok(parts.concat())
}

/// The held-out stream of the corpus with this seed.
pub fn held_out(tokenizer: &Tokenizer, seed: u64, documents: u64) -> Outcome<Vec<u32>> {
    tokens(tokenizer, seed ^ HELD_OUT, 0..documents)
}

/// Inputs and targets of one step.
pub struct Batch {
    /// `batch * sequence` tokens.
    pub inputs: Vec<u32>,
    /// The token after each input.
    pub targets: Vec<u32>,
}

/// The training text, written and tokenized as it is needed; no document comes twice.
pub struct Stream<'a> {
    tokenizer: &'a Tokenizer,
    seed: u64,
    next_document: u64,
    buffer: Vec<u32>,
}

impl<'a> Stream<'a> {
    /// The stream from a document on.
    pub fn new(tokenizer: &'a Tokenizer, seed: u64, first_document: u64) -> Self {
        Self { tokenizer, seed, next_document: first_document, buffer: Vec::new() }
    }

    /// The next `batch` rows of `sequence` tokens.
    pub fn batch(&mut self, batch: usize, sequence: usize) -> Outcome<Batch> {
        let needed = batch * sequence + 1;
        while self.buffer.len() < needed {
            let to = self.next_document + 64;
            self.buffer.extend(tokens(self.tokenizer, self.seed, self.next_document..to)?);
            self.next_document = to;
        }
        let inputs = self.buffer[..needed - 1].to_vec();
        let targets = self.buffer[1..needed].to_vec();
        // The last target is the first input of the next step.
        self.buffer.drain(..needed - 1);
        Ok(Batch { inputs, targets })
    }

    /// Documents written so far, counted from the first of the corpus.
    pub fn documents(&self) -> u64 {
        self.next_document
    }
}

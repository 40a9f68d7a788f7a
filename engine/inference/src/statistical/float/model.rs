//! A model of any kind with its tokenizer.

use std::path::Path;

use strike_models::architecture::{Architecture, Pooling};
use strike_models::{Adapter, CacheUse, FloatAdapter, FloatModel, Model, ModelFiles, OpenOptions, SpecialTokens};
use strike_tokenizers::Tokenizer;

use super::decoder::Decoder;
use super::encoder::Encoder;
use super::error::ReferenceError;
use super::loader::{AdapterSource, Loader, Source};
use super::rounding::Rounding;
use crate::builtin::builtin_files;
use crate::control::Control;
use crate::exact::{in_vocabulary, open_tokenizer, vocab_size, JobError};

/// Tokens of one pass: bounds the memory of scores and logits.
const ROWS: usize = 128;

/// Where tensors lie and are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Device {
    /// The processor, on all of rayon's threads.
    #[default]
    Cpu,
    /// A GPU of this number; needs the cargo feature `cuda`.
    Cuda(usize),
    /// A GPU of this number; needs the cargo feature `metal`.
    Metal(usize),
}

impl Device {
    fn open(self) -> candle_core::Result<candle_core::Device> {
        match self {
            Self::Cpu => Ok(candle_core::Device::Cpu),
            Self::Cuda(number) => candle_core::Device::new_cuda(number),
            Self::Metal(number) => candle_core::Device::new_metal(number),
        }
    }
}

/// How a reference computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReferenceOptions<'a> {
    /// On which device.
    pub device: Device,
    /// With which roundings of the exact class.
    pub rounding: Rounding,
    /// Folder of a LoRA adapter for a decoder, as PEFT writes it.
    pub adapter: Option<&'a Path>,
}

/// A model with the weights of its files in f32, on candle: what the exact class is compared with.
///
/// Additions are in whatever order the device likes, so equal inputs need not give equal bits on two machines.
pub struct Reference {
    network: Network,
    special: SpecialTokens,
    tokenizer: Tokenizer,
}

enum Network {
    Decoder(Decoder),
    Encoder(Encoder),
}

impl Reference {
    /// Opens a folder or a GGUF file.
    pub fn open(path: &Path, options: &ReferenceOptions<'_>) -> Result<Self, ReferenceError> {
        let source = match options.rounding {
            Rounding::None => Source::Files(FloatModel::open(path)?),
            // Not kept in the cache folder: nobody asked for the exact class.
            _ => Source::Blocks(Model::open(path, &OpenOptions { cache: CacheUse::Off, ..OpenOptions::default() })?),
        };
        let tokenizer = open_tokenizer(path, vocab_size(source.architecture()))?;
        Self::new(&source, tokenizer, options)
    }

    /// A model whose files are in memory.
    pub fn from_files(files: &ModelFiles, options: &ReferenceOptions<'_>) -> Result<Self, ReferenceError> {
        let source = match options.rounding {
            Rounding::None => Source::Files(FloatModel::from_files(files)?),
            _ => Source::Blocks(Model::from_files(files)?),
        };
        let tokenizer = Tokenizer::from_json(&files.tokenizer, vocab_size(source.architecture()))?;
        Self::new(&source, tokenizer, options)
    }

    /// The model that is compiled in.
    pub fn builtin(options: &ReferenceOptions<'_>) -> Result<Self, ReferenceError> {
        Self::from_files(&builtin_files(), options)
    }

    fn new(source: &Source, tokenizer: Tokenizer, options: &ReferenceOptions<'_>) -> Result<Self, ReferenceError> {
        let device = options.device.open()?;
        let adapter = match (options.adapter, options.rounding) {
            (None, _) => None,
            (Some(folder), Rounding::None) => {
                Some(AdapterSource::Files(FloatAdapter::open(folder, source.architecture())?))
            }
            (Some(folder), _) => Some(AdapterSource::Blocks(Adapter::open(folder, source.architecture())?)),
        };
        let loader = Loader { source, adapter: adapter.as_ref(), device: &device, rounding: options.rounding };
        let network = match source.architecture() {
            Architecture::Decoder(decoder) => Network::Decoder(Decoder::load(decoder, &loader)?),
            Architecture::Encoder(encoder) => Network::Encoder(Encoder::load(encoder, &loader)?),
        };
        Ok(Self { network, special: source.special_tokens().clone(), tokenizer })
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Tokens that begin and end a text.
    pub fn special_tokens(&self) -> &SpecialTokens {
        &self.special
    }

    /// Most positions of a text.
    pub fn context_length(&self) -> usize {
        match &self.network {
            Network::Decoder(decoder) => decoder.architecture.context_length,
            Network::Encoder(encoder) => encoder.architecture.context_length,
        }
    }

    /// Calls `on_logits` with every position from `first` on and its logits, in order.
    ///
    /// `length` is what prompt and output of a job would have together; it matters to models with LongRoPE alone. As
    /// [`crate::exact::Engine::score`]; an error if the model is an encoder.
    pub fn score(
        &self,
        tokens: &[u32],
        first: usize,
        length: usize,
        control: &Control,
        mut on_logits: impl FnMut(usize, &[f32]),
    ) -> Result<(), ReferenceError> {
        let Network::Decoder(decoder) = &self.network else {
            return Err(ReferenceError::WrongKind { expected: "decoder" });
        };
        self.check_text(tokens, decoder.architecture.vocab_size)?;
        let mut sequence = decoder.sequence(length);
        for (chunk, tokens) in tokens.chunks(ROWS).enumerate() {
            control.check().map_err(JobError::from)?;
            let from = chunk * ROWS;
            let hidden = decoder.hidden(&mut sequence, tokens)?;
            let skipped = first.saturating_sub(from);
            if skipped >= tokens.len() {
                continue;
            }
            let logits = decoder.logits(&hidden.narrow(0, skipped, tokens.len() - skipped)?)?;
            for (row, logits) in logits.to_vec2::<f32>()?.iter().enumerate() {
                if !logits.iter().all(|logit| logit.is_finite()) {
                    return Err(JobError::NotFinite.into());
                }
                on_logits(from + skipped + row, logits);
            }
        }
        Ok(())
    }

    /// The vector of each text, as the model pools and normalizes; an error if the model is a decoder, or if a text has more
    /// tokens than the context.
    pub fn embed(&self, texts: &[&str], control: &Control) -> Result<Vec<Vec<f32>>, ReferenceError> {
        let vector = |text: &&str| {
            control.check().map_err(JobError::from)?;
            self.embed_tokens(&self.tokenizer.encode(text, true)?, None)
        };
        texts.iter().map(vector).collect()
    }

    /// The vector of a text's tokens, special tokens included. `pooling` takes the place of the model's own.
    pub fn embed_tokens(&self, tokens: &[u32], pooling: Option<Pooling>) -> Result<Vec<f32>, ReferenceError> {
        let Network::Encoder(encoder) = &self.network else {
            return Err(ReferenceError::WrongKind { expected: "encoder" });
        };
        self.check_text(tokens, encoder.architecture.vocab_size)?;
        if tokens.is_empty() {
            return Err(JobError::PromptEmpty.into());
        }
        let vector = encoder.embed(tokens, pooling.unwrap_or(encoder.architecture.pooling))?;
        match vector.iter().all(|value| value.is_finite()) {
            true => Ok(vector),
            false => Err(JobError::NotFinite.into()),
        }
    }

    fn check_text(&self, tokens: &[u32], vocab_size: usize) -> Result<(), JobError> {
        in_vocabulary("the text", tokens, vocab_size)?;
        let (prompt_tokens, context_length) = (tokens.len(), self.context_length());
        match prompt_tokens > context_length {
            true => Err(JobError::PromptTooLong { prompt_tokens, context_length }),
            false => Ok(()),
        }
    }
}

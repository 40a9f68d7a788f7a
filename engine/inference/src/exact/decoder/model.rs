//! A model that generates.

use std::path::Path;
use std::sync::Arc;

use strike_models::{adapted_model_root, Adapter, ModelFiles, OpenOptions, SpecialTokens};
use strike_tokenizers::chat_template::{ChatTemplate, ChatTemplateError, Message};
use strike_tokenizers::Tokenizer;

use crate::builtin::builtin_files;
use crate::exact::decoder::network::Network;
use crate::exact::error::{JobError, LoadError};
use crate::exact::grammar::{Grammar, Grammars};
use crate::exact::job::{Job, Limits};
use crate::exact::loaded::Loaded;

/// A decoder that is ready to generate. Cheap to share.
pub struct ExactModel {
    pub(crate) network: Network,
    loaded: Loaded,
    grammars: Arc<Grammars>,
}

impl std::fmt::Debug for ExactModel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The roots name it; the weights would fill a disk.
        let root = self.model_root();
        formatter.debug_struct("ExactModel").field("model_root", &root).field("bytes", &self.weight_bytes()).finish()
    }
}

impl ExactModel {
    /// Opens a folder (`config.json`, safetensors, `tokenizer.json`) or a GGUF file. A `tokenizer.json` beside a GGUF file is not
    /// read: the file has its own.
    pub fn open(path: &Path, options: &OpenOptions<'_>) -> Result<Self, LoadError> {
        Self::new(Loaded::open(path, options)?)
    }

    /// A model whose files are in memory.
    pub fn from_files(files: &ModelFiles) -> Result<Self, LoadError> {
        Self::new(Loaded::from_files(files)?)
    }

    /// The model that is compiled in.
    pub fn builtin() -> Result<Self, LoadError> {
        Self::from_files(&builtin_files())
    }

    /// A model in memory, with a tokenizer of one word.
    #[cfg(test)]
    pub(crate) fn synthetic(source: strike_models::Model) -> Self {
        let tokenizer = br#"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}"#;
        let vocab_size = crate::exact::loaded::vocab_size(source.architecture());
        let tokenizer = Tokenizer::from_json(tokenizer, vocab_size).expect("a tokenizer");
        Self::new(Loaded::new(source, tokenizer)).expect("a decoder")
    }

    /// This model with a LoRA adapter. The weights stay where they are: model and adapted models share them, and may be used at
    /// the same time.
    ///
    /// An error if the adapter has other shapes, or if the model has an adapter already.
    pub fn with_adapter(&self, adapter: Arc<Adapter>) -> Result<Self, LoadError> {
        if self.network.adapter.is_some() {
            return Err(LoadError::AlreadyAdapted);
        }
        let model_root = adapted_model_root(&self.model_root(), &adapter.root());
        let network = self.network.with_adapter(adapter).map_err(LoadError::AdapterMismatch)?;
        let loaded = Loaded { model_root, ..self.loaded.clone() };
        Ok(Self { network, loaded, grammars: self.grammars.clone() })
    }

    /// As [`Self::with_adapter`], of a folder with `adapter_config.json` and `adapter_model.safetensors` as PEFT writes them.
    pub fn open_adapter(&self, folder: &Path) -> Result<Self, LoadError> {
        self.with_adapter(Arc::new(Adapter::open(folder, self.loaded.source.architecture())?))
    }

    /// The adapter, if there is one.
    pub fn adapter(&self) -> Option<&Adapter> {
        self.network.adapter.as_deref()
    }

    pub(crate) fn new(loaded: Loaded) -> Result<Self, LoadError> {
        let network = Network::new(loaded.source.clone()).map_err(LoadError::Network)?;
        Ok(Self { network, loaded, grammars: Arc::default() })
    }

    /// What names weights, tokenizer, arithmetic and adapter together.
    pub fn model_root(&self) -> [u8; 32] {
        self.loaded.model_root
    }

    /// What names the weights alone, whichever container they came in. The adapter is not among them.
    pub fn weights_root(&self) -> [u8; 32] {
        self.loaded.source.weights_root()
    }

    /// Whether the weights are those that were opened: [`strike_models::Model::is_intact`].
    pub fn is_intact(&self) -> bool {
        self.loaded.source.is_intact()
    }

    /// Bytes of the weights in memory or mapped, with the adapter's.
    pub fn weight_bytes(&self) -> u64 {
        self.loaded.source.weight_bytes() + self.adapter().map_or(0, Adapter::bytes)
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.loaded.tokenizer
    }

    /// Tokens that begin and end a text.
    pub fn special_tokens(&self) -> &SpecialTokens {
        self.loaded.source.special_tokens()
    }

    /// Most positions of a sequence.
    pub fn context_length(&self) -> usize {
        self.network.decoder.context_length
    }

    /// Tokens of a prompt, at least one: those of the text, with those the tokenizer adds, or the begin-of-text token.
    pub fn prompt(&self, text: &str) -> Result<Vec<u32>, JobError> {
        let mut tokens = self.loaded.tokenizer.encode(text, true)?;
        if tokens.is_empty() {
            tokens.push(self.special_tokens().bos.ok_or(JobError::PromptEmpty)?);
        }
        Ok(tokens)
    }

    /// Tokens of a conversation and of the beginning of the model's turn: [`ChatTemplate::encode`].
    pub fn chat_prompt(&self, template: &ChatTemplate, messages: &[Message]) -> Result<Vec<u32>, ChatTemplateError> {
        template.encode(self.tokenizer(), self.special_tokens(), messages, true)
    }

    /// The grammar of a job, if it has one, before its first token.
    pub(crate) fn grammar(&self, job: &Job) -> Result<Option<Grammar>, JobError> {
        let start = |schema: &String| self.grammars.start(self.tokenizer(), self.special_tokens(), schema);
        job.json_schema.as_ref().map(start).transpose()
    }

    pub(crate) fn limits(&self) -> Limits<'_> {
        let decoder = &self.network.decoder;
        Limits {
            vocab_size: decoder.vocab_size,
            context_length: decoder.context_length,
            eos: &self.special_tokens().eos,
        }
    }
}

//! `strike engine …`.

use super::shared::{PromptArgs, SamplerArgs};
use clap::{Args as ClapArgs, Subcommand};
use std::path::PathBuf;
use strike_tokenizers::chat_template::Date;

/// The model and the threads of a command.
#[derive(Clone, Debug, ClapArgs)]
pub struct EngineArgs {
    /// A folder with config.json, safetensors and tokenizer.json, a GGUF file, or 'builtin'.
    #[arg(long, value_name = "PATH", default_value = "builtin")]
    pub model: String,
    /// Threads, at most 256; 0 is all of the machine's.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=256))]
    pub threads: u16,
}

/// A model that generates, with or without an adapter.
#[derive(Clone, Debug, ClapArgs)]
pub struct GeneratorArgs {
    /// The model.
    #[command(flatten)]
    pub engine: EngineArgs,
    /// A LoRA adapter on the model: a folder with adapter_config.json and adapter_model.safetensors.
    #[arg(long, value_name = "PATH")]
    pub adapter: Option<PathBuf>,
}

/// `strike engine …`: the exact engine on this machine, without a chain.
#[derive(Debug, Subcommand)]
pub enum EngineCommand {
    /// Generate a text: the same bits on every machine.
    Generate(Box<EngineGenerateArgs>),
    /// Check a generation that `generate --save` wrote; exit code 1 where it is not what the job gives.
    Verify {
        /// The folder.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// What the maker's `operators --json` wrote for the position and layer that differ first: names the operator and the
        /// number.
        #[arg(long, value_name = "FILE")]
        operators: Option<PathBuf>,
        /// The model.
        #[command(flatten)]
        engine: GeneratorArgs,
    },
    /// Show what one layer computed at one position of a saved generation: the answer to a `verify` that found them to differ.
    Operators {
        /// The folder that `generate --save` wrote.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// The position, prompt included, from 0.
        #[arg(long, value_name = "P")]
        position: u32,
        /// The layer, from 0.
        #[arg(long, value_name = "L")]
        layer: u16,
        /// The model.
        #[command(flatten)]
        engine: GeneratorArgs,
    },
    /// Measure how well a model predicts a text.
    Perplexity {
        /// The text, UTF-8.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// Tokens of a window; every window starts anew. [default: the model's context]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
        context: Option<u32>,
        /// Compute with the file's own weights in f32 instead: the statistical class's arithmetic.
        #[arg(long)]
        reference: bool,
        /// Also write the logits here: little-endian f32, a row of the vocabulary for each predicted token.
        #[arg(long, value_name = "FILE")]
        logits: Option<PathBuf>,
        /// The model.
        #[command(flatten)]
        engine: GeneratorArgs,
    },
    /// Embed texts: one vector for each line of a file.
    Embed {
        /// The texts, UTF-8, one a line.
        #[arg(long, value_name = "LINES")]
        file: PathBuf,
        /// The model.
        #[command(flatten)]
        engine: EngineArgs,
    },
    /// List the imported models that are kept on disk, and remove what is of no use.
    Cache {
        /// Remove what is of no use: of models that have changed or are gone, and what ended imports left.
        #[arg(long)]
        clean: bool,
        /// Remove all but what an import writes to now. A model is then imported again when it is opened.
        #[arg(long, conflicts_with = "clean")]
        clear: bool,
        /// The folder. [default: $STRIKE_CACHE, or .cache/strike/models in the home folder]
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// Measure the speed of reading and writing.
    Bench {
        /// Tokens read.
        #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..))]
        prompt_tokens: u32,
        /// Tokens written.
        #[arg(long, value_name = "N", default_value_t = 128)]
        tokens: u32,
        /// Write from this position on instead of behind the prompt.
        #[arg(long, value_name = "P", value_parser = clap::value_parser!(u32).range(1..))]
        position: Option<u32>,
        /// Sequences written together; the speed counts the tokens of all.
        #[arg(long, value_name = "B", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
        batch: u32,
        /// Make the trace too.
        #[arg(long)]
        trace: bool,
        /// The model.
        #[command(flatten)]
        engine: GeneratorArgs,
    },
}

/// A conversation, written with the model's chat template. Names of control tokens in what somebody says stay text.
#[derive(Clone, Debug, Default, ClapArgs)]
pub struct ChatArgs {
    /// The prompt is what the user says.
    #[arg(long, conflicts_with = "messages")]
    pub chat: bool,
    /// What the model is told before the conversation.
    #[arg(long, value_name = "TEXT", requires = "chat")]
    pub system: Option<String>,
    /// The conversation, instead of a prompt: a JSON array of {"role", "content"}.
    #[arg(long, value_name = "FILE", group = "the_prompt")]
    pub messages: Option<PathBuf>,
    /// The day that the model's template may tell, YYYY-MM-DD. [default: today, UTC]
    #[arg(long, value_name = "DAY")]
    pub date: Option<Date>,
}

/// `strike engine generate`.
#[derive(Clone, Debug, ClapArgs)]
pub struct EngineGenerateArgs {
    /// The text to go on from.
    #[command(flatten)]
    pub prompt: PromptArgs,
    /// A conversation to go on with instead of a text.
    #[command(flatten)]
    pub chat: ChatArgs,
    /// Most tokens to generate.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_tokens: u32,
    /// How tokens are drawn.
    #[command(flatten)]
    pub sampler: SamplerArgs,
    /// Seed of the draws: 64 hex digits. [default: random, and told]
    #[arg(long, value_name = "HEX")]
    pub seed: Option<String>,
    /// Generate JSON that satisfies the JSON schema of this file.
    #[arg(long, value_name = "FILE")]
    pub json_schema: Option<PathBuf>,
    /// Leave job, output and trace in this folder, for `verify`.
    #[arg(long, value_name = "DIR")]
    pub save: Option<PathBuf>,
    /// The model.
    #[command(flatten)]
    pub engine: GeneratorArgs,
}

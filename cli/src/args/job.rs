//! `strike job …`.

use super::shared::{Class, KeyArgs, PromptArgs, SamplerArgs};
use clap::{ArgGroup, Args as ClapArgs, Subcommand};
use std::path::PathBuf;
use strike_chain::amounts::parse_amount;
use strike_primitives::{Balance, JobId};

/// `strike job …`.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Order a text.
    #[command(after_help = super::EXIT_CODES)]
    Generate(Box<GenerateArgs>),
    /// Order embeddings: a vector for each text.
    #[command(after_help = super::EXIT_CODES)]
    Embed(Box<EmbedArgs>),
    /// Show a job.
    Show {
        /// Its id.
        job: JobId,
    },
    /// List the newest jobs.
    List {
        /// Only those of this account.
        #[arg(long, value_name = "ACCOUNT")]
        requester: Option<String>,
        /// Most jobs to list.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
        /// Only those older than this one: goes on where a list ended.
        #[arg(long, value_name = "JOB")]
        before: Option<JobId>,
    },
    /// Withdraw a job that no provider has yet.
    Cancel {
        /// Its id.
        job: JobId,
        /// Who signs.
        #[command(flatten)]
        key: KeyArgs,
    },
    /// Forget a closed job before its time and get its deposit back. Its receipt is gone then, but for the hash.
    Forget {
        /// Its id.
        job: JobId,
        /// Who signs.
        #[command(flatten)]
        key: KeyArgs,
    },
    /// Print the output of a job, if the node has it.
    Output {
        /// Its id.
        job: JobId,
    },
}

/// `strike job generate`.
#[derive(Clone, Debug, ClapArgs)]
pub struct GenerateArgs {
    /// The model: its root ('0x…'), its registered name, or 'builtin'.
    #[arg(long, default_value = "builtin")]
    pub model: String,
    /// The text to go on from.
    #[command(flatten)]
    pub prompt: PromptArgs,
    /// Most tokens to generate.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=131_072))]
    pub max_tokens: u32,
    /// Most tokens the prompt may have; only what it really has is paid. [default: its bytes and 16,
    /// at most 131072 and what the largest ask takes]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=131_072))]
    pub max_input_tokens: Option<u32>,
    /// How tokens are drawn.
    #[command(flatten)]
    pub sampler: SamplerArgs,
    /// The most to pay, in tokens; held until the job closes. [default: what the cheapest fitting provider asks]
    #[arg(long, value_name = "TOKENS", value_parser = parse_amount)]
    pub max_price: Option<Balance>,
    /// Blocks a provider has for the work, and the order waits for a provider. [default: 50, more where the work is long]
    #[arg(long, value_name = "BLOCKS", value_parser = clap::value_parser!(u32).range(1..))]
    pub deadline: Option<u32>,
    /// How the result is verified.
    #[arg(long, value_enum, default_value_t)]
    pub class: Class,
    /// Wait for the receipt and print the text.
    #[arg(long)]
    pub wait: bool,
    /// Who signs.
    #[command(flatten)]
    pub key: KeyArgs,
}

/// The texts to embed.
#[derive(Clone, Debug, ClapArgs)]
#[command(group = ArgGroup::new("the_texts").required(true).args(["text", "file"]))]
pub struct TextArgs {
    /// A text. May be given several times.
    #[arg(long)]
    pub text: Vec<String>,
    /// A file with the texts, UTF-8, one a line.
    #[arg(long, value_name = "LINES")]
    pub file: Option<PathBuf>,
}

/// `strike job embed`.
#[derive(Clone, Debug, ClapArgs)]
pub struct EmbedArgs {
    /// The model, an encoder: its root ('0x…') or its registered name.
    #[arg(long)]
    pub model: String,
    /// The texts. More than fit into one job become several.
    #[command(flatten)]
    pub texts: TextArgs,
    /// Most tokens the texts of one job may have together; only what they really have is paid. [default: their bytes and 4
    /// for each text]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=131_072))]
    pub max_input_tokens: Option<u32>,
    /// The most to pay for each job, in tokens; held until it closes. [default: what the cheapest fitting provider asks]
    #[arg(long, value_name = "TOKENS", value_parser = parse_amount)]
    pub max_price: Option<Balance>,
    /// Blocks a provider has for the work, and the order waits for a provider. [default: 50, more where the work is long]
    #[arg(long, value_name = "BLOCKS", value_parser = clap::value_parser!(u32).range(1..))]
    pub deadline: Option<u32>,
    /// Wait for the receipts and print the vectors, one a line. A text without a vector has an empty line; with --json a line says
    /// of which job and text it is.
    #[arg(long)]
    pub wait: bool,
    /// Who signs.
    #[command(flatten)]
    pub key: KeyArgs,
}

//! What several groups take.

use clap::{ArgGroup, Args as ClapArgs, ValueEnum};
use std::path::PathBuf;
use strike_chain::amounts::parse_milli;
use strike_primitives::job::VerificationClass;

/// Who signs.
#[derive(Clone, Debug, ClapArgs)]
pub struct KeyArgs {
    /// The signing account: a development name such as 'alice', or a file that holds a secret URI, a mnemonic or a hex
    /// seed. [default on development chains: ferdie]
    #[arg(long, value_name = "NAME|FILE")]
    pub key: Option<String>,
}

/// The text to go on from.
#[derive(Clone, Debug, ClapArgs)]
#[command(group = ArgGroup::new("the_prompt").required(true).args(["prompt", "prompt_file"]))]
pub struct PromptArgs {
    /// The prompt.
    #[arg(long)]
    pub prompt: Option<String>,
    /// A file with the prompt. Of a job: up to 1 MiB; more than 4,096 bytes are left with the node of --url, which has to take
    /// uploads and to run until the job is done.
    #[arg(long, value_name = "FILE")]
    pub prompt_file: Option<PathBuf>,
}

/// How tokens are drawn.
#[derive(Clone, Copy, Debug, ClapArgs)]
pub struct SamplerArgs {
    /// Temperature, 0 to 65.535; 0 always takes the most likely token.
    #[arg(long, value_name = "T", default_value = "0.7", value_parser = parse_milli)]
    pub temperature: u16,
    /// Leave out tokens less likely than this share of the most likely one, 0 to 1.
    #[arg(long, value_name = "P", default_value = "0.05", value_parser = parse_milli)]
    pub min_p: u16,
    /// Divide the scores of recent tokens by this; 1 is none.
    #[arg(long, value_name = "R", default_value = "1", value_parser = parse_milli)]
    pub repetition_penalty: u16,
    /// How many recent tokens the penalty looks at, at most 64.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=64))]
    pub repetition_window: u8,
}

/// How a result is verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Class {
    /// The same bits on every machine, so that a wrong result is certain.
    #[default]
    Exact,
    /// Checked by running it again.
    Statistical,
}

impl From<Class> for VerificationClass {
    fn from(class: Class) -> Self {
        match class {
            Class::Statistical => Self::Statistical,
            Class::Exact => Self::Exact,
        }
    }
}

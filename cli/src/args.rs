//! The command line.

mod engine;

pub use engine::*;

use crate::output::{parse_amount, parse_milli};
use clap::{ArgGroup, Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use strike_primitives::{
    job::{VerificationClass, USUAL_THROUGHPUT},
    Balance, JobId, TOKEN_SYMBOL,
};

/// Where a node of one's own listens.
pub const DEFAULT_URL: &str = "ws://127.0.0.1:9944";

/// Buy, sell and check AI work on a Strike chain.
#[derive(Debug, Parser)]
#[command(name = "strike", version, propagate_version = true, max_term_width = 100)]
pub struct Args {
    /// JSON-RPC address of the node to talk to.
    #[arg(long, global = true, default_value = DEFAULT_URL)]
    pub url: String,
    /// Print one JSON value on stdout; amounts are in the smallest unit, 10^-12 of a token.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The command groups.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a network of four validators and a provider on this machine.
    Localnet(LocalnetArgs),
    /// Order work and see what became of it.
    #[command(subcommand)]
    Job(JobCommand),
    /// Models that are registered.
    #[command(subcommand)]
    Model(ModelCommand),
    /// Register as a provider, offer models, see who serves.
    #[command(subcommand)]
    Provider(ProviderCommand),
    /// Balances and transfers.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Bring a new runtime onto the chain: authorize it with the chain's root key, unless that is done, and apply it.
    Upgrade(UpgradeArgs),
    /// The inference engine on this machine, without a chain.
    #[command(subcommand)]
    Engine(EngineCommand),
}

/// Who signs.
#[derive(Clone, Debug, ClapArgs)]
pub struct KeyArgs {
    /// The signing account: a development name such as 'alice', or a file that holds a secret URI, a mnemonic or a hex
    /// seed. [default on development chains: ferdie]
    #[arg(long, value_name = "NAME|FILE")]
    pub key: Option<String>,
}

/// `strike upgrade`.
#[derive(Clone, Debug, ClapArgs)]
pub struct UpgradeArgs {
    /// The runtime's Wasm, as it is or compressed: `strike_runtime.compact.compressed.wasm` of a release build.
    #[arg(long, value_name = "FILE")]
    pub runtime: PathBuf,
    /// Who signs: the chain's root key where the runtime is yet to be authorized, else anybody.
    #[command(flatten)]
    pub key: KeyArgs,
}

/// `strike localnet`.
#[derive(Clone, Debug, ClapArgs)]
pub struct LocalnetArgs {
    /// Keep the nodes' data and logs here, and go on from what is there. [default: a new temporary folder]
    #[arg(long, value_name = "DIR")]
    pub base_path: Option<PathBuf>,
    /// Do not remove the temporary folder at the end.
    #[arg(long)]
    pub keep: bool,
    /// Order one job and print its life.
    #[arg(long)]
    pub demo: bool,
    /// End after the demo job; exit code 0 only if it settled as valid. The last line of stdout is one JSON object.
    #[arg(long, requires = "demo")]
    pub once: bool,
    /// First RPC port; the nodes take it and the four after it, for peers from 100 above it, for Prometheus from 200
    /// above it. [default: 9944, 30333 and 9615]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1024..=65_000))]
    pub base_port: Option<u16>,
    /// The strike-node binary. [default: the one beside this binary, else on the PATH]
    #[arg(long, value_name = "PATH")]
    pub node_binary: Option<PathBuf>,
    /// Let every node have the model in this folder, and the provider offer it under the folder's name. May be given several
    /// times.
    #[arg(long = "model", value_name = "DIR")]
    pub models: Vec<PathBuf>,
    /// Another binary for the provider alone.
    #[arg(long, value_name = "PATH")]
    pub provider_binary: Option<PathBuf>,
}

/// `strike job …`.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Order a text.
    Generate(Box<GenerateArgs>),
    /// Order embeddings: a vector for each text.
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
    },
    /// Withdraw a job that no provider has yet.
    Cancel {
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
    /// Most tokens the prompt may have; only what it really has is paid. [default: its bytes and 16, at most 131072]
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
    /// Wait for the receipts and print the vectors, one a line; with --json each as an array.
    #[arg(long)]
    pub wait: bool,
    /// Who signs.
    #[command(flatten)]
    pub key: KeyArgs,
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

/// `strike model …`.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// List the registered models.
    List,
    /// Register a model, so that providers can offer it.
    Register {
        /// A folder with config.json, model.safetensors and tokenizer.json.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Its name on chain. [default: the folder's]
        #[arg(long)]
        name: Option<String>,
        /// The owner's share of the fees of jobs that run it, 0 to 1.
        #[arg(long, value_name = "SHARE", default_value = "0", value_parser = parse_milli)]
        royalty: u16,
        /// Who signs, and owns the model.
        #[command(flatten)]
        key: KeyArgs,
    },
}

/// `strike provider …`.
#[derive(Debug, Subcommand)]
pub enum ProviderCommand {
    /// Register the signing account as a provider.
    Register {
        /// The bond at risk, in tokens; held until the provider has left.
        #[arg(long, value_name = "TOKENS", value_parser = parse_amount)]
        bond: Balance,
        /// A model it serves: root, name or 'builtin'. May be given several times.
        #[arg(long, value_name = "MODEL", required = true)]
        model: Vec<String>,
        /// An account of the same operator, which then never checks this provider. May be given several times.
        #[arg(long, value_name = "ACCOUNT")]
        linked: Vec<String>,
        /// The key that its node signs with, given as --key is. The same secret has to be in the node's keystore as
        /// 'strk'.
        #[arg(long, visible_alias = "app-key-uri", value_name = "NAME|FILE")]
        app_key: String,
        /// Who signs.
        #[command(flatten)]
        key: KeyArgs,
    },
    /// Serve more models beside those that are served already. The provider's node needs them: strike-node --model-dir.
    Serve {
        /// A model: root, name or 'builtin'. May be given several times.
        #[arg(long, value_name = "MODEL", required = true)]
        model: Vec<String>,
        /// Who signs.
        #[command(flatten)]
        key: KeyArgs,
    },
    /// Offer a model, or change or withdraw the offer.
    Ask {
        /// The model: root, name or 'builtin'.
        #[arg(long)]
        model: String,
        /// Price per 1,000 units, in tokens; a unit is one token read or written.
        #[arg(long, value_name = "TOKENS", value_parser = parse_amount, required_unless_present = "withdraw")]
        price: Option<Balance>,
        /// Jobs to take at once.
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        capacity: u32,
        /// The most units to take in one job.
        #[arg(long, value_name = "UNITS", default_value_t = 4_096, value_parser = clap::value_parser!(u64).range(1..))]
        max_units: u64,
        /// The units of one job that the machine does in a block of three seconds, with as many jobs at once as it takes. Jobs come
        /// only with a deadline of 10 blocks and one for every so many of their units, or longer.
        #[arg(long, value_name = "UNITS", default_value_t = USUAL_THROUGHPUT, value_parser = clap::value_parser!(u32).range(1..))]
        throughput: u32,
        /// How results are verified.
        #[arg(long, value_enum, default_value_t)]
        class: Class,
        /// Take the offer back.
        #[arg(long, conflicts_with_all = ["price"])]
        withdraw: bool,
        /// Who signs.
        #[command(flatten)]
        key: KeyArgs,
    },
    /// List the registered providers and their asks.
    List,
}

/// `strike account …`.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Show what an account has, free and held.
    Balance {
        /// The account: an SS58 address, '0x…' or a development name. [default: that of --key]
        #[arg(required_unless_present = "key")]
        account: Option<String>,
        /// The account, as the one a command signs with.
        #[arg(long, value_name = "NAME|FILE")]
        key: Option<String>,
    },
    /// Send tokens.
    Transfer {
        /// To whom.
        to: String,
        /// How many tokens, such as '1.5'.
        #[arg(value_name = TOKEN_SYMBOL, value_parser = parse_amount)]
        amount: Balance,
        /// Who signs.
        #[command(flatten)]
        key: KeyArgs,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{error::ErrorKind, CommandFactory};

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(line.split_whitespace())
    }

    fn refusal(line: &str) -> ErrorKind {
        let error = parse(line).expect_err("refused");
        assert_eq!(error.exit_code(), 2, "{line}");
        error.kind()
    }

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn global_options_stand_anywhere() {
        let args = parse("strike job show 7 --json --url ws://h:1").unwrap();
        assert!(args.json);
        assert_eq!(args.url, "ws://h:1");
        assert!(matches!(args.command, Command::Job(JobCommand::Show { job: 7 })));
    }

    #[test]
    fn a_generation_has_sensible_defaults() {
        let args = parse("strike job generate --prompt Hello --key alice").unwrap();
        let Command::Job(JobCommand::Generate(args)) = args.command else { panic!() };
        assert_eq!((args.model.as_str(), args.max_tokens, args.wait), ("builtin", 64, false));
        assert_eq!((args.sampler.temperature, args.sampler.min_p), (700, 50));
        assert_eq!(args.max_price, None);
    }

    #[test]
    fn amounts_are_checked_while_parsing() {
        let args = parse("strike account transfer bob 1.5 --key alice").unwrap();
        let Command::Account(AccountCommand::Transfer { amount, .. }) = args.command else { panic!() };
        assert_eq!(amount, 1_500_000_000_000);
        assert_eq!(refusal("strike account transfer bob 1.5x --key alice"), ErrorKind::ValueValidation);
        assert_eq!(refusal("strike account transfer bob -1 --key alice"), ErrorKind::UnknownArgument);
    }

    #[test]
    fn conversations_are_prompts_or_files() {
        for (line, messages) in [
            ("strike engine generate --prompt x", false),
            ("strike engine generate --prompt x --chat --system y --adapter z", false),
            ("strike engine generate --messages file", true),
        ] {
            let Command::Engine(EngineCommand::Generate(args)) = parse(line).unwrap().command else { panic!() };
            assert_eq!((args.chat.messages.is_some(), args.prompt.prompt.is_none()), (messages, messages), "{line}");
        }
        use ErrorKind::*;
        assert_eq!(refusal("strike engine generate"), MissingRequiredArgument);
        assert_eq!(refusal("strike engine generate --prompt x --messages y"), ArgumentConflict);
        assert_eq!(refusal("strike engine generate --messages y --chat"), ArgumentConflict);
        assert_eq!(refusal("strike engine generate --prompt x --system y"), MissingRequiredArgument);
    }

    #[test]
    fn wrong_usage_is_refused() {
        use ErrorKind::*;
        assert_eq!(refusal("strike job generate --key alice"), MissingRequiredArgument);
        assert_eq!(refusal("strike job generate --key a --prompt x --prompt-file y"), ArgumentConflict);
        assert_eq!(refusal("strike job show seven"), ValueValidation);
        assert_eq!(refusal("strike job generate --key a --prompt x --max-tokens 0"), ValueValidation);
        assert_eq!(refusal("strike job embed --model m"), MissingRequiredArgument);
        assert_eq!(refusal("strike job embed --text a"), MissingRequiredArgument);
        assert_eq!(refusal("strike job embed --model m --text a --file b"), ArgumentConflict);
        assert_eq!(refusal("strike localnet --once"), MissingRequiredArgument);
        assert_eq!(refusal("strike provider ask --model builtin --key a"), MissingRequiredArgument);
        assert_eq!(refusal("strike provider ask --model m --key a --price 1 --withdraw"), ArgumentConflict);
        assert_eq!(refusal("strike upgrade --key alice"), MissingRequiredArgument);
        assert_eq!(refusal("strike nothing"), InvalidSubcommand);
    }
}

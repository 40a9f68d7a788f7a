//! The command line.

mod engine;
mod job;
mod provider;
mod shared;

pub use engine::{ChatArgs, EngineArgs, EngineCommand, EngineGenerateArgs, GeneratorArgs};
pub use job::{EmbedArgs, GenerateArgs, JobCommand, TextArgs};
pub use provider::ProviderCommand;
pub use shared::{Class, KeyArgs, PromptArgs, SamplerArgs};

use clap::{Args as ClapArgs, Parser, Subcommand};
use std::path::PathBuf;
use strike_chain::amounts::{parse_amount, parse_milli};
use strike_primitives::{Balance, BlockNumber, H256, TOKEN_SYMBOL};

/// Where a node of one's own listens.
pub const DEFAULT_URL: &str = "ws://127.0.0.1:9944";

/// What the exit codes mean: of all commands, and told at the end of the help of those that order.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    failed: nothing was paid but perhaps a transaction's fee, it can be done again
  2    wrong usage
  3    a transaction is in, or may be, and what it gave could not be had or is not known: do not repeat
       the command, the error names the transaction and how to look it up
  130  ended by Ctrl-C";

/// Buy, sell and check AI work on a Strike chain.
#[derive(Debug, Parser)]
#[command(name = "strike", version, propagate_version = true, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Args {
    /// JSON-RPC address of the node to talk to.
    #[arg(long, global = true, default_value = DEFAULT_URL)]
    pub url: String,
    /// Print JSON on stdout, one value a line, as it comes; amounts are decimal strings of the smallest unit, 10^-12 of a token.
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
    /// Balances, transfers, and what became of a transaction.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Bring a new runtime onto the chain: authorize it with the chain's root key, unless that is done, and apply it.
    Upgrade(UpgradeArgs),
    /// The inference engine on this machine, without a chain.
    #[command(subcommand)]
    Engine(EngineCommand),
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
    /// Tell what became of a transaction that was sent. Exit code 0: it succeeded; 1: it failed, or is in no block and never
    /// will be, so that it can be done again; 3: not known yet.
    Transaction {
        /// Its hash: '0x…'.
        #[arg(value_parser = parse_hash)]
        hash: H256,
        /// Who signed it: with --nonce and --from it is known when it can be in no block any more.
        #[arg(long, requires = "nonce")]
        account: Option<String>,
        /// The account's nonce in it.
        #[arg(long, value_name = "N", requires = "account")]
        nonce: Option<u64>,
        /// The block at which it was signed. [default: the last 256 blocks are looked through]
        #[arg(long, value_name = "BLOCK")]
        from: Option<BlockNumber>,
    },
}

/// A hash in hex.
fn parse_hash(text: &str) -> Result<H256, String> {
    let bytes: Option<[u8; 32]> =
        hex::decode(text.trim_start_matches("0x")).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(H256).ok_or_else(|| "a hash has 64 hex digits after '0x'".into())
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
    fn a_transaction_is_looked_up_by_the_command_that_an_error_names() {
        let sent = strike_chain::Sent {
            hash: H256([0xab; 32]),
            account: strike_primitives::AccountId::new([1; 32]),
            nonce: 7,
            signed_at: 100,
        };
        let Command::Account(AccountCommand::Transaction { hash, account, nonce, from }) =
            parse(&sent.lookup()).unwrap().command
        else {
            panic!()
        };
        assert_eq!((hash, nonce, from), (sent.hash, Some(7), Some(100)));
        assert_eq!(account.map(|text| strike_chain::keys::account(&text)), Some(Ok(sent.account)));
        assert_eq!(refusal("strike account transaction 0x12"), ErrorKind::ValueValidation);
        let hash = format!("{:?}", H256([0xab; 32]));
        assert_eq!(
            refusal(&format!("strike account transaction {hash} --nonce 7")),
            ErrorKind::MissingRequiredArgument
        );
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

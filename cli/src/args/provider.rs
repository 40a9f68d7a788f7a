//! `strike provider …`.

use super::shared::{Class, KeyArgs};
use clap::Subcommand;
use strike_chain::amounts::parse_amount;
use strike_primitives::{job::USUAL_THROUGHPUT, Balance};

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
        /// only with a deadline of 30 blocks and one for every so many of their units, or longer.
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

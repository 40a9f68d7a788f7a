//! Arguments and subcommands of `strike-node`.

use crate::{
    limits::{CALLS_A_BATCH, CALLS_A_MINUTE, MIN_ENGINE_MEMORY},
    service::WorkOptions,
};
use sc_cli::{
    ChainInfoCmd, CheckBlockCmd, ExportBlocksCmd, ExportChainSpecCmd, ImportBlocksCmd, KeySubcommand, PurgeChainCmd,
    RevertCmd,
};
use sp_keyring::Sr25519Keyring;
use std::path::PathBuf;
use strike_runtime::genesis_config_presets::PROVIDER;

/// A node of the Strike network.
#[derive(Debug, clap::Parser)]
pub struct Cli {
    /// Something to do instead of running a node.
    #[command(subcommand)]
    pub subcommand: Option<Subcommand>,

    /// How to run the node.
    #[clap(flatten)]
    pub run: RunCmd,
}

/// How to run the node.
#[derive(Debug, Clone, clap::Args)]
// Its argument group would have the name of the one inside.
#[group(skip)]
pub struct RunCmd {
    /// What any Substrate node takes.
    #[clap(flatten)]
    pub base: sc_cli::RunCmd,

    /// Serve jobs with the `strk` keys in this node's keystore.
    ///
    /// Turns off-chain workers on, authority or not. A development key (`--eve`) is then the provider's and makes no
    /// validator of the node, unless `--validator` is given too. Implied by `--dev`, with the key of Eve.
    #[arg(long)]
    pub provider: bool,

    /// A folder with models to run jobs and checks with. May be given several times.
    #[arg(long = "model-dir", value_name = "PATH")]
    pub model_dirs: Vec<PathBuf>,

    /// Most memory that models and the work on them may take together, such as `6GiB`. By default half of the machine's.
    ///
    /// What needs more is refused before anything is read, and said once.
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub engine_memory: Option<u64>,

    /// Threads that models are run on. By default one for each core: they give way to everything else of the node.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub engine_threads: Option<u16>,

    /// Where compiled runtimes are kept; nodes of one machine may share it. By default a folder below the base path.
    #[arg(long, value_name = "PATH")]
    pub wasm_cache: Option<PathBuf>,
}

/// A number of bytes: `512MiB`, `6GiB`, `8GB`, or a plain number of them.
fn memory(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 6] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
    ];
    let unit = UNITS.into_iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)));
    let (number, unit) = unit.unwrap_or((text, 1));
    let bytes = number.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    let bytes = bytes.ok_or_else(|| {
        "a size is a whole number of bytes, or of KiB, MiB, GiB, TiB, MB or GB, such as 6GiB".to_owned()
    })?;
    if bytes < MIN_ENGINE_MEMORY {
        return Err(format!("the engine needs {} at least", strike_worker::shown_bytes(MIN_ENGINE_MEMORY)));
    }
    Ok(bytes)
}

impl RunCmd {
    /// What this node does beside following the chain.
    pub fn work_options(&self) -> WorkOptions {
        let provider_seed =
            if self.base.shared_params.dev { Some(seed(PROVIDER)) } else { self.provides_only().map(seed) };
        WorkOptions {
            provider: self.provider || self.base.shared_params.dev,
            provider_seed,
            model_dirs: self.model_dirs.clone(),
            engine_memory: self.engine_memory,
            engine_threads: self.engine_threads.map(usize::from),
            wasm_cache: self.wasm_cache.clone(),
        }
    }

    /// What the node itself is run with: a development key that was asked for in order to provide makes no validator,
    /// though `sc-cli` takes it so.
    pub fn node_options(&self) -> sc_cli::RunCmd {
        let mut base = self.base.clone();
        limit_calls(&mut base);
        if let Some(account) = self.provides_only() {
            base.name.get_or_insert_with(|| account.to_string());
            for flag in [
                &mut base.alice,
                &mut base.bob,
                &mut base.charlie,
                &mut base.dave,
                &mut base.eve,
                &mut base.ferdie,
                &mut base.one,
                &mut base.two,
            ] {
                *flag = false;
            }
        }
        base
    }

    /// The development account whose key was asked for in order to provide, not to validate.
    fn provides_only(&self) -> Option<Sr25519Keyring> {
        let only = self.provider && !self.base.validator && !self.base.shared_params.dev;
        self.base.get_keyring().filter(|_| only)
    }
}

/// Bounds what JSON-RPC does for strangers, where the operator says nothing. `sc-cli` bounds the size of requests (15
/// MB) and answers (15 MB), connections (100), and subscriptions of a connection (1,024).
fn limit_calls(base: &mut sc_cli::RunCmd) {
    let rpc = &mut base.rpc_params;
    if !rpc.experimental_rpc_endpoint.is_empty() {
        // Endpoints given one by one bring their own.
        return;
    }
    if rpc.rpc_rate_limit.is_none() {
        rpc.rpc_rate_limit = Some(CALLS_A_MINUTE);
        if rpc.rpc_rate_limit_whitelisted_ips.is_empty() && !rpc.rpc_rate_limit_trust_proxy_headers {
            rpc.rpc_rate_limit_whitelisted_ips =
                ["127.0.0.0/8", "::1/128"].iter().flat_map(|net| net.parse()).collect();
        }
    }
    if rpc.rpc_max_batch_request_len.is_none() && !rpc.rpc_disable_batch_requests {
        rpc.rpc_max_batch_request_len = Some(CALLS_A_BATCH);
    }
}

/// The seed of a development account.
fn seed(account: Sr25519Keyring) -> String {
    format!("//{account}")
}

/// What any Substrate node takes for `export-state`; nothing is done with it.
#[derive(Debug, clap::Args)]
pub struct ExportState {
    /// Whatever is given.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub ignored: Vec<String>,
}

/// Something to do instead of running a node.
#[derive(Debug, clap::Subcommand)]
// Parsed once in a process's life: the size of the largest variant does not matter.
#[allow(clippy::large_enum_variant)]
pub enum Subcommand {
    /// Make, inspect and store keys.
    #[command(subcommand)]
    Key(KeySubcommand),

    /// Write a chain specification: of a built-in chain, or of a file in raw form.
    ExportChainSpec(ExportChainSpecCmd),

    /// Show what the database holds: genesis, best and finalized block.
    ChainInfo(ChainInfoCmd),

    /// Execute a block of the database again and compare.
    CheckBlock(CheckBlockCmd),

    /// Write blocks to a file.
    ExportBlocks(ExportBlocksCmd),

    /// Not possible for this chain; says what to do instead.
    ExportState(ExportState),

    /// Read blocks from a file.
    ImportBlocks(ImportBlocksCmd),

    /// Delete the chain's database.
    PurgeChain(PurgeChainCmd),

    /// Go back some blocks, not beyond the last finalized one.
    Revert(RevertCmd),
}

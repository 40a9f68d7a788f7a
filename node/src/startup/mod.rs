//! What a node is started with, looked at before it starts. What is wrong is said at once, with the whole command line that mends it.

mod clock;
mod command_line;
mod folders;
mod keys;
mod ports;
mod problem;

pub(crate) use command_line::CommandLine;

use command_line::Place;
use keys::Roles;
use problem::Problem;
use sc_service::Configuration;
use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

/// What keeps a node from its configuration, with what mends it where that is known.
pub(crate) fn explain(error: sc_cli::Error, options: &sc_cli::RunCmd, line: &CommandLine) -> sc_cli::Error {
    match error {
        sc_cli::Error::NetworkKeyNotFound(file) => {
            keys::no_network_key(&file, &Place::of(options), options.tmp, line).into()
        }
        other => other,
    }
}

/// Looks at what a node is started with. Makes its folder. `provides` where it is to serve jobs with a key of its keystore.
pub(crate) fn check(
    config: &Configuration,
    options: &sc_cli::RunCmd,
    provides: bool,
    models: &[PathBuf],
    line: &CommandLine,
) -> Result<(), Problem> {
    let place = Place::of(options);
    let folder = config.base_path.config_dir(config.chain_spec.id());
    folders::writable(config.base_path.path(), &folder, line)?;
    folders::has_room(&folder, line)?;
    folders::models(models, line)?;
    clock::check(now(), None)?;
    let roles = Roles {
        // The keys of a development account are made while the node starts.
        validator: config.role.is_authority() && config.dev_key_seed.is_none(),
        provider: provides,
    };
    keys::check(roles, &config.keystore, &place, line)?;
    ports::check(&ports::of(config, options), line, ports::bind)?;
    if roles.validator && !config.offchain_worker.enabled {
        log::error!(
            "⚠️ This validator runs no off-chain workers, so it never sends what it finds of results, and is not paid for it. Start it \
             without --offchain-worker:\n  {}",
            line.without("--offchain-worker", |_| true).line(),
        );
    }
    if roles.validator && place.chain.is_none() {
        log::warn!("⚠️ Without --chain a node runs the chain `local`, whose keys everybody knows. Other chains are given as --chain SPEC.json");
    }
    Ok(())
}

/// Looks at the clock once the chain's last block is known, that of a time since 1970.
pub(crate) fn check_clock(last_block: Duration) -> Result<(), Problem> {
    clock::check(now(), Some(last_block))
}

fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

//! From arguments to action.

use crate::{
    chain_spec,
    cli::{Cli, RunCmd, Subcommand},
    service::{self, Wraps},
    startup::{self, CommandLine},
};
use sc_cli::SubstrateCli;
use sc_network::config::NetworkBackendType;
use sc_service::{Configuration, PartialComponents, TaskManager};
use std::{error::Error as _, process::ExitCode};
use strike_runtime::opaque::Block;

impl SubstrateCli for Cli {
    fn impl_name() -> String {
        "Strike Node".into()
    }

    fn impl_version() -> String {
        env!("SUBSTRATE_CLI_IMPL_VERSION").into()
    }

    fn executable_name() -> String {
        "strike-node".into()
    }

    fn description() -> String {
        env!("CARGO_PKG_DESCRIPTION").into()
    }

    fn author() -> String {
        "The Strike developers".into()
    }

    fn support_url() -> String {
        concat!(env!("CARGO_PKG_REPOSITORY"), "/issues").into()
    }

    fn copyright_start_year() -> i32 {
        2026
    }

    fn load_spec(&self, id: &str) -> Result<Box<dyn sc_service::ChainSpec>, String> {
        Ok(match id {
            "dev" | "development" => Box::new(chain_spec::development()?),
            "" | "local" => Box::new(chain_spec::local()?),
            path => Box::new(chain_spec::ChainSpec::from_json_file(path.into()).map_err(|error| {
                format!("there is no chain `{path}`: it is neither dev, nor local, nor the file of a chain's specification: {error}")
            })?),
        })
    }
}

/// Does what the process's arguments say: runs the node until it is stopped, or a subcommand to its end.
pub fn run() -> sc_cli::Result<()> {
    run_with(Wraps::default())
}

/// As [`run`], with something between the node's parts.
pub fn run_with(wraps: Wraps) -> sc_cli::Result<()> {
    let cli = Cli::from_args();
    match &cli.subcommand {
        None => run_node(&cli, &cli.run, wraps),
        Some(Subcommand::Key(cmd)) => cmd.run(&cli),
        Some(Subcommand::ExportChainSpec(cmd)) => cmd.run(cli.load_spec(&cmd.chain)?),
        Some(Subcommand::ChainInfo(cmd)) => cli.create_runner(cmd)?.sync_run(|config| cmd.run::<Block>(&config)),
        Some(Subcommand::CheckBlock(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
            let PartialComponents { client, task_manager, import_queue, .. } = service::new_partial(&config, None)?;
            Ok((cmd.run(client, import_queue), task_manager))
        }),
        Some(Subcommand::ExportBlocks(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
            let PartialComponents { client, task_manager, .. } = service::new_partial(&config, None)?;
            Ok((cmd.run(client, config.database), task_manager))
        }),
        Some(Subcommand::ExportState(_)) => Err(sc_cli::Error::Application(NO_EXPORT_OF_STATE.into())),
        Some(Subcommand::ImportBlocks(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
            let PartialComponents { client, task_manager, import_queue, .. } = service::new_partial(&config, None)?;
            Ok((cmd.run(client, import_queue), task_manager))
        }),
        Some(Subcommand::PurgeChain(cmd)) => cli.create_runner(cmd)?.sync_run(|config| cmd.run(config.database)),
        Some(Subcommand::Revert(cmd)) => cli.create_runner(cmd)?.async_run(|config| {
            let PartialComponents { client, task_manager, backend, .. } = service::new_partial(&config, None)?;
            // Epochs and authority sets are kept beside the blocks and have to go back with them.
            let revert_consensus = Box::new(|client: std::sync::Arc<_>, backend, blocks| {
                sc_consensus_babe::revert(std::sync::Arc::clone(&client), backend, blocks)?;
                sc_consensus_grandpa::revert(client, blocks)?;
                Ok(())
            });
            Ok((cmd.run(client, backend, Some(revert_consensus)), task_manager))
        }),
    }
}

/// Why there is no chain that begins with the state of another one.
const NO_EXPORT_OF_STATE: &str = "\
no chain can begin with the state of another one. A new chain counts its blocks from 1, while the state holds deadlines, beacons and reports by the \
heights of the old one, and BABE in the midst of an epoch: its first block panics.

To try a runtime on this chain's state, let try-runtime read it from a node that runs (built with the feature try-runtime):

  try-runtime --runtime RUNTIME.wasm on-runtime-upgrade live --uri ws://127.0.0.1:9944

To keep a copy of a node, end it and copy its base path:

  cp -a BASE-PATH COPY";

/// Tells why the program failed, for its user, and with which code it ends.
pub fn exit(result: sc_cli::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error with what is behind it.
fn told(error: &sc_cli::Error) -> String {
    let mut text = match error {
        // It has a name before it that tells nobody anything.
        sc_cli::Error::Service(sc_service::Error::Application(error)) => error.to_string(),
        error => error.to_string(),
    };
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}

fn run_node(cli: &Cli, cmd: &RunCmd, wraps: Wraps) -> sc_cli::Result<()> {
    let (work, options, line) = (cmd.work_options(), cmd.node_options(), CommandLine::of_process());
    let runner = cli.create_runner(&options).map_err(|error| startup::explain(error, &options, &line))?;
    runner.run_node_until_exit(|mut config| async move {
        // A development key is put into the keystore while the node starts.
        let provides = work.provider && work.provider_seed.is_none();
        startup::check(&config, &options, provides, &work.model_dirs, &line)?;
        if options.rpc_params.experimental_rpc_endpoint.is_empty() {
            // Should somebody take the port in this moment: better no node than one that commands do not reach.
            let endpoints = config.rpc.addr.iter_mut().flatten();
            endpoints.for_each(|endpoint| endpoint.retry_random_port = false);
        }
        start(config, work, wraps).map_err(sc_cli::Error::Service)
    })
}

/// Starts the node on the network backend that was asked for.
fn start(config: Configuration, work: service::WorkOptions, wraps: Wraps) -> Result<TaskManager, sc_service::Error> {
    match config.network.network_backend {
        NetworkBackendType::Litep2p => service::new_full::<sc_network::Litep2pNetworkBackend>(config, work, wraps),
        NetworkBackendType::Libp2p => service::new_full::<sc_network::NetworkWorker<_, _>>(config, work, wraps),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn parse(arguments: &[&str]) -> Cli {
        Cli::try_parse_from(std::iter::once(&"strike-node").chain(arguments)).expect("valid arguments")
    }

    #[test]
    fn a_development_key_with_provider_makes_no_validator() {
        let run = parse(&["--chain", "local", "--eve", "--provider"]).run;
        assert_eq!(run.work_options().provider_seed.as_deref(), Some("//Eve"));
        assert_eq!(run.node_options().get_keyring(), None);
        assert_eq!(run.node_options().name.as_deref(), Some("Eve"));

        for validator in
            [&["--chain", "local", "--eve", "--provider", "--validator"][..], &["--chain", "local", "--eve"]]
        {
            let run = parse(validator).run;
            assert_eq!(run.work_options().provider_seed, None);
            assert!(run.node_options().eve);
        }
    }

    #[test]
    fn strangers_calls_are_bounded_unless_the_operator_says_how() {
        let rpc = parse(&["--chain", "local"]).run.node_options().rpc_params;
        assert!(rpc.rpc_rate_limit.is_some() && rpc.rpc_max_batch_request_len.is_some());
        let local = |address: &str| {
            rpc.rpc_rate_limit_whitelisted_ips
                .iter()
                .any(|net| net.contains(address.parse::<std::net::IpAddr>().expect("an address")))
        };
        assert!(local("127.0.0.1") && local("::1") && !local("10.0.0.1") && !local("2001:db8::1"));

        // What a header says is no loopback address, whoever wrote it.
        let rpc = parse(&["--rpc-rate-limit-trust-proxy-headers"]).run.node_options().rpc_params;
        assert!(rpc.rpc_rate_limit.is_some() && rpc.rpc_rate_limit_whitelisted_ips.is_empty());

        let said = ["--rpc-rate-limit", "7", "--rpc-max-batch-request-len", "3"];
        let rpc = parse(&said).run.node_options().rpc_params;
        assert_eq!(rpc.rpc_rate_limit.map(u32::from), Some(7));
        assert_eq!(rpc.rpc_max_batch_request_len, Some(3));
        assert!(rpc.rpc_rate_limit_whitelisted_ips.is_empty(), "a limit that was asked for holds for all");
        let rpc = parse(&["--rpc-disable-batch-requests"]).run.node_options().rpc_params;
        assert_eq!(rpc.rpc_max_batch_request_len, None);
    }

    #[test]
    fn a_development_chain_provides_with_the_key_of_eve() {
        let work = parse(&["--dev", "--model-dir", "a", "--model-dir", "b"]).run.work_options();
        assert!(work.provider);
        assert_eq!(work.provider_seed.as_deref(), Some("//Eve"));
        assert_eq!(work.model_dirs, [std::path::PathBuf::from("a"), "b".into()]);

        let work = parse(&["--chain", "local", "--alice"]).run.work_options();
        assert!(!work.provider);
        assert_eq!(work.provider_seed, None);
    }

    #[test]
    fn an_unknown_chain_is_an_error_that_names_the_file() {
        let Err(error) = parse(&[]).load_spec("/nowhere/spec.json") else {
            panic!("there is no such file");
        };
        assert!(error.contains("/nowhere/spec.json"), "{error}");
        assert!(error.contains("neither dev, nor local"), "{error}");
    }

    #[test]
    fn an_export_of_state_is_refused_with_what_to_do_whatever_its_arguments() {
        for arguments in [&["export-state"][..], &["export-state", "7", "--chain", "local", "--base-path", "/data"]] {
            assert!(matches!(parse(arguments).subcommand, Some(Subcommand::ExportState(_))));
        }
        let told = told(&sc_cli::Error::Application(NO_EXPORT_OF_STATE.into()));
        assert!(told.contains("try-runtime") && told.contains("cp -a"), "{told}");
    }

    #[test]
    fn errors_are_told_with_what_is_behind_them_once() {
        let problem = || -> Box<dyn std::error::Error + Send + Sync> { "this is wrong:\n\n  do this".into() };
        let errors =
            [sc_cli::Error::Application(problem()), sc_cli::Error::Service(sc_service::Error::Application(problem()))];
        for error in errors {
            assert_eq!(told(&error), "this is wrong:\n\n  do this");
        }
        assert_eq!(told(&sc_cli::Error::Input("this".into())), "Invalid input: this");
    }
}

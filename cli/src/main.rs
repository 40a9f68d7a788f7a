//! The `strike` binary. Its exit codes are told by `strike --help` and in `docs/operations.md`.

use clap::Parser;
use std::process::ExitCode;
use strike_cli::{args::Args, commands, output};

fn main() -> ExitCode {
    let args = Args::parse();
    let json = args.json;
    // The process may run for days as `strike localnet`; it has next to nothing to compute.
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(commands::run(args));
    // Requests that nobody waits for any more must not hold up the end.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::print_error(&error, json);
            ExitCode::from(error.exit_code)
        }
    }
}

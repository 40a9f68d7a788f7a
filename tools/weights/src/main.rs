//! The SDK's benchmarks of a runtime's calls and hooks, over the Wasm of a runtime that was built with them.

use clap::Parser;
use frame_benchmarking_cli::PalletCmd;
use sp_runtime::traits::BlakeTwo256;

fn main() -> Result<(), sc_cli::Error> {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info")).init();
    PalletCmd::parse().run_with_spec::<BlakeTwo256, ()>(None)
}

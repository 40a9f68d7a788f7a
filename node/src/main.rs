//! The `strike-node` binary; see the library of the same name.

use std::process::ExitCode;

fn main() -> ExitCode {
    strike_node::exit(strike_node::run())
}

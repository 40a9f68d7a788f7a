//! The `strike-node` binary; see the library of the same name.

// The SDK's error is large; it is returned once in a process's life.
#![allow(clippy::result_large_err)]

fn main() -> strike_node::Result<()> {
    strike_node::run()
}

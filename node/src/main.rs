//! The `strike-node` binary; see the library of the same name.

fn main() -> strike_node::Result<()> {
    strike_node::run()
}

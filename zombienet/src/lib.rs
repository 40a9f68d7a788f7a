//! Networks of Strike nodes on zombienet.

//! The client of this chain and what belongs to it, by their types.

use sc_consensus::LongestChain;
use sc_executor::WasmExecutor;
use sc_transaction_pool::TransactionPoolHandle;
use strike_runtime::{apis::RuntimeApi, opaque::Block};

/// The client: database, executor and runtime API in one. The host functions are the standard ones, so that any
/// Substrate tool can execute our Wasm.
pub type FullClient = sc_service::TFullClient<Block, RuntimeApi, WasmExecutor<sp_io::SubstrateHostFunctions>>;
/// The database.
pub type FullBackend = sc_service::TFullBackend<Block>;
/// Which fork is best: the one with the most primary slots since the last final block.
pub type FullSelectChain = LongestChain<FullBackend, Block>;
/// The transaction pool.
pub type Pool = TransactionPoolHandle<Block, FullClient>;

//! Every bound of the node that it does not take from `strike-blobs`, `strike-worker`, `strike-rpc` or the SDK.

use std::{num::NonZeroU32, time::Duration};

/// Calls a minute of one WebSocket connection, where the operator does not say. Loopback addresses have no limit,
/// unless callers' addresses are taken from headers: a caller can write any address there.
pub(crate) const CALLS_A_MINUTE: NonZeroU32 = NonZeroU32::new(6_000).unwrap();
/// Calls in one batch, where the operator does not say.
pub(crate) const CALLS_A_BATCH: u32 = 100;
/// Calls of JSON-RPC that fetch outputs from other nodes at once, and as many that fetch inputs. Each holds one of the
/// server's threads, of which there are as many as connections.
pub(crate) const FETCHES_FOR_CALLERS: usize = 8;

/// The least memory that the engine can do with: what it keeps between jobs, and a small model.
pub(crate) const MIN_ENGINE_MEMORY: u64 = 512 << 20;

/// How long a caller of JSON-RPC waits for a blob at most.
pub(crate) const RPC_FETCH_TIME: Duration = Duration::from_secs(30);
/// How long the worker waits for a blob at most: a check can do without an output, and an input is asked for again.
pub(crate) const WORK_FETCH_TIME: Duration = Duration::from_secs(8);
/// How long an answer to a request for a blob may take at most. The node that asks waits less.
pub(crate) const BLOB_REQUEST_TIME: Duration = Duration::from_secs(10);
/// Requests of other nodes for blobs that wait for an answer; more are refused.
pub(crate) const BLOB_REQUESTS_WAITING: usize = 128;
/// Requests of other nodes for blobs that are answered at once.
pub(crate) const BLOB_REQUESTS_ANSWERED: usize = 4;

/// How long the distributed hash table is asked for the nodes at a place.
pub(crate) const LOCATE_TIME: Duration = Duration::from_secs(5);
/// How often all places are announced again.
pub(crate) const ANNOUNCE_PERIOD: Duration = Duration::from_secs(600);
/// How often a node without peers looks whether there is anybody to tell.
pub(crate) const LONELY_PERIOD: Duration = Duration::from_secs(5);
/// How often the node compares its providers' asks with the models that it has.
pub(crate) const ASKS_PERIOD: Duration = Duration::from_secs(60);
/// Providers read from the registry in one call, and calls at one time, to find those that this node works for.
pub(crate) const PROVIDERS_A_PAGE: u32 = 64;
/// See [`PROVIDERS_A_PAGE`].
pub(crate) const PROVIDER_PAGES: usize = 64;
/// Until a task begins anew that failed by a bug, at first.
pub(crate) const TASK_PAUSE: Duration = Duration::from_secs(5);
/// How often the node looks for uploads that no job needs any longer.
pub(crate) const TEND_PERIOD: Duration = Duration::from_secs(30);

/// Part of a slot that is for making a block. The rest is for carrying it to the others and for their import.
pub(crate) const PROPOSAL_SLOT_PORTION: f32 = 0.5;
/// How long a GRANDPA message may take through the network, as the voter expects.
pub(crate) const GOSSIP_DURATION: Duration = Duration::from_millis(333);
/// How often a justification is kept at least, in blocks. Justifications prove finality to nodes that were not there;
/// the last block of an authority set always has one.
pub(crate) const JUSTIFICATION_PERIOD: u32 = 512;

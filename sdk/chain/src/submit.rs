//! Signing and submitting calls, and watching what becomes of them.
//!
//! Several commands may send from one account at once: whoever finds its nonce taken signs again with the next one. That
//! happens only while nothing of the transaction can still be included, so no call is made twice.

use crate::{
    calls::Call,
    client::{AtBlock, Chain},
    error::{Error, Result},
    errors, keys,
};
use codec::Decode;
use sp_core::{sr25519, Pair};
use std::time::Duration;
use strike_primitives::{BlockNumber, JobId, H256};
use subxt::{
    config::{
        substrate::{AccountId32, MultiSignature, SubstrateExtrinsicParamsBuilder},
        Hasher,
    },
    events::Phase,
    rpcs::{self, client::RpcSubscription, methods::legacy::TransactionStatus},
    tx::Signer,
    SubstrateConfig,
};

/// Blocks for which a transaction is valid.
const MORTALITY: u64 = 64;
/// How often a transaction is signed again because its nonce was taken.
const NONCE_ATTEMPTS: u32 = 24;
/// Pause before signing again, for the node to count the other transaction.
const NONCE_PAUSE: Duration = Duration::from_millis(250);

/// Error codes of `author_submitAndWatchExtrinsic`.
mod code {
    pub const INVALID: i32 = 1010;
    pub const TEMPORARILY_BANNED: i32 = 1012;
    pub const ALREADY_IMPORTED: i32 = 1013;
    pub const TOO_LOW_PRIORITY: i32 = 1014;
    pub const IMMEDIATELY_DROPPED: i32 = 1016;
}

type Hash = subxt::config::substrate::H256;

/// Signs with a key pair of `sp_core`.
struct PairSigner<'a>(&'a sr25519::Pair);

impl Signer<SubstrateConfig> for PairSigner<'_> {
    fn account_id(&self) -> AccountId32 {
        AccountId32(self.0.public().0)
    }

    fn sign(&self, payload: &[u8]) -> MultiSignature {
        MultiSignature::Sr25519(self.0.sign(payload).0)
    }
}

/// An event of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Name of the pallet.
    pub pallet: String,
    /// Name of the event.
    pub name: String,
    /// Its SCALE-encoded fields.
    pub fields: Vec<u8>,
}

/// A transaction in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// The block.
    pub block: H256,
    /// Its height.
    pub number: BlockNumber,
    /// Whether the block is final.
    pub finalized: bool,
    /// What the transaction did.
    pub events: Vec<Event>,
}

impl Inclusion {
    /// The job that the transaction created.
    pub fn job(&self) -> Result<JobId> {
        let event = self.events.iter().find(|event| event.pallet == "Market" && event.name == "JobSubmitted");
        event.and_then(|event| JobId::decode(&mut &event.fields[..]).ok()).ok_or_else(|| {
            Error::new("RuntimeIncompatible", "the chain took the order but tells no job id")
                .hint("'strike job list' shows the job")
        })
    }
}

/// A transaction on its way.
pub struct Submission {
    chain: Chain,
    statuses: RpcSubscription<TransactionStatus<Hash>>,
    encoded: Vec<u8>,
    hash: H256,
    nonce: u64,
    account: AccountId32,
    /// Height at which it was signed: it is in no earlier block.
    signed_at: BlockNumber,
    /// A block that has the transaction and was not read yet, and whether it is final. Kept here so that nothing is lost
    /// when a caller drops the future that reads it.
    unread: Option<(Hash, bool)>,
    over: bool,
}

/// Where it goes.
enum Step {
    Included(Inclusion),
    Retracted,
    /// It will not be included by this node any more.
    Lost(&'static str, &'static str),
}

impl Submission {
    /// Hash of the transaction.
    pub fn hash(&self) -> H256 {
        self.hash
    }

    /// The next block that the transaction is in: the same block again once it is final, or another one after a fork.
    /// `None` after the final one. Fails if the call failed or the transaction was lost.
    pub async fn next(&mut self) -> Result<Option<Inclusion>> {
        loop {
            match self.step().await? {
                None => return Ok(None),
                Some(Step::Included(inclusion)) => return Ok(Some(inclusion)),
                Some(Step::Retracted) => continue,
                Some(Step::Lost(name, message)) => return Err(lost(name, message)),
            }
        }
    }

    /// Waits until the transaction is in a final block.
    pub async fn finalized(&mut self) -> Result<Inclusion> {
        while let Some(inclusion) = self.next().await? {
            if inclusion.finalized {
                return Ok(inclusion);
            }
        }
        Err(lost("TransactionLost", "the node stopped reporting on the transaction"))
    }

    async fn step(&mut self) -> Result<Option<Step>> {
        use TransactionStatus::*;
        while self.unread.is_none() {
            if self.over {
                return Ok(None);
            }
            let Some(status) = self.statuses.next().await else { return Ok(None) };
            match status.map_err(errors::rpc)? {
                Ready | Broadcast(_) => {}
                Future => self.chain.progress().tell("waiting for earlier transactions of this account"),
                Retracted(_) => return Ok(Some(Step::Retracted)),
                InBlock(block) => self.unread = Some((block, false)),
                Finalized(block) => {
                    self.over = true;
                    self.unread = Some((block, true));
                }
                FinalityTimeout(_) => {
                    return Ok(Some(self.lost("FinalityTimeout", "its block was not finalized in time")))
                }
                Usurped(_) => return Ok(Some(self.lost("TransactionUsurped", "another one took its nonce"))),
                Dropped => return Ok(Some(self.lost("TransactionDropped", "the node's pool is full"))),
                Invalid => return Ok(Some(self.lost("TransactionInvalid", "it became invalid while it waited"))),
            }
        }
        let Some((block, finalized)) = self.unread else { return Ok(None) };
        let inclusion = self.included(block, finalized).await?;
        self.unread = None;
        Ok(Some(Step::Included(inclusion)))
    }

    fn lost(&mut self, name: &'static str, message: &'static str) -> Step {
        self.over = true;
        Step::Lost(name, message)
    }

    /// Reads the transaction's events in a block; fails with the call's error if it failed.
    async fn included(&self, block: Hash, finalized: bool) -> Result<Inclusion> {
        let at = self.chain.at(H256(block.0)).await?;
        let index = self.index_in(block).await?.ok_or_else(|| {
            Error::new(
                "TransactionLost",
                format!("the node says that block {block:?} has the transaction, but it has not"),
            )
        })?;
        let all = at.events().fetch().await.map_err(errors::subxt)?;
        let mut events = Vec::new();
        for event in all.iter() {
            let event = event.map_err(errors::subxt)?;
            if event.phase() != Phase::ApplyExtrinsic(index) {
                continue;
            }
            if event.pallet_name() == "System" && event.event_name() == "ExtrinsicFailed" {
                return Err(errors::dispatch(event.field_bytes(), at.metadata()));
            }
            events.push(Event {
                pallet: event.pallet_name().to_owned(),
                name: event.event_name().to_owned(),
                fields: event.field_bytes().to_vec(),
            });
        }
        Ok(Inclusion { block: H256(block.0), number: number(&at), finalized, events })
    }

    /// The transaction's place in a block.
    async fn index_in(&self, block: Hash) -> Result<Option<u32>> {
        let block = self.chain.methods().chain_get_block(Some(block)).await.map_err(errors::rpc)?;
        let position =
            block.and_then(|details| details.block.extrinsics.iter().position(|extrinsic| extrinsic.0 == self.encoded));
        Ok(position.and_then(|position| u32::try_from(position).ok()))
    }

    /// Whether the nonce is used up on the final chain by another transaction: this one can never be included.
    async fn is_replaced(&self) -> Result<bool> {
        loop {
            let (head, height) = self.chain.finalized().await?;
            let at = self.chain.at(head).await?;
            if at.tx().account_nonce(&self.account).await.map_err(errors::subxt)? > self.nonce {
                for height in self.signed_at..=height {
                    let number = subxt::rpcs::methods::legacy::NumberOrHex::Number(height.into());
                    let hash = self.chain.methods().chain_get_block_hash(Some(number)).await.map_err(errors::rpc)?;
                    if let Some(hash) = hash {
                        if self.index_in(hash).await?.is_some() {
                            return Ok(false);
                        }
                    }
                }
                return Ok(true);
            }
            if u64::from(height) > u64::from(self.signed_at) + MORTALITY {
                return Ok(true);
            }
            let mut blocks = self.chain.client().stream_blocks().await.map_err(errors::subxt)?;
            if blocks.next().await.transpose().map_err(errors::subxt)?.is_none() {
                return Ok(false);
            }
        }
    }
}

fn lost(name: &str, message: &str) -> Error {
    Error::new(name, format!("the transaction was lost: {message}"))
        .hint("see 'strike account balance' and 'strike job list' for what happened before you try again")
}

fn number(at: &AtBlock) -> BlockNumber {
    BlockNumber::try_from(at.block_number()).unwrap_or(BlockNumber::MAX)
}

impl Chain {
    /// Signs and submits a call, and waits until it is in a block and has succeeded. Whether that block becomes final is
    /// told by the [`Submission`].
    pub async fn submit(&self, call: &Call, signer: &sr25519::Pair) -> Result<(Submission, Inclusion)> {
        for attempt in 1..=NONCE_ATTEMPTS {
            let Some(mut submission) = self.send(call, signer).await? else {
                tokio::time::sleep(NONCE_PAUSE.saturating_mul(attempt.min(8))).await;
                continue;
            };
            loop {
                match submission.step().await? {
                    Some(Step::Included(inclusion)) => return Ok((submission, inclusion)),
                    Some(Step::Retracted) => continue,
                    Some(Step::Lost(name, message)) => {
                        if name == "TransactionDropped" || !submission.is_replaced().await? {
                            return Err(lost(name, message));
                        }
                        break;
                    }
                    None => return Err(lost("TransactionLost", "the node stopped reporting on it")),
                }
            }
        }
        let account = keys::account_of(signer);
        Err(Error::new("NonceContended", format!("others keep sending from {account}"))
            .hint("send from one place at a time, or from several accounts"))
    }

    /// Signs with the next nonce and hands the transaction to the node. `None` if somebody else took that nonce meanwhile.
    async fn send(&self, call: &Call, signer: &sr25519::Pair) -> Result<Option<Submission>> {
        let signer = PairSigner(signer);
        let at = self.client().at_current_block().await.map_err(errors::subxt)?;
        let payload = payload(&at, call)?;
        let account = signer.account_id();
        let nonce = self.methods().system_account_next_index(&account).await.map_err(errors::rpc)?;
        let params = SubstrateExtrinsicParamsBuilder::new()
            .nonce(nonce)
            .mortal_from_unchecked(MORTALITY, at.block_number(), at.block_hash())
            .build();
        let transaction = at
            .tx()
            .create_v4_signable_offline(&payload, params)
            .and_then(|mut signable| signable.sign(&signer))
            .map_err(errors::subxt)?;
        let encoded = transaction.encoded().to_vec();
        match self.methods().author_submit_and_watch_extrinsic(&encoded).await {
            Ok(statuses) => Ok(Some(Submission {
                chain: self.clone(),
                statuses,
                hash: H256(at.hasher().hash(&encoded).0),
                encoded,
                nonce,
                account,
                signed_at: number(&at),
                unread: None,
                over: false,
            })),
            Err(rpcs::Error::User(error)) => {
                let data = errors::data(&error);
                let stale = data.contains("outdated");
                match error.code {
                    code::TEMPORARILY_BANNED | code::ALREADY_IMPORTED | code::TOO_LOW_PRIORITY => Ok(None),
                    code::INVALID if stale => Ok(None),
                    code::INVALID if data.contains("pay some fees") => {
                        Err(Error::new("CannotPayFees", "the account cannot pay the transaction's fee").hint(
                            "'strike account balance' shows what it has; '--key alice' is endowed on local chains",
                        ))
                    }
                    code::INVALID => Err(Error::new("TransactionInvalid", format!("the node refused it: {data}"))),
                    code::IMMEDIATELY_DROPPED => {
                        Err(Error::new("TransactionDropped", "the node's pool is full").hint("try again later"))
                    }
                    _ => Err(errors::rpc(rpcs::Error::User(error))),
                }
            }
            Err(error) => Err(errors::rpc(error)),
        }
    }
}

fn incompatible(call: &Call, why: String) -> Error {
    Error::new("RuntimeIncompatible", format!("{}.{}: {why}", call.pallet, call.name))
        .hint("this command and the chain's runtime are of different versions")
}

/// The call with the indices that it has in the chain's metadata.
pub fn encoded(at: &AtBlock, call: &Call) -> Result<Vec<u8>> {
    let incompatible = |why: &str| incompatible(call, why.into());
    let pallet =
        at.metadata_ref().pallet_by_name(call.pallet).ok_or_else(|| incompatible("the chain has no such pallet"))?;
    let variant = pallet.call_variant_by_name(call.name).ok_or_else(|| incompatible("the pallet has no such call"))?;
    Ok([&[pallet.call_index(), variant.index], &call.args[..]].concat())
}

/// The call by the chain's own metadata. Refused unless the metadata reads the encoded arguments to the last byte.
fn payload(at: &AtBlock, call: &Call) -> Result<subxt::tx::DynamicPayload<subxt::ext::scale_value::Composite<()>>> {
    let incompatible = |why: String| incompatible(call, why);
    let bytes = encoded(at, call)?;
    let payload = at.tx().from_call_data_bytes(&bytes).map_err(|error| incompatible(error.to_string()))?;
    let encoded = at.tx().call_data(&payload).map_err(|error| incompatible(error.to_string()))?;
    if encoded != bytes {
        return Err(incompatible("its arguments have other types".into()));
    }
    Ok(payload)
}

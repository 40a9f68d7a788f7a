//! Signing and submitting calls, and watching what becomes of them.
//!
//! Several commands may send from one account at once: whoever finds its nonce taken signs again with the next one. That
//! happens only while nothing of the transaction can still be included, so no call is made twice.
//!
//! Every failure says what is known of the transaction: [`Error::fate`].

use crate::{
    calls::Call,
    client::{AtBlock, Chain},
    error::{Error, Result},
    errors,
    extrinsic::{find, index_in, outcome, Inclusion},
    fate::{Sent, MORTALITY},
    keys,
};
use sp_core::{sr25519, Pair};
use std::time::Duration;
use strike_primitives::{BlockNumber, H256};
use subxt::{
    config::{
        substrate::{AccountId32, MultiSignature, SubstrateExtrinsicParamsBuilder},
        Hasher,
    },
    rpcs::{self, client::RpcSubscription, methods::legacy::TransactionStatus, UserError},
    tx::Signer,
    SubstrateConfig,
};

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

/// A transaction on its way.
pub struct Submission {
    chain: Chain,
    statuses: RpcSubscription<TransactionStatus<Hash>>,
    encoded: Vec<u8>,
    sent: Sent,
    /// A block that has the transaction and was not read yet, and whether it is final. Kept here so that nothing is lost
    /// when a caller drops the future that reads it.
    unread: Option<(Hash, bool)>,
    over: bool,
}

/// Where it goes.
enum Step {
    Included(Inclusion),
    Lost(Lost),
}

/// Why this node says nothing more of it.
enum Lost {
    /// Something else took its nonce, or it is not valid any longer. What the final chain says of it decides.
    Displaced(&'static str),
    /// This node knows it no longer; others may.
    Forgotten(&'static str),
}

impl Submission {
    /// The transaction.
    pub fn sent(&self) -> &Sent {
        &self.sent
    }

    /// Hash of the transaction.
    pub fn hash(&self) -> H256 {
        self.sent.hash
    }

    /// The next block that the transaction is in: the same block again once it is final, or another one after a fork.
    /// `None` after the final one. Fails if the call failed in a final block, or if what becomes of the transaction is not
    /// known.
    pub async fn next(&mut self) -> Result<Option<Inclusion>> {
        match self.step().await? {
            None => Ok(None),
            Some(Step::Included(inclusion)) => Ok(Some(inclusion)),
            Some(Step::Lost(Lost::Displaced(why) | Lost::Forgotten(why))) => Err(lost(why).unknown(&self.sent)),
        }
    }

    /// Waits until the transaction is in a final block.
    pub async fn finalized(&mut self) -> Result<Inclusion> {
        while let Some(inclusion) = self.next().await? {
            if inclusion.finalized {
                return Ok(inclusion);
            }
        }
        Err(lost("the node stopped reporting on it").unknown(&self.sent))
    }

    /// The first block in which the transaction succeeded. `None` if it is in no block and never will be.
    async fn first(&mut self) -> Result<Option<Inclusion>> {
        match self.step().await? {
            Some(Step::Included(inclusion)) => Ok(Some(inclusion)),
            Some(Step::Lost(Lost::Displaced(_))) => {
                let decided = self.decided().await;
                decided.map_err(|error| error.unknown(&self.sent))
            }
            Some(Step::Lost(Lost::Forgotten(why))) => Err(lost(why).unknown(&self.sent)),
            None => Err(lost("the node stopped reporting on it").unknown(&self.sent)),
        }
    }

    /// As [`Self::read`], whose every failure comes behind the sending.
    async fn step(&mut self) -> Result<Option<Step>> {
        let read = self.read().await;
        read.map_err(|error| error.unknown(&self.sent))
    }

    async fn read(&mut self) -> Result<Option<Step>> {
        loop {
            while self.unread.is_none() {
                if self.over {
                    return Ok(None);
                }
                let status = match tokio::time::timeout(self.chain.patience().quiet, self.statuses.next()).await {
                    Ok(Some(status)) => status.map_err(errors::rpc)?,
                    Ok(None) => return Err(errors::cut_off()),
                    Err(_) => {
                        self.chain.answers().await?;
                        continue;
                    }
                };
                if let Some(lost) = self.take(status) {
                    self.over = true;
                    return Ok(Some(Step::Lost(lost)));
                }
            }
            let Some((block, finalized)) = self.unread else { return Ok(None) };
            let read = self.in_block(H256(block.0), finalized).await?;
            self.unread = None;
            match read {
                Ok(inclusion) => return Ok(Some(Step::Included(inclusion))),
                Err(error) if finalized => return Err(error.failed(&self.sent)),
                // After a fork it may do better in another block.
                Err(error) => {
                    self.chain.progress().tell(format!("the call failed: {error}; waiting until that is final"));
                }
            }
        }
    }

    /// Notes a status; says if it is the last one.
    fn take(&mut self, status: TransactionStatus<Hash>) -> Option<Lost> {
        use TransactionStatus::*;
        match status {
            Ready | Broadcast(_) | Retracted(_) => {}
            Future => self.chain.progress().tell("waiting for earlier transactions of this account"),
            InBlock(block) => self.unread = Some((block, false)),
            Finalized(block) => {
                self.over = true;
                self.unread = Some((block, true));
            }
            FinalityTimeout(_) => return Some(Lost::Forgotten("its block was not finalized in time")),
            Dropped => return Some(Lost::Forgotten("the node's pool is full")),
            Usurped(_) => return Some(Lost::Displaced("another one took its nonce")),
            Invalid => return Some(Lost::Displaced("it became invalid while it waited")),
        }
        None
    }

    /// What the transaction did in a block that the node says it is in, or why its call failed there.
    async fn in_block(&self, block: H256, finalized: bool) -> Result<std::result::Result<Inclusion, Error>> {
        let at = self.chain.at(block).await?;
        let index = index_in(&self.chain, block, |bytes| bytes == self.encoded).await?;
        let index = index.ok_or_else(|| lost(&format!("the node says that block {block:?} has it, but it has not")))?;
        let events = outcome(&at, index).await?;
        Ok(events.map(|events| Inclusion { sent: self.sent.clone(), block, number: number(&at), finalized, events }))
    }

    /// Waits until final blocks say what became of the transaction: its block, or that it never comes into one, because its
    /// nonce is used up or its time is over.
    async fn decided(&self) -> Result<Option<Inclusion>> {
        let account = AccountId32(*self.sent.account.as_ref());
        let mut blocks = self.chain.client().stream_blocks().await.map_err(errors::subxt)?;
        loop {
            let (head, height) = self.chain.finalized().await?;
            let used = self.chain.at(head).await?.tx().account_nonce(&account).await.map_err(errors::subxt)?;
            if used > self.sent.nonce || height > self.sent.last_block() {
                let heights = self.sent.signed_at..=height.min(self.sent.last_block());
                let place = find(&self.chain, heights, |bytes| bytes == self.encoded).await?;
                let Some(place) = place else { return Ok(None) };
                let found = self.in_block(place.block, true).await?;
                return found.map(Some).map_err(|error| error.failed(&self.sent));
            }
            match tokio::time::timeout(self.chain.patience().quiet, blocks.next()).await {
                Ok(Some(block)) => {
                    block.map_err(errors::subxt)?;
                }
                Ok(None) => return Err(errors::cut_off()),
                Err(_) => self.chain.answers().await?,
            }
        }
    }
}

fn lost(why: &str) -> Error {
    Error::new("TransactionLost", why)
}

fn number(at: &AtBlock) -> BlockNumber {
    BlockNumber::try_from(at.block_number()).unwrap_or(BlockNumber::MAX)
}

impl Chain {
    /// Signs and submits a call, and waits until it is in a block and has succeeded. Whether that block becomes final is
    /// told by the [`Submission`].
    ///
    /// A failure says whether the call may have been made all the same: [`Error::fate`]. A call that failed is told once
    /// that is final.
    pub async fn submit(&self, call: &Call, signer: &sr25519::Pair) -> Result<(Submission, Inclusion)> {
        for attempt in 1..=NONCE_ATTEMPTS {
            match self.send(call, signer).await? {
                Some(mut submission) => {
                    if let Some(inclusion) = submission.first().await? {
                        return Ok((submission, inclusion));
                    }
                }
                None => tokio::time::sleep(NONCE_PAUSE.saturating_mul(attempt.min(8))).await,
            }
        }
        let account = keys::account_of(signer);
        Err(Error::new("NonceContended", format!("others keep sending from {account}"))
            .hint("send from one place at a time, or from several accounts"))
    }

    /// Signs with the next nonce and hands the transaction to the node. `None` if somebody else took that nonce meanwhile.
    async fn send(&self, call: &Call, signer: &sr25519::Pair) -> Result<Option<Submission>> {
        let (account, signer) = (keys::account_of(signer), PairSigner(signer));
        let at = self.client().at_current_block().await.map_err(errors::subxt)?;
        let payload = payload(&at, call)?;
        let next = self.methods().system_account_next_index(&signer.account_id()).await;
        let nonce = next.map_err(errors::rpc)?;
        let params = SubstrateExtrinsicParamsBuilder::new()
            .nonce(nonce)
            .mortal_from_unchecked(MORTALITY.into(), at.block_number(), at.block_hash())
            .build();
        let transaction = at
            .tx()
            .create_v4_signable_offline(&payload, params)
            .and_then(|mut signable| signable.sign(&signer))
            .map_err(errors::subxt)?;
        let encoded = transaction.encoded().to_vec();
        let sent = Sent { hash: H256(at.hasher().hash(&encoded).0), account, nonce, signed_at: number(&at) };
        let patience = self.patience().quiet.saturating_add(self.patience().answer);
        let answer = tokio::time::timeout(patience, self.methods().author_submit_and_watch_extrinsic(&encoded)).await;
        match answer {
            Ok(Ok(statuses)) => {
                Ok(Some(Submission { chain: self.clone(), statuses, encoded, sent, unread: None, over: false }))
            }
            Ok(Err(rpcs::Error::User(error))) => refused(error),
            // No answer: the node may have taken it.
            Ok(Err(error)) => Err(errors::rpc(error).unknown(&sent)),
            Err(_) => Err(errors::silent(patience).unknown(&sent)),
        }
    }
}

/// The node took no transaction: `None` because its nonce was taken, or an error.
fn refused(error: UserError) -> Result<Option<Submission>> {
    let data = errors::data(&error);
    match error.code {
        code::TEMPORARILY_BANNED | code::ALREADY_IMPORTED | code::TOO_LOW_PRIORITY => Ok(None),
        code::INVALID if data.contains("outdated") => Ok(None),
        code::INVALID if data.contains("pay some fees") => {
            Err(Error::new("CannotPayFees", "the account cannot pay the transaction's fee")
                .hint("'strike account balance' shows what it has; '--key alice' is endowed on local chains"))
        }
        code::INVALID => Err(Error::new("TransactionInvalid", format!("the node refused it: {data}"))),
        code::IMMEDIATELY_DROPPED => {
            Err(Error::new("TransactionDropped", "the node's pool is full").hint("try again later"))
        }
        _ => Err(errors::rpc(rpcs::Error::User(error))),
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

//! Somebody who holds an app key and runs no honest node: signs and sends what an honest one never would.

use crate::transactions::{authorized, send};
use codec::{Decode, Encode};
use pallet_verification::{types::Refusal, Call};
use sp_core::{sr25519, Pair};
use sp_runtime::transaction_validity::InvalidTransaction;
use strike_chain::{calls, keys, Chain};
use strike_primitives::{
    api::{CheckDuty, Duty, DutyCursor, DutyPage, ProvideDuty},
    app::{proof_of_possession_payload, AppKey},
    artifact::ArtifactId,
    commitment::{commit_payload, job_root, AttemptBinding, Commitment, CommitmentV1, StopReason},
    verdict::{reveal_payload, seal_payload, AssignmentProof, AuditRef, RevealedVerdict, SealedVerdict, Verdict},
    AccountId, Attempt, JobId, H256, TOKEN,
};
use strike_runtime::Runtime;

/// Blocks by which a pool may be behind.
const BEHIND: usize = 4;

/// What the pool answered: nothing, or why it refuses.
pub type Answer = Result<(), InvalidTransaction>;

/// The refusal as the pool says it.
pub fn refused(refusal: Refusal) -> Answer {
    Err(refusal.into())
}

/// An account whose app key is its own key, as those of the development accounts are.
pub struct KeyHolder {
    chain: Chain,
    pair: sr25519::Pair,
    /// Its account.
    pub account: AccountId,
}

impl KeyHolder {
    /// The holder of a key, who talks to the chain over a connection.
    pub fn new(key: &str, chain: &Chain) -> Self {
        let pair = keys::key_pair(key).unwrap_or_else(|error| panic!("{error}"));
        let account = keys::account_of(&pair);
        Self { chain: chain.clone(), pair, account }
    }

    /// Makes a provider of it that says it has these models, with money of `patron`: 1,000 tokens of bond, and as much to spend.
    /// Returns when that is final.
    pub async fn register(&self, patron: &str, models: &[ArtifactId]) {
        let patron = keys::key_pair(patron).unwrap_or_else(|error| panic!("{error}"));
        let transfer = calls::transfer(&self.account, 2_000 * TOKEN);
        self.chain.submit(&transfer, &patron).await.unwrap_or_else(|error| panic!("{error}"));
        let proof = self.sign(&proof_of_possession_payload(&self.chain.genesis(), &self.account));
        let none: &[AccountId] = &[];
        let register = calls::register_provider(1_000 * TOKEN, &self.app_key(), &proof, models, none);
        self.send(&register).await;
    }

    /// Sends a call of its own; returns when it is final.
    pub async fn send(&self, call: &calls::Call) {
        let sent = self.chain.submit(call, &self.pair).await;
        let (mut submission, _) = sent.unwrap_or_else(|error| panic!("{error}"));
        submission.finalized().await.unwrap_or_else(|error| panic!("{error}"));
    }

    /// Signs as the app key.
    pub fn sign(&self, payload: &[u8]) -> sr25519::Signature {
        self.pair.sign(payload)
    }

    /// The app key.
    pub fn app_key(&self) -> AppKey {
        self.pair.public().into()
    }

    /// Waits for the next best block.
    pub async fn next_block(&self) {
        let mut blocks = self.chain.client().stream_best_blocks().await.expect("a node streams blocks");
        // The first one that comes is the one that is there.
        for _ in 0..2 {
            blocks.next().await.expect("the stream goes on").expect("a block");
        }
    }

    /// Sends until the pool answers as expected. It judges by a block that may be some behind the best one, so for a few blocks it
    /// may still refuse for another reason; taking what should be refused is a failure at once.
    pub async fn expect(&self, expected: Answer, send: impl AsyncFn() -> Answer) {
        for _ in 0..BEHIND {
            let answer = send().await;
            if answer == expected {
                return;
            }
            assert!(answer.is_err(), "the pool took what it should refuse: {expected:?}");
            self.next_block().await;
        }
        assert_eq!(send().await, expected);
    }

    /// As of the final block: seeds and beacons that only the best block knows may be others after a reorganization.
    async fn duties(&self) -> Vec<Duty> {
        let block = self.chain.methods().chain_get_finalized_head().await.expect("the node answers");
        let (mut duties, mut after) = (Vec::new(), None::<DutyCursor>);
        loop {
            let page: DutyPage = self.ask("duty_heads", (vec![self.app_key()], after, u32::MAX), block).await;
            for head in page.heads {
                let duty: Option<Duty> = self.ask("duty", (self.app_key(), head.kind, head.job), block).await;
                duties.extend(duty);
            }
            after = page.next;
            if after.is_none() {
                return duties;
            }
        }
    }

    /// What the runtime answers at a block.
    async fn ask<Answer: Decode>(&self, method: &str, arguments: impl Encode, block: H256) -> Answer {
        let (method, arguments) = (format!("StrikeApi_{method}"), arguments.encode());
        let bytes = self.chain.methods().state_call(&method, Some(&arguments), Some(block)).await;
        Answer::decode(&mut &bytes.expect("the node answers")[..]).expect("the runtime answers as the API says")
    }

    /// The commitments that it owes, by the final block.
    pub async fn to_provide(&self) -> Vec<ProvideDuty> {
        let duties = self.duties().await.into_iter();
        duties.filter_map(|duty| if let Duty::Provide(duty) = duty { Some(duty) } else { None }).collect()
    }

    /// The verdicts that it owes, by the final block.
    pub async fn to_check(&self) -> Vec<CheckDuty> {
        let duties = self.duties().await.into_iter();
        duties.filter_map(|duty| if let Duty::Check(duty) = duty { Some(duty) } else { None }).collect()
    }

    /// Commits, with its own signature.
    pub async fn commit(&self, job: JobId, attempt: Attempt, commitment: &Commitment) -> Answer {
        let signature = self.sign(&commit_payload(&self.chain.genesis(), job, attempt, commitment)).into();
        let call = Call::<Runtime>::commit { job, attempt, commitment: commitment.clone(), signature };
        send(&self.chain, &authorized(call.into())).await
    }

    /// Seals what `revealed` opens, signed for the chain with this genesis.
    pub async fn seal(&self, revealed: &RevealedVerdict, genesis: &H256) -> Answer {
        let sealed = SealedVerdict {
            audit: revealed.audit.clone(),
            validator: revealed.validator.clone(),
            assignment: AssignmentProof::All,
            seal: revealed.seal(genesis),
        };
        let signature = self.sign(&seal_payload(genesis, &sealed)).into();
        send(&self.chain, &authorized(Call::<Runtime>::seal { sealed, signature }.into())).await
    }

    /// Reveals a verdict.
    pub async fn reveal(&self, revealed: &RevealedVerdict) -> Answer {
        let signature = self.sign(&reveal_payload(&self.chain.genesis(), revealed)).into();
        send(&self.chain, &authorized(Call::<Runtime>::reveal { revealed: revealed.clone(), signature }.into())).await
    }

    /// A verdict of its own, made without running anything.
    pub fn verdict(&self, audit: &AuditRef, verdict: Verdict) -> RevealedVerdict {
        let work_tag = matches!(verdict, Verdict::Valid { .. }).then(|| H256::repeat_byte(7));
        let (audit, validator) = (audit.clone(), self.account.clone());
        RevealedVerdict { audit, validator, verdict, work_tag, salt: H256::repeat_byte(9) }
    }
}

/// A commitment to somebody else's result, bound as if it were the own one.
pub fn bound(result: &CommitmentV1, binding: &AttemptBinding) -> Commitment {
    let CommitmentV1 { out_root, trace_root, n_in, n_out, stop, .. } = result.clone();
    let job_root = job_root(binding, &out_root, &trace_root, n_in, n_out, stop);
    Commitment::V1(CommitmentV1 { job_root, out_root, trace_root, n_in, n_out, stop })
}

/// A result that nobody has computed.
pub fn made_up() -> CommitmentV1 {
    CommitmentV1 {
        job_root: H256::zero(),
        out_root: H256::repeat_byte(1),
        trace_root: Some(H256::repeat_byte(2)),
        n_in: 1,
        n_out: 1,
        stop: StopReason::EndOfText,
    }
}

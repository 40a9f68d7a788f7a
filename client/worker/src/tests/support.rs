//! Duties, storage and executors to test with.

use crate::{
    chain::mailbox::Entry,
    engine::execute::{ExecuteError, Executor, Outcome},
    metrics::Metrics,
    runs::runner::Runner,
};
use parking_lot::Mutex;
use sp_core::{
    offchain::{storage::InMemOffchainStorage, OffchainStorage},
    H256,
};
use sp_keystore::{testing::MemoryKeystore, Keystore, KeystorePtr};
use std::sync::Arc;
use strike_blobs::{BlobStore, Limits};
use strike_inference::Control;
use strike_primitives::{
    api::{CheckDuty, Duty, ProvideDuty},
    app::{AppKey, APP_KEY_TYPE},
    artifact::{output_bytes, output_bytes_root, ArtifactId, ArtifactKind},
    commitment::{job_root, AttemptBinding, Commitment, CommitmentV1, StopReason},
    job::{spec_hash, Generate, Input, Sampler, VerificationClass, WorkSpec},
    verdict::{AuditRef, Verdict},
    AccountId, BlockNumber, JobId,
};

pub const CLASS: VerificationClass = VerificationClass::Statistical;
pub const MODEL: ArtifactId = ArtifactId { kind: ArtifactKind::Bundle, root: H256([9; 32]) };

pub fn work(prompt: &str) -> WorkSpec {
    WorkSpec::Generate(Generate {
        input: Input::Plain(prompt.as_bytes().to_vec().try_into().unwrap()),
        sampler: Sampler::GREEDY,
        max_input_tokens: 100,
        max_output_tokens: 8,
        stop: Default::default(),
    })
}

pub fn binding(job: JobId, work: &WorkSpec) -> AttemptBinding {
    AttemptBinding {
        genesis: H256([1; 32]),
        job,
        attempt: 0,
        provider: AccountId::new([2; 32]),
        spec_hash: spec_hash(work, &MODEL, CLASS),
        seed: H256::from_low_u64_be(job),
    }
}

pub fn key() -> AppKey {
    sp_core::sr25519::Public::from_raw([3; 32]).into()
}

pub fn provide_for(key: AppKey, job: JobId, assigned_at: BlockNumber, deadline: BlockNumber) -> ProvideDuty {
    let work = work("once");
    ProvideDuty { key, binding: binding(job, &work), model: MODEL, class: CLASS, work, assigned_at, deadline }
}

pub fn provide(job: JobId, assigned_at: BlockNumber, deadline: BlockNumber) -> Duty {
    Duty::Provide(provide_for(key(), job, assigned_at, deadline))
}

/// The commitment of a provider that got `outcome`.
pub fn commitment(binding: &AttemptBinding, outcome: &Outcome) -> CommitmentV1 {
    let out_root = output_bytes_root(&outcome.output);
    let Outcome { n_in, n_out, stop, .. } = *outcome;
    let job_root = job_root(binding, &out_root, &None, n_in, n_out, stop);
    CommitmentV1 { job_root, out_root, trace_root: None, n_in, n_out, stop }
}

pub fn check_for(key: AppKey, job: JobId, claim: CommitmentV1) -> CheckDuty {
    let work = work("once");
    let commitment = Commitment::V1(claim);
    CheckDuty {
        key,
        validator: AccountId::new([4; 32]),
        audit: AuditRef { job, attempt: 0, commitment: commitment.hash(), beacon_block: 6 },
        beacon: H256([5; 32]),
        binding: binding(job, &work),
        model: MODEL,
        class: CLASS,
        work,
        commitment,
        committed_at: 5,
        deadline: 50,
    }
}

pub fn outcome() -> Outcome {
    Outcome {
        output: output_bytes(&[10, 11, 12]),
        n_in: 4,
        n_out: 3,
        stop: StopReason::EndOfText,
        text: "there was a".into(),
        trace: None,
    }
}

/// Off-chain storage whose clones are the same storage, as a node's are.
#[derive(Clone, Default)]
pub struct SharedStorage(pub Arc<Mutex<InMemOffchainStorage>>);

impl OffchainStorage for SharedStorage {
    fn set(&mut self, prefix: &[u8], key: &[u8], value: &[u8]) {
        self.0.lock().set(prefix, key, value)
    }
    fn remove(&mut self, prefix: &[u8], key: &[u8]) {
        self.0.lock().remove(prefix, key)
    }
    fn get(&self, prefix: &[u8], key: &[u8]) -> Option<Vec<u8>> {
        self.0.lock().get(prefix, key)
    }
    fn compare_and_set(&mut self, prefix: &[u8], key: &[u8], old: Option<&[u8]>, new: &[u8]) -> bool {
        self.0.lock().compare_and_set(prefix, key, old, new)
    }
}

/// An executor made of a function.
pub struct Fake<F>(pub F);

impl<F> Executor for Fake<F>
where
    F: Fn(&WorkSpec, &Control) -> Result<Outcome, ExecuteError> + Send + Sync,
{
    fn run(
        &self,
        _model: &ArtifactId,
        _class: VerificationClass,
        work: &WorkSpec,
        _seed: &H256,
        control: &Control,
    ) -> Result<Outcome, ExecuteError> {
        (self.0)(work, control)
    }
}

pub fn always(outcome: Outcome) -> Arc<dyn Executor> {
    Arc::new(Fake(move |_: &WorkSpec, _: &Control| Ok(outcome.clone())))
}

/// A runner that has no blobs but its own, and counts for itself.
pub fn runner(
    provide: Arc<dyn Executor>,
    check: Arc<dyn Executor>,
    keystore: KeystorePtr,
    blobs: Arc<BlobStore>,
) -> Runner {
    Runner { provide, check, keystore, blobs, unsaved: Arc::default(), metrics: Metrics::new(None).unwrap() }
}

/// The verdict of a check.
pub fn verdict(entry: &Entry) -> Verdict {
    match entry {
        Entry::Verdict(verdict) => verdict.verdict,
        Entry::Commitment(_) => panic!("a check finds"),
    }
}

pub fn keystore() -> (KeystorePtr, AppKey) {
    let keystore = MemoryKeystore::new();
    let key = keystore.sr25519_generate_new(APP_KEY_TYPE, None).unwrap();
    (Arc::new(keystore), key.into())
}

pub fn blobs() -> (tempfile::TempDir, Arc<BlobStore>) {
    let dir = tempfile::tempdir().unwrap();
    let store = BlobStore::open(dir.path(), Limits::default()).unwrap();
    (dir, Arc::new(store))
}

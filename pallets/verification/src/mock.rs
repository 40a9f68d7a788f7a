//! A runtime around the pallet, with fakes of the pallets it knows by their traits.

use crate as pallet_verification;
use crate::{types::KeySet, weights::SubstrateWeight};
use codec::Decode;
use frame_support::{
    derive_impl, parameter_types,
    traits::{Authorize, Get, Hooks, OneSessionHandler},
    weights::{Weight, WeightMeter},
};
use frame_system::RawOrigin;
pub use pallet_fakes::*;
use parking_lot::RwLock;
use sp_core::{
    offchain::{
        testing::{OffchainState, TestOffchainExt},
        OffchainDbExt, OffchainWorkerExt, TransactionPool, TransactionPoolExt,
    },
    Pair,
};
use sp_keystore::{testing::MemoryKeystore, Keystore, KeystoreExt};
use sp_runtime::{
    traits::{BlakeTwo256, Dispatchable, IdentityLookup},
    transaction_validity::{TransactionSource, TransactionValidityError, ValidTransaction},
    BuildStorage, Perbill,
};
use std::sync::Arc;
use strike_primitives::{
    api::{Duty, DutyPage},
    app::{AppKey, AppPair, APP_KEY_TYPE},
    artifact::{output_root, ArtifactId, ArtifactKind},
    commitment::{commit_payload, job_root, Commitment, CommitmentV1, StopReason},
    embedding::encode_texts,
    job::{Embed, Generate, Input, Sampler, VerificationClass, WorkSpec},
    traits::{AssignedJob, AuditOutcome},
    verdict::{reveal_payload, seal_payload, AssignmentProof, AuditRef, RevealedVerdict, SealedVerdict, Verdict},
    AccountId, Attempt, JobId, H256,
};

type TxExtension = frame_system::AuthorizeCall<Test>;
pub type Extrinsic = sp_runtime::testing::TestXt<RuntimeCall, TxExtension>;
type Block = sp_runtime::generic::Block<sp_runtime::generic::Header<u32, BlakeTwo256>, Extrinsic>;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Verification: pallet_verification,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type AccountId = AccountId;
    type Block = Block;
    type Lookup = IdentityLookup<AccountId>;
    type Hash = H256;
    type Hashing = BlakeTwo256;
}

parameter_types! {
    pub static SealPeriod: u32 = 20;
    pub static SealGrace: u32 = 3;
    pub static RevealPeriod: u32 = 10;
    pub const BeaconHistory: u32 = 60;
    pub const HookShare: Perbill = Perbill::from_percent(25);
    pub static AttestationShare: Perbill = Perbill::from_percent(50);
    pub const AttestationOverhead: Weight = Weight::from_parts(1_000_000, 0);
    pub const UnsignedPriority: u64 = 1 << 20;
    pub const ResendAfter: u32 = 4;

    /// Which fork the authors' outputs are of.
    pub static Fork: u64 = 0;
}

/// The block authors' outputs.
pub struct Authors;

impl Get<Option<H256>> for Authors {
    fn get() -> Option<H256> {
        let block = u64::from(System::block_number()).checked_sub(1)?;
        (block > 0).then(|| H256::from_low_u64_be(block + 1_000_000 * Fork::get()))
    }
}

impl crate::Config for Test {
    type Providers = FakeRegistry;
    type Assignments = FakeMarket;
    type OnVerdict = FakeMarket;
    type Clock = FakeClock<Test>;
    type AuthorRandomness = Authors;
    type SealPeriod = SealPeriod;
    type SealGrace = SealGrace;
    type RevealPeriod = RevealPeriod;
    type BeaconHistory = BeaconHistory;
    type HookShare = HookShare;
    type AttestationShare = AttestationShare;
    type AttestationOverhead = AttestationOverhead;
    type UnsignedPriority = UnsignedPriority;
    type ResendAfter = ResendAfter;
    type WeightInfo = SubstrateWeight<Test>;
}

impl<LocalCall> frame_system::offchain::CreateTransactionBase<LocalCall> for Test
where
    RuntimeCall: From<LocalCall>,
{
    type RuntimeCall = RuntimeCall;
    type Extrinsic = Extrinsic;
}

impl<LocalCall> frame_system::offchain::CreateTransaction<LocalCall> for Test
where
    RuntimeCall: From<LocalCall>,
{
    type Extension = TxExtension;
    fn create_transaction(call: RuntimeCall, extension: Self::Extension) -> Extrinsic {
        Extrinsic::new_transaction(call, extension)
    }
}

impl<LocalCall> frame_system::offchain::CreateAuthorizedTransaction<LocalCall> for Test
where
    RuntimeCall: From<LocalCall>,
{
    fn create_extension() -> Self::Extension {
        TxExtension::new()
    }
}

/// Somebody with an account and an app key.
#[derive(Clone)]
pub struct Actor {
    pub account: AccountId,
    pub pair: AppPair,
    pub name: String,
}

pub fn actor(name: &str) -> Actor {
    let pair = AppPair::from_string(name, None).unwrap();
    Actor { account: AccountId::new(sp_io::hashing::blake2_256(name.as_bytes())), pair, name: name.into() }
}

impl Actor {
    pub fn key(&self) -> AppKey {
        self.pair.public()
    }
}

pub fn validator(index: usize) -> Actor {
    actor(&format!("//Validator{index}"))
}

pub fn provider() -> Actor {
    actor("//Provider")
}

/// What was submitted, and whether the pool takes more.
#[derive(Default)]
pub struct PoolState {
    pub transactions: Vec<Vec<u8>>,
    pub refuses: bool,
}

struct Pool(Arc<RwLock<PoolState>>);

impl TransactionPool for Pool {
    fn submit_transaction(&mut self, extrinsic: Vec<u8>) -> Result<(), ()> {
        let mut state = self.0.write();
        if state.refuses {
            return Err(());
        }
        state.transactions.push(extrinsic);
        Ok(())
    }
}

/// The node's side in tests of the off-chain worker.
pub struct Node {
    pub offchain: Arc<RwLock<OffchainState>>,
    pub pool: Arc<RwLock<PoolState>>,
}

impl Node {
    /// Let the off-chain worker run on the last block; returns what it submitted.
    pub fn run(&self) -> Vec<RuntimeCall> {
        Verification::offchain_worker(System::block_number());
        let submitted = std::mem::take(&mut self.pool.write().transactions);
        submitted.into_iter().map(|bytes| Extrinsic::decode(&mut &bytes[..]).unwrap().function).collect()
    }

    /// Whether something lies under a key of the node's storage.
    pub fn stored(&self, key: &[u8]) -> bool {
        self.offchain.read().persistent_storage.get(key).is_some()
    }
}

pub struct ExtBuilder {
    validators: usize,
    keystore: Vec<Actor>,
}

impl Default for ExtBuilder {
    fn default() -> Self {
        Self { validators: 4, keystore: Vec::new() }
    }
}

impl ExtBuilder {
    pub fn validators(mut self, count: usize) -> Self {
        self.validators = count;
        self
    }

    pub fn keystore(mut self, actors: &[Actor]) -> Self {
        self.keystore = actors.to_vec();
        self
    }

    pub fn execute(self, test: impl FnOnce()) {
        self.execute_on_node(|_| test())
    }

    /// Run a test from block 1 on; the pallet's invariants are checked at its end.
    pub fn execute_on_node(self, test: impl FnOnce(&Node)) {
        Fork::set(0);
        SealPeriod::set(20);
        AttestationShare::set(Perbill::from_percent(50));
        let storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
        let mut ext = sp_io::TestExternalities::from(storage);
        let (offchain, offchain_state) = TestOffchainExt::new();
        let pool = Arc::new(RwLock::new(PoolState::default()));
        let keystore = MemoryKeystore::new();
        for actor in &self.keystore {
            keystore.sr25519_generate_new(APP_KEY_TYPE, Some(&actor.name)).unwrap();
        }
        ext.register_extension(OffchainDbExt::new(offchain.clone()));
        ext.register_extension(OffchainWorkerExt::new(offchain));
        ext.register_extension(TransactionPoolExt::new(Pool(pool.clone())));
        ext.register_extension(KeystoreExt::new(keystore));
        let node = Node { offchain: offchain_state, pool };
        ext.execute_with(|| {
            AppKeys::set([(provider().account, provider().key())].into());
            let validators: Vec<_> = (0..self.validators).map(validator).collect();
            Verification::on_genesis_session(validators.iter().map(|it| (&it.account, it.key())));
            next_block();
            test(&node);
            Verification::do_try_state().unwrap();
        });
    }
}

/// Everything that `keys` owe, as a node reads it: page by page, then each in full. By job, and commitments first.
pub fn duties(keys: &[AppKey]) -> Vec<Duty> {
    let (mut duties, mut after) = (Vec::new(), None);
    loop {
        let DutyPage { heads, next } = Verification::duty_heads(keys, after, 2);
        duties.extend(heads.into_iter().map(|head| {
            let key = &keys[head.key as usize];
            ((head.job, head.kind), Verification::duty(key, head.kind, head.job).unwrap())
        }));
        after = next;
        if after.is_none() {
            break;
        }
    }
    duties.sort_by_key(|(order, _)| *order);
    duties.into_iter().map(|(_, duty)| duty).collect()
}

pub fn next_block() {
    next_block_with(Weight::MAX);
}

/// A block in which hooks get `weight`.
pub fn next_block_with(weight: Weight) {
    let number = System::block_number() + 1;
    System::set_block_number(number);
    Verification::on_initialize(number);
    let mut meter = WeightMeter::with_limit(weight);
    Verification::on_poll(number, &mut meter);
    assert!(meter.consumed().all_lte(weight));
}

pub fn run_to(block: u32) {
    while System::block_number() < block {
        next_block();
    }
}

pub fn run_for(blocks: u32) {
    run_to(System::block_number() + blocks);
}

/// Finality lags for so many blocks.
pub fn stand_still_for(blocks: u32) {
    FakeClock::<Test>::stand_still(|| run_for(blocks));
}

/// What the pool says of a call.
pub fn validate(call: impl Into<RuntimeCall>) -> Result<ValidTransaction, TransactionValidityError> {
    call.into().authorize(TransactionSource::External).unwrap().map(|(validity, _)| validity)
}

/// Put a call into the block, if it is valid.
pub fn include(call: impl Into<RuntimeCall>) -> Result<(), TransactionValidityError> {
    let call = call.into();
    validate(call.clone())?;
    call.dispatch(RawOrigin::Authorized.into()).unwrap();
    Ok(())
}

pub fn work() -> WorkSpec {
    WorkSpec::Generate(Generate {
        input: Input::Plain(b"Once".to_vec().try_into().unwrap()),
        sampler: Sampler::GREEDY,
        max_input_tokens: 16,
        max_output_tokens: 32,
        stop: Default::default(),
    })
}

/// Assign a job to the provider now.
pub fn assign(job: JobId) {
    assign_to(job, 0, &provider());
}

pub fn assign_to(job: JobId, attempt: Attempt, to: &Actor) {
    let now = System::block_number();
    let assigned = AssignedJob {
        attempt,
        provider: to.account.clone(),
        requester: AccountId::new([9; 32]),
        model: ArtifactId { kind: ArtifactKind::Bundle, root: H256::repeat_byte(7) },
        class: VerificationClass::Statistical,
        work: work(),
        assigned_at: now,
        period: 10,
        commit_deadline: now + 30,
        committed: false,
    };
    Assigned::mutate(|jobs| jobs.insert(job, assigned));
}

/// A commitment to five tokens read and three written, bound to the job's running attempt.
pub fn commitment(job: JobId) -> Commitment {
    commitment_with(job, |_| {})
}

/// The same, changed before it is bound.
pub fn commitment_with(job: JobId, change: impl FnOnce(&mut CommitmentV1)) -> Commitment {
    let mut it = CommitmentV1 {
        job_root: H256::zero(),
        out_root: output_root(&[1, 2, 3]),
        trace_root: None,
        n_in: 5,
        n_out: 3,
        stop: StopReason::EndOfText,
    };
    change(&mut it);
    let binding = Verification::binding(job).unwrap();
    it.job_root = job_root(&binding, &it.out_root, &it.trace_root, it.n_in, it.n_out, it.stop);
    Commitment::V1(it)
}

/// Makes an assigned job one of the exact class that embeds.
pub fn embed(job: JobId, max_input_tokens: u32) {
    let input = Input::Plain(encode_texts(&["Once", "twice"]).try_into().unwrap());
    let work = WorkSpec::Embed(Embed { input, max_input_tokens });
    be_exact(job);
    Assigned::mutate(|jobs| jobs.get_mut(&job).unwrap().work = work);
}

/// Makes the input of an assigned job a blob.
pub fn input_from_blob(job: JobId) {
    Assigned::mutate(|jobs| {
        let WorkSpec::Generate(work) = &mut jobs.get_mut(&job).unwrap().work else { panic!("not a generation") };
        work.input = Input::Blob { root: H256::repeat_byte(7), length: 100_000 };
    });
}

/// Makes an assigned job one of the exact class.
pub fn be_exact(job: JobId) {
    Assigned::mutate(|jobs| jobs.get_mut(&job).unwrap().class = VerificationClass::Exact);
}

/// As [`commitment`], with this end and this trace.
pub fn traced_commitment(job: JobId, stop: StopReason, trace_root: Option<H256>) -> Commitment {
    commitment_with(job, |it| {
        it.trace_root = trace_root;
        it.stop = stop;
        if stop.is_job_error() {
            it.n_out = 0;
        }
    })
}

/// A revealed verdict with a work tag.
pub fn tagged(audit: &AuditRef, by: &Actor, verdict: Verdict, tag: u8) -> RevealedVerdict {
    RevealedVerdict { work_tag: Some(H256([tag; 32])), ..revealed(audit, by, verdict) }
}

pub fn commit_call(job: JobId, attempt: Attempt, commitment: Commitment, by: &Actor) -> crate::Call<Test> {
    let payload = commit_payload(&Verification::genesis(), job, attempt, &commitment);
    crate::Call::commit { job, attempt, commitment, signature: by.pair.sign(&payload) }
}

/// A job that is assigned and committed now, two blocks before its audit's beacon is known.
pub fn committed(job: JobId) {
    assign(job);
    run_for(2);
    include(commit_call(job, 0, commitment(job), &provider())).unwrap();
}

/// A job whose audit takes seals.
pub fn sealing(job: JobId) -> AuditRef {
    committed(job);
    run_for(2);
    audit_ref(job)
}

pub fn audit_ref(job: JobId) -> AuditRef {
    crate::OpenAudits::<Test>::get(job).unwrap().reference(job)
}

pub const VALID: Verdict = Verdict::Valid { units: 8 };

pub fn revealed(audit: &AuditRef, by: &Actor, verdict: Verdict) -> RevealedVerdict {
    let salt = H256(sp_io::hashing::blake2_256(by.name.as_bytes()));
    RevealedVerdict { audit: audit.clone(), validator: by.account.clone(), verdict, work_tag: None, salt }
}

pub fn sealed(audit: &AuditRef, by: &Actor, verdict: Verdict) -> SealedVerdict {
    SealedVerdict {
        audit: audit.clone(),
        validator: by.account.clone(),
        assignment: AssignmentProof::All,
        seal: revealed(audit, by, verdict).seal(&Verification::genesis()),
    }
}

pub fn sign_seal(sealed: SealedVerdict, by: &Actor) -> crate::Call<Test> {
    let signature = by.pair.sign(&seal_payload(&Verification::genesis(), &sealed));
    crate::Call::seal { sealed, signature }
}

pub fn sign_reveal(revealed: RevealedVerdict, by: &Actor) -> crate::Call<Test> {
    let signature = by.pair.sign(&reveal_payload(&Verification::genesis(), &revealed));
    crate::Call::reveal { revealed, signature }
}

pub fn seal(audit: &AuditRef, by: &Actor, verdict: Verdict) -> Result<(), TransactionValidityError> {
    include(sign_seal(sealed(audit, by, verdict), by))
}

pub fn reveal(audit: &AuditRef, by: &Actor, verdict: Verdict) -> Result<(), TransactionValidityError> {
    include(sign_reveal(revealed(audit, by, verdict), by))
}

/// The outcome the market was told, which has to be the only one.
pub fn outcome() -> AuditOutcome {
    let mut outcomes = Outcomes::get();
    assert_eq!(outcomes.len(), 1, "one outcome");
    outcomes.remove(0).2
}

pub fn set_of(actors: &[Actor]) -> KeySet {
    let members = actors.iter().map(|it| crate::types::SessionValidator { account: it.account.clone(), key: it.key() });
    members.collect::<Vec<_>>().try_into().unwrap()
}

//! The methods on a runtime of canned answers; `jobs`, `blobs` and `panics` are the tests.

mod blobs;
mod jobs;
mod panics;

use super::*;
use codec::Encode;
use jsonrpsee::RpcModule;
use sc_rpc_api::DenyUnsafe;
use serde_json::json;
use sp_api::{ApiRef, ProvideRuntimeApi};
use sp_blockchain::{BlockStatus, Info};
use sp_runtime::{
    generic,
    traits::{BlakeTwo256, NumberFor},
    OpaqueExtrinsic,
};
use strike_blobs::{BlobStore, Limits, Quota, UploadLimits};
use strike_primitives::{
    api::{AskInfo, Costs, Duty, DutyCursor, DutyPage, JobPage, JobStatus, ModelInfo, ProviderInfo, Quote},
    app::AppKey,
    artifact::{file_root, output_bytes_root, output_root, ArtifactKind},
    commitment::{Commitment, CommitmentV1, StopReason},
    embedding::{encode_texts, vector_bytes},
    job::{Embed, Generate, JobOrderV1, Sampler, VerificationClass, WorkSpec},
    receipt::{CloseReason, Payment, PaymentRole, Receipt},
    verdict::Verdict,
    Balance,
};

type Block = generic::Block<generic::Header<u32, BlakeTwo256>, OpaqueExtrinsic>;

const PREFIX: u16 = 42;
const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const MODEL: ArtifactId = ArtifactId { kind: ArtifactKind::Bundle, root: H256([9; 32]) };
const TOKENS: [u32; 3] = [10, 11, 12];

fn alice() -> AccountId {
    parse_account(ALICE).unwrap()
}

fn order(prompt: &[u8]) -> JobOrder {
    JobOrder::V1(JobOrderV1 {
        work: WorkSpec::Generate(Generate {
            input: Input::Plain(prompt.to_vec().try_into().unwrap()),
            sampler: Sampler::GREEDY,
            max_input_tokens: 100,
            max_output_tokens: 50,
            stop: Default::default(),
        }),
        model: MODEL,
        class: VerificationClass::Statistical,
        max_price: Balance::MAX,
        deadline: 100,
    })
}

/// The input of job 5, which is a blob.
const LONG: &[u8] = b"once and for all";

const VECTORS: [[f32; 3]; 2] = [[0.1, -2.5, 3.0e-12], [f32::MIN_POSITIVE, 0.333, 16_777_217.0]];

fn embedding() -> JobOrder {
    let input = Input::Plain(encode_texts(&["one", "two"]).try_into().unwrap());
    JobOrder::V1(JobOrderV1 {
        work: WorkSpec::Embed(Embed { input, max_input_tokens: 20 }),
        model: MODEL,
        class: VerificationClass::Exact,
        max_price: Balance::MAX,
        deadline: 100,
    })
}

/// Job 1 is settled, job 2 waits and has an input that is no text, job 4 has embedded two texts, the input of job 5 is a blob, job 6 has
/// an output of more tokens than were ordered.
fn job(id: JobId) -> Option<JobInfo> {
    let commitment = Commitment::V1(CommitmentV1 {
        job_root: H256([1; 32]),
        out_root: output_root(&TOKENS),
        trace_root: None,
        n_in: 4,
        n_out: 3,
        stop: StopReason::EndOfText,
    });
    let receipt = Receipt {
        job: 1,
        attempt: 0,
        reason: CloseReason::Settled,
        requester: alice(),
        provider: Some(alice()),
        model: MODEL,
        class: VerificationClass::Statistical,
        commitment: Some(commitment.hash()),
        verdict: Some(Verdict::Valid { units: 7 }),
        verdicts: 4,
        units: 7,
        price: 1_000,
        fee: 7,
        refunded: 3,
        burned: 1,
        slashed: 0,
        upkeep: 5,
        payments: vec![Payment { account: alice(), role: PaymentRole::Provider, amount: u128::from(u64::MAX) + 1 }]
            .try_into()
            .unwrap(),
        submitted_at: 3,
        closed_at: 9,
    };
    let info = |order, status, commitment, receipt| JobInfo {
        job: id,
        attempt: 0,
        requester: alice(),
        order,
        submitted_at: 3,
        escrow: 10,
        upkeep: 5,
        reserve: 0,
        deposit: 4,
        kept_until: None,
        status,
        commitment,
        receipt,
    };
    match id {
        1 => Some(info(
            order(b"once"),
            JobStatus::Closed { reason: CloseReason::Settled },
            Some(commitment),
            Some(receipt),
        )),
        4 => {
            let out_root = output_bytes_root(&vector_bytes(&VECTORS.map(|vector| vector.to_vec())));
            let claim = CommitmentV1 { out_root, n_out: 0, stop: StopReason::Complete, ..commitment.v1().clone() };
            let closed = JobStatus::Closed { reason: CloseReason::Settled };
            Some(info(embedding(), closed, Some(Commitment::V1(claim)), None))
        }
        5 => {
            let JobOrder::V1(mut order) = order(b"");
            let WorkSpec::Generate(work) = &mut order.work else { panic!("not a generation") };
            work.input = Input::Blob { root: file_root(LONG), length: LONG.len() as u64 };
            Some(info(JobOrder::V1(order), JobStatus::Pending { deadline: 30 }, None, None))
        }
        6 => {
            let claim = CommitmentV1 { n_out: u32::MAX, ..commitment.v1().clone() };
            let judged = JobStatus::Judged { provider: alice() };
            Some(info(order(b"once"), judged, Some(Commitment::V1(claim)), None))
        }
        2 => Some(info(order(&[0xff]), JobStatus::Pending { deadline: 30 }, None, None)),
        _ => None,
    }
}

/// The same amount for each.
fn all_costs(amount: Balance) -> Costs {
    Costs {
        transaction_fee: amount,
        attestation_fee: amount,
        reserve: amount,
        waiting_fee: amount,
        deposit: amount,
        retention: 28_800,
    }
}

struct MockApi;

sp_api::mock_impl_runtime_apis! {
    impl StrikeApi<Block> for MockApi {
        fn job(job: JobId) -> Option<JobInfo> {
            self::job(job)
        }
        fn jobs(requester: Option<AccountId>, before: Option<JobId>, limit: u32) -> JobPage {
            let mut jobs: Vec<JobInfo> = [2, 1]
                .into_iter()
                .filter(|id| before.is_none_or(|before| *id < before))
                .filter_map(self::job)
                .filter(|job| requester.as_ref().is_none_or(|requester| job.requester == *requester))
                .collect();
            let more = jobs.len() > limit as usize;
            jobs.truncate(limit as usize);
            let next = jobs.last().map(|job| job.job).filter(|_| more);
            JobPage { jobs, next }
        }
        fn duty_heads(_keys: Vec<AppKey>, _after: Option<DutyCursor>, _limit: u32) -> DutyPage {
            DutyPage { heads: vec![], next: None }
        }
        fn duty(_key: AppKey, _kind: u8, _job: JobId) -> Option<Duty> {
            None
        }
    }

    impl MarketApi<Block> for MockApi {
        fn quote(order: JobOrder) -> Option<Quote> {
            let JobOrder::V1(order) = order;
            let max_units = order.work.max_units();
            (order.model == MODEL).then(|| Quote {
                provider: alice(),
                price: 2_000,
                max_units,
                max_fee: 300,
                costs: all_costs(6),
            })
        }
        fn costs(order: JobOrder) -> Option<Costs> {
            let JobOrder::V1(order) = order;
            (order.model == MODEL).then(|| all_costs(6))
        }
        fn asks(_model: ArtifactId) -> Vec<AskInfo> {
            vec![]
        }
    }

    impl ProvidersApi<Block> for MockApi {
        fn providers(_after: Option<AccountId>, _limit: u32) -> Vec<ProviderInfo> {
            vec![ProviderInfo {
                provider: alice(),
                bond: 5,
                reserved: 1,
                active: true,
                models: vec![MODEL],
                linked: vec![alice()],
                asks: vec![],
            }]
        }
        fn provider_of(_key: AppKey) -> Option<AccountId> {
            None
        }
    }

    impl ProvenanceApi<Block> for MockApi {
        fn models(_after: Option<ArtifactId>, _limit: u32) -> Vec<ModelInfo> {
            vec![ModelInfo { model: MODEL, name: "small".into(), size: 8, owner: alice(), royalty: 50_000_000 }]
        }
    }
}

struct Client;

impl ProvideRuntimeApi<Block> for Client {
    type Api = MockApi;
    fn runtime_api(&self) -> ApiRef<'_, MockApi> {
        MockApi.into()
    }
}

impl HeaderBackend<Block> for Client {
    fn header(&self, _: H256) -> sp_blockchain::Result<Option<<Block as BlockT>::Header>> {
        Ok(None)
    }
    fn info(&self) -> Info<Block> {
        Info {
            best_hash: H256([7; 32]),
            best_number: 9,
            genesis_hash: H256::zero(),
            finalized_hash: H256::zero(),
            finalized_number: 7,
            finalized_state: None,
            number_leaves: 1,
            block_gap: None,
        }
    }
    fn status(&self, _: H256) -> sp_blockchain::Result<BlockStatus> {
        Ok(BlockStatus::InChain)
    }
    fn number(&self, _: H256) -> sp_blockchain::Result<Option<u32>> {
        Ok(None)
    }
    fn hash(&self, _: NumberFor<Block>) -> sp_blockchain::Result<Option<H256>> {
        Ok(None)
    }
}

struct World {
    module: RpcModule<StrikeRpc<Client, Block>>,
    blobs: Arc<BlobStore>,
    _dir: tempfile::TempDir,
}

fn world() -> World {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Arc::new(BlobStore::open(dir.path(), Limits::default()).unwrap());
    World { module: module(blobs.clone(), blobs.clone()), blobs, _dir: dir }
}

/// Bounds that the tests do not reach.
fn wide() -> Bounds {
    Bounds::new(8, 15 << 20)
}

fn module(source: Arc<dyn BlobSource>, blobs: Arc<BlobStore>) -> RpcModule<StrikeRpc<Client, Block>> {
    bounded(source, blobs, wide())
}

fn bounded(source: Arc<dyn BlobSource>, blobs: Arc<BlobStore>, bounds: Bounds) -> RpcModule<StrikeRpc<Client, Block>> {
    answering(methods(source, blobs, bounds).into_rpc())
}

/// As the node's server sets it for each connection.
fn answering<Methods>(mut module: RpcModule<Methods>) -> RpcModule<Methods> {
    module.extensions_mut().insert(DenyUnsafe::No);
    module
}

fn methods(source: Arc<dyn BlobSource>, blobs: Arc<BlobStore>, bounds: Bounds) -> StrikeRpc<Client, Block> {
    let detokenizer = |model: &ArtifactId, tokens: &[u32]| {
        assert_eq!(*model, MODEL);
        Ok(Some(format!("{} tokens", tokens.len())))
    };
    // Without time, so that what is taken at once is all that is taken.
    let rate = Quota { burst: 3 << 20, per_second: 0 };
    let limits = UploadLimits { rate, ..Default::default() };
    let uploads = Arc::new(Uploads::open(blobs.clone(), limits, Instant::now()).unwrap());
    let (client, detokenizer) = (Arc::new(Client), Arc::new(detokenizer));
    StrikeRpc::new(client, blobs, source, uploads, detokenizer, PREFIX, bounds)
}

/// The methods on a network on which every fetch ends in the same way.
async fn call_on(source: impl BlobSource + 'static, method: &str, params: Value) -> Result<Value, (i64, String)> {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Arc::new(BlobStore::open(dir.path(), Limits::default()).unwrap());
    call(&module(Arc::new(source), blobs), method, params).await
}

impl World {
    /// The result or the error of a call.
    async fn call(&self, method: &str, params: Value) -> Result<Value, (i64, String)> {
        call(&self.module, method, params).await
    }
}

async fn call<Methods>(module: &RpcModule<Methods>, method: &str, params: Value) -> Result<Value, (i64, String)> {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let (response, _) = module.raw_json_request(&request, 1).await.unwrap();
    let mut response: Value = serde_json::from_str(&response).unwrap();
    match response.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => {
            let error = &response["error"];
            let message = format!("{} {}", error["message"], error["data"]);
            Err((error["code"].as_i64().unwrap(), message))
        }
    }
}

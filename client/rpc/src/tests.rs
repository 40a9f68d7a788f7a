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
    api::{Duty, JobStatus, ModelInfo, ProviderInfo, Quote},
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

/// Job 1 is settled, job 2 waits and has an input that is no text, job 4 has embedded two texts, the input of job 5 is a blob.
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
        2 => Some(info(order(&[0xff]), JobStatus::Pending { deadline: 30 }, None, None)),
        _ => None,
    }
}

struct MockApi;

sp_api::mock_impl_runtime_apis! {
    impl StrikeApi<Block> for MockApi {
        fn job(job: JobId) -> Option<JobInfo> {
            self::job(job)
        }
        fn jobs(requester: Option<AccountId>, before: Option<JobId>, limit: u32) -> Vec<JobInfo> {
            [2, 1]
                .into_iter()
                .filter(|id| before.is_none_or(|before| *id < before))
                .filter_map(self::job)
                .filter(|job| requester.as_ref().is_none_or(|requester| job.requester == *requester))
                .take(limit as usize)
                .collect()
        }
        fn quote(order: JobOrder) -> Option<Quote> {
            let JobOrder::V1(order) = order;
            let max_units = order.work.max_units();
            (order.model == MODEL).then(|| Quote { provider: alice(), price: 2_000, max_units, max_fee: 300 })
        }
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
        fn models(_after: Option<ArtifactId>, _limit: u32) -> Vec<ModelInfo> {
            vec![ModelInfo { model: MODEL, name: "small".into(), size: 8, owner: alice(), royalty: 50_000_000 }]
        }
        fn duties(_keys: Vec<AppKey>) -> Vec<Duty> {
            vec![]
        }
        fn provider_of(_key: AppKey) -> Option<AccountId> {
            None
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

fn module(source: Arc<dyn BlobSource>, blobs: Arc<BlobStore>) -> RpcModule<StrikeRpc<Client, Block>> {
    let detokenizer = |model: &ArtifactId, tokens: &[u32]| {
        assert_eq!(*model, MODEL);
        Ok(Some(format!("{} tokens", tokens.len())))
    };
    // Without time, so that what is taken at once is all that is taken.
    let rate = Quota { burst: 3 << 20, per_second: 0 };
    let limits = UploadLimits { rate, ..Default::default() };
    let uploads = Arc::new(Uploads::open(blobs, limits, Instant::now()).unwrap());
    let mut module = StrikeRpc::new(Arc::new(Client), source, uploads, Arc::new(detokenizer), PREFIX).into_rpc();
    // As the node's server sets it for each connection.
    module.extensions_mut().insert(DenyUnsafe::No);
    module
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

async fn call(
    module: &RpcModule<StrikeRpc<Client, Block>>,
    method: &str,
    params: Value,
) -> Result<Value, (i64, String)> {
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

#[tokio::test]
async fn a_job_is_told_whole() {
    let world = world();
    let job = world.call("strike_job", json!([1])).await.unwrap();
    assert_eq!(job["requester"], ALICE);
    assert_eq!(job["status"], json!({ "state": "closed", "reason": "settled" }));
    assert_eq!(job["work"]["kind"], "generate");
    assert_eq!(job["work"]["input"], json!({ "kind": "plain", "hex": "0x6f6e6365", "text": "once" }));
    assert_eq!(job["commitment"]["stop"], "end_of_text");
    assert_eq!(job["receipt"]["verdict"], json!({ "valid": { "units": 7 } }));
    assert_eq!(job["receipt"]["payments"][0]["role"], "provider");
    assert_eq!(job["model"]["root"], format!("0x{}", "09".repeat(32)));
}

#[tokio::test]
async fn amounts_are_integers_however_large() {
    let world = world();
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "strike_job", "params": [1] }).to_string();
    let (response, _) = world.module.raw_json_request(&request, 1).await.unwrap();
    assert!(response.contains("\"amount\":18446744073709551616"), "{response}");
    assert!(response.contains("\"max_price\":340282366920938463463374607431768211455"), "{response}");
}

#[tokio::test]
async fn a_job_that_is_not_kept_is_an_error_that_says_what_to_do() {
    let (code, message) = world().call("strike_job", json!([3])).await.unwrap_err();
    assert_eq!(code, 7001);
    assert!(message.contains("JobNotFound") && message.contains("events"), "{message}");
}

#[tokio::test]
async fn jobs_are_listed_newest_first_in_pages() {
    let world = world();
    let ids = |jobs: Value| jobs.as_array().unwrap().iter().map(|job| job["job"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(ids(world.call("strike_jobs", json!([])).await.unwrap()), [2, 1]);
    assert_eq!(ids(world.call("strike_jobs", json!([ALICE, 2, 5])).await.unwrap()), [1]);
    assert_eq!(ids(world.call("strike_jobs", json!({ "limit": 1 })).await.unwrap()), [2]);
    for limit in [0, 101] {
        let (code, message) = world.call("strike_jobs", json!([null, null, limit])).await.unwrap_err();
        assert_eq!(code, -32602);
        assert!(message.contains("between 1 and 100"), "{message}");
    }
    let (code, _) = world.call("strike_jobs", json!(["nobody"])).await.unwrap_err();
    assert_eq!(code, -32602);
}

#[tokio::test]
async fn an_order_is_quoted_from_json_and_from_scale() {
    let world = world();
    let expected = json!({ "provider": ALICE, "price": 2_000, "max_units": 150, "max_fee": 300 });
    let object = json!({
        "prompt": "once", "model": format!("0x{}", "09".repeat(32)), "max_input_tokens": 100, "max_output_tokens": 50,
    });
    assert_eq!(world.call("strike_quote", json!([object])).await.unwrap(), expected);
    let mut with_price = object.clone();
    with_price["max_price"] = json!("340282366920938463463374607431768211455");
    with_price["model"] = json!(MODEL);
    assert_eq!(world.call("strike_quote", json!([with_price])).await.unwrap(), expected);
    let scale = format!("0x{}", hex::encode(order(b"once").encode()));
    assert_eq!(world.call("strike_quote", json!([scale])).await.unwrap(), expected);

    let texts = json!({ "texts": ["one", "two"], "model": MODEL, "max_input_tokens": 20 });
    let of_texts = json!({ "provider": ALICE, "price": 2_000, "max_units": 20, "max_fee": 300 });
    assert_eq!(world.call("strike_quote", json!([texts])).await.unwrap(), of_texts);
    let scale = format!("0x{}", hex::encode(embedding().encode()));
    assert_eq!(world.call("strike_quote", json!([scale])).await.unwrap(), of_texts);

    let mut other_model = object.clone();
    other_model["model"] = json!(format!("0x{}", "08".repeat(32)));
    assert_eq!(world.call("strike_quote", json!([other_model])).await.unwrap(), Value::Null);
}

#[tokio::test]
async fn a_malformed_order_is_refused_with_the_reason() {
    let world = world();
    let good = json!({ "prompt": "x", "model": MODEL, "max_input_tokens": 1, "max_output_tokens": 1 });
    let with = |key: &str, value: Value| {
        let mut order = good.clone();
        order[key] = value;
        order
    };
    for (order, reason) in [
        (json!("0x0102"), "SCALE"),
        (json!("hello"), "hex"),
        (json!({ "prompt": "x" }), "missing field"),
        (with("modle", json!(1)), "unknown field"),
        (with("prompt", json!("x".repeat(4_097))), "4096"),
        (with("stop", json!([[1], [2], [3], [4], [5]])), "too many stop sequences"),
        (with("max_price", json!(-1)), "amount"),
        (with("model", json!("0x01")), "artifact"),
        (json!({ "texts": [], "model": MODEL, "max_input_tokens": 1 }), "1 to 256"),
        (json!({ "texts": ["x".repeat(4_096)], "model": MODEL, "max_input_tokens": 1 }), "4096"),
        (with("texts", json!(["x"])), "unknown field"),
    ] {
        let (code, message) = world.call("strike_quote", json!([order])).await.unwrap_err();
        assert_eq!(code, -32602);
        assert!(message.contains(reason), "{message} should say {reason}");
    }
}

#[tokio::test]
async fn providers_and_models_are_listed() {
    let world = world();
    let providers = world.call("strike_providers", json!([ALICE, 10])).await.unwrap();
    assert_eq!(providers[0]["linked"], json!([ALICE]));
    let models = world.call("strike_models", json!([])).await.unwrap();
    assert_eq!((&models[0]["name"], &models[0]["owner"]), (&json!("small"), &json!(ALICE)));
}

#[tokio::test]
async fn inputs_are_hex_and_text_where_they_are_text() {
    let world = world();
    let text = world.call("strike_input", json!([1])).await.unwrap();
    assert_eq!(text, json!({ "hex": "0x6f6e6365", "text": "once" }));
    let bytes = world.call("strike_input", json!([2])).await.unwrap();
    assert_eq!(bytes, json!({ "hex": "0xff", "text": null }));
}

#[tokio::test]
async fn an_output_is_told_by_a_node_that_has_it() {
    let world = world();
    let (code, message) = world.call("strike_output", json!([1])).await.unwrap_err();
    assert_eq!(code, 7003);
    assert!(message.contains("the validators that checked it have it"), "{message}");

    world.blobs.put_output(&TOKENS).unwrap();
    let output = world.call("strike_output", json!([1])).await.unwrap();
    assert_eq!(output["tokens"], json!(TOKENS));
    assert_eq!(output["text"], "3 tokens");
    assert_eq!((&output["n_in"], &output["stop"]), (&json!(4), &json!("end_of_text")));
}

#[tokio::test]
async fn an_embedding_is_told_as_vectors_bit_by_bit() {
    let world = world();
    let job = world.call("strike_job", json!([4])).await.unwrap();
    assert_eq!((&job["work"]["kind"], &job["work"]["texts"]), (&json!("embed"), &json!(["one", "two"])));
    assert_eq!(job["commitment"]["stop"], "complete");
    let (code, _) = world.call("strike_output", json!([4])).await.unwrap_err();
    assert_eq!(code, 7003);

    let bytes = vector_bytes(&VECTORS.map(|vector| vector.to_vec()));
    world.blobs.put(ArtifactKind::Output, &bytes).unwrap();
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "strike_output", "params": [4] }).to_string();
    let (response, _) = world.module.raw_json_request(&request, 1).await.unwrap();
    // The shortest decimals that name each number.
    let vectors = "[[0.1,-2.5,3e-12],[1.1754944e-38,0.333,16777216.0]]";
    assert!(response.contains(&format!(r#""tokens":null,"text":null,"vectors":{vectors}"#)), "{response}");
}

/// A network on which every fetch ends in the same way.
struct Network<F>(F);

impl<F: Fn(&Wanted) -> Result<Vec<u8>, FetchError> + Send + Sync> BlobSource for Network<F> {
    fn read(&self, wanted: &Wanted) -> Result<Vec<u8>, FetchError> {
        self.0(wanted)
    }
}

#[tokio::test]
async fn an_output_is_asked_for_with_its_length_and_its_provider() {
    let bytes = TOKENS.iter().flat_map(|token: &u32| token.to_le_bytes()).collect::<Vec<u8>>();
    let source = Network(move |wanted: &Wanted| {
        let max_length = 4 * TOKENS.len() as u64;
        let (kind, root) = (ArtifactKind::Output, output_root(&TOKENS));
        assert_eq!(*wanted, Wanted { kind, root, max_length, places: vec![provider_place(&H256::zero(), &alice())] });
        Ok(bytes.clone())
    });
    let output = call_on(source, "strike_output", json!([1])).await.unwrap();
    assert_eq!(output["tokens"], json!(TOKENS));
}

#[tokio::test]
async fn what_goes_wrong_with_a_fetch_is_told_apart() {
    let code = |fetch: fn(&Wanted) -> Result<Vec<u8>, FetchError>| async move {
        call_on(Network(fetch), "strike_output", json!([1])).await.unwrap_err().0
    };
    assert_eq!(code(|_| Err(FetchError::NotFound { asked: 3 })).await, 7003);
    assert_eq!(code(|_| Err(FetchError::Unfinished)).await, 7010);
    assert_eq!(code(|_| Err(FetchError::TooLong { length: 13, limit: 12 })).await, 7009);
    // Bytes that are no whole number of tokens have a root all the same.
    assert_eq!(code(|_| Ok(vec![1, 2, 3])).await, 7009);
}

#[tokio::test]
async fn an_input_that_is_a_blob_is_looked_for_where_it_was_left_and_has_the_length_of_the_order() {
    let input = |fetch: fn(&Wanted) -> Result<Vec<u8>, FetchError>| call_on(Network(fetch), "strike_input", json!([5]));
    let found = input(|wanted| {
        let (kind, root) = (ArtifactKind::File, file_root(LONG));
        let places = vec![input_place(&H256::zero(), &root)];
        assert_eq!(*wanted, Wanted { kind, root, max_length: LONG.len() as u64, places });
        Ok(LONG.to_vec())
    });
    assert_eq!(found.await.unwrap()["text"], "once and for all");
    assert_eq!(input(|_| Err(FetchError::NotFound { asked: 3 })).await.unwrap_err().0, 7004);
    assert_eq!(input(|_| Ok(b"once".to_vec())).await.unwrap_err().0, 7004);
}

#[tokio::test]
async fn an_input_is_left_here_where_unsafe_methods_are_answered_within_limits() {
    let mut world = world();
    let store = |bytes: &[u8]| json!([format!("0x{}", hex::encode(bytes))]);
    let stored = world.call("strike_storeBlob", store(LONG)).await.unwrap();
    assert_eq!(stored, json!({ "root": file_root(LONG), "length": LONG.len() }));
    assert_eq!(world.blobs.get(ArtifactKind::File, &file_root(LONG)).unwrap().as_deref(), Some(LONG));
    assert_eq!(world.call("strike_input", json!([5])).await.unwrap()["text"], "once and for all");
    for (bytes, code) in [(vec![], 7011), (vec![1; (1 << 20) + 1], 7011)] {
        let (found, message) = world.call("strike_storeBlob", store(&bytes)).await.unwrap_err();
        assert_eq!(found, code, "{message}");
        assert!(message.contains("1048576"), "{message}");
    }
    for malformed in [json!([]), json!([7]), json!(["0xzz"]), json!([null])] {
        assert_eq!(world.call("strike_storeBlob", malformed).await.unwrap_err().0, -32602);
    }
    // More at once than the node takes.
    for byte in 0..2 {
        world.call("strike_storeBlob", store(&vec![byte; 1 << 20])).await.unwrap();
    }
    let (code, message) = world.call("strike_storeBlob", store(&[3; 1 << 20])).await.unwrap_err();
    assert_eq!(code, 7012);
    assert!(message.contains("UploadsBusy"), "{message}");

    world.module.extensions_mut().insert(DenyUnsafe::Yes);
    let (code, message) = world.call("strike_storeBlob", store(LONG)).await.unwrap_err();
    assert!(code == -32601 && message.contains("unsafe"), "{code} {message}");
}

#[tokio::test]
async fn a_job_without_a_result_has_no_output() {
    let (code, _) = world().call("strike_output", json!([2])).await.unwrap_err();
    assert_eq!(code, 7002);
}

#[test]
fn what_a_stranger_writes_is_neither_decoded_at_length_nor_repeated() {
    // Base 58 of a megabyte would take minutes.
    let long = "5".repeat(1 << 20);
    let errors = [
        parse_account(&long).unwrap_err(),
        parse_account(&format!("0x{long}")).unwrap_err(),
        crate::views::parse_artifact(&json!(long)).unwrap_err(),
        crate::views::parse_artifact(&json!({ "kind": long, "root": long })).unwrap_err(),
        crate::order::parse_order(json!({ "prompt": "a", "max_price": long })).unwrap_err(),
        crate::order::parse_order(json!({ long.clone(): 1 })).unwrap_err(),
    ];
    for error in errors {
        let error = error.to_string();
        assert!(error.starts_with("InvalidParameter") && error.len() < 1500, "{}: {}", error.len(), &error[..100]);
    }
}

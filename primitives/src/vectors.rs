//! The test vectors of `docs/protocol-vectors.json`: computed here from the code and compared with the committed file,
//! which the JavaScript check computes a second time on its own.

use crate::{
    artifact::{self, ArtifactKind, BundleEntry},
    blob,
    commitment::{self, AttemptBinding, Commitment, CommitmentV1, StopReason},
    embedding, hashing, job,
    job::{Embed, Generate, Input, JobOrder, JobOrderV1, Sampler, VerificationClass, WorkSpec},
    merkle,
    verdict::{self, AssignmentProof, AuditRef, RevealedVerdict, SealedVerdict, Verdict},
    AccountId,
};
use codec::Encode;
use serde_json::{json, Value};
use sp_core::H256;

fn hex(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", ::hex::encode(bytes))
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i % 251) as u8).collect()
}

fn computed() -> Value {
    let genesis = H256([1; 32]);
    let provider = AccountId::new([2; 32]);
    let validator = AccountId::new([3; 32]);
    let beacon = H256([4; 32]);
    let tokens = [1u32, 256, 65_536, 4_294_967_295];

    let files: Vec<Value> = [0, 1, merkle::CHUNK_SIZE, merkle::CHUNK_SIZE + 1, 3 * merkle::CHUNK_SIZE - 1]
        .into_iter()
        .map(|length| json!({ "length": length, "root": hex(artifact::file_root(&pattern(length))) }))
        .collect();
    let entry = |name: &str, length: usize| BundleEntry {
        name: name.as_bytes().to_vec(),
        length: length as u64,
        root: artifact::file_root(&pattern(length)),
    };
    let model =
        artifact::bundle(vec![entry("tokenizer.json", 7), entry("config.json", 5), entry("model.safetensors", 11)]);

    let work = WorkSpec::Generate(Generate {
        input: Input::Plain(b"Tell me about the harbour.".to_vec().try_into().unwrap()),
        sampler: Sampler {
            temperature_milli: 800,
            min_p_milli: 50,
            repetition_penalty_milli: 1_100,
            repetition_window: 32,
        },
        max_input_tokens: 40,
        max_output_tokens: 64,
        stop: vec![vec![1u32, 2].try_into().unwrap()].try_into().unwrap(),
    });
    let class = VerificationClass::Statistical;
    let order =
        JobOrder::V1(JobOrderV1 { work: work.clone(), model, class, max_price: 5_000_000_000_000, deadline: 40 });
    let spec_hash = job::spec_hash(&work, &model, class);
    let seed = job::seed(&genesis, 7, 1, &beacon);
    let binding = AttemptBinding { genesis, job: 7, attempt: 1, provider: provider.clone(), spec_hash, seed };
    let out_root = artifact::output_root(&tokens);
    let job_root = commitment::job_root(&binding, &out_root, &None, 6, 4, StopReason::MaxTokens);
    let commitment = Commitment::V1(CommitmentV1 {
        job_root,
        out_root,
        trace_root: None,
        n_in: 6,
        n_out: 4,
        stop: StopReason::MaxTokens,
    });
    let audit = AuditRef { job: 7, attempt: 1, commitment: commitment.hash(), beacon_block: 21 };
    let salt = verdict::salt(&[5; 32]);
    let revealed = RevealedVerdict {
        audit: audit.clone(),
        validator: validator.clone(),
        verdict: Verdict::Valid { units: 10 },
        work_tag: None,
        salt,
    };
    let seal = revealed.seal(&genesis);
    let sealed =
        SealedVerdict { audit: audit.clone(), validator: validator.clone(), assignment: AssignmentProof::All, seal };

    let texts = ["Once upon a time", "", "tide\ntables"];
    let vectors = [vec![1.5f32, -0.25], vec![0.15625, -0.0], vec![-1024.5, 3.0]];
    let embed = WorkSpec::Embed(Embed {
        input: Input::Plain(embedding::encode_texts(&texts).try_into().unwrap()),
        max_input_tokens: 48,
    });
    let vector_bytes = embedding::vector_bytes(&vectors);
    let vectors_root = artifact::output_bytes_root(&vector_bytes);
    let embed_spec = job::spec_hash(&embed, &model, VerificationClass::Exact);
    let trace_root = H256([6; 32]);
    let embed_binding = AttemptBinding { spec_hash: embed_spec, ..binding.clone() };
    let embed_job_root =
        commitment::job_root(&embed_binding, &vectors_root, &Some(trace_root), 14, 0, StopReason::Complete);
    let embed_commitment = Commitment::V1(CommitmentV1 {
        job_root: embed_job_root,
        out_root: vectors_root,
        trace_root: Some(trace_root),
        n_in: 14,
        n_out: 0,
        stop: StopReason::Complete,
    });

    let length = 3 * merkle::CHUNK_SIZE - 1;
    let input_root = artifact::file_root(&pattern(length));
    let WorkSpec::Generate(plain) = work.clone() else { panic!("not a generation") };
    let on_blob =
        WorkSpec::Generate(Generate { input: Input::Blob { root: input_root, length: length as u64 }, ..plain });
    let unavailable = (artifact::output_bytes_root(&[]), StopReason::InputUnavailable);
    let blob_spec = job::spec_hash(&on_blob, &model, class);
    let blob_binding = AttemptBinding { spec_hash: blob_spec, ..binding.clone() };

    json!({
        "hash": {
            "tag": "strike/1/leaf",
            "bytes": hex(b"abc"),
            "hash": hex(hashing::hash_bytes(b"strike/1/leaf", b"abc")),
        },
        "pattern": "byte i of a file of the given length is i modulo 251",
        "files": files,
        "typed_roots": {
            "empty_file": hex(artifact::file_root(&[])),
            "empty_output": hex(artifact::output_root(&[])),
            "bundle_of_none": hex(artifact::typed_root(ArtifactKind::Bundle, 0, merkle::top(&[]))),
        },
        "tree": {
            "leaves": (0u8..5).map(|i| hex([i])).collect::<Vec<_>>(),
            "top": hex(merkle::top(&(0u8..5).map(|i| merkle::leaf(&[i])).collect::<Vec<_>>())),
        },
        "bundle": {
            "files": [["config.json", 5], ["model.safetensors", 11], ["tokenizer.json", 7]],
            "id": hex(model.encode()),
            "root": hex(model.root),
        },
        "output": { "tokens": tokens, "root": hex(out_root) },
        "order": {
            "prompt": "Tell me about the harbour.",
            "scale": hex(order.encode()),
            "work": hex(work.encode()),
            "spec_hash": hex(spec_hash),
            "max_units": work.max_units(),
        },
        "input": {
            "length": length,
            "root": hex(input_root),
            "work": hex(on_blob.encode()),
            "spec_hash": hex(blob_spec),
            "place": hex(blob::input_place(&genesis, &input_root)),
            "providers_place": hex(blob::provider_place(&genesis, &provider)),
            "unavailable_job_root": hex(commitment::job_root(&blob_binding, &unavailable.0, &None, 0, 0, unavailable.1)),
        },
        "embedding": {
            "texts": texts,
            "input": hex(embedding::encode_texts(&texts)),
            "work": hex(embed.encode()),
            "spec_hash": hex(embed_spec),
            "max_units": embed.max_units(),
            "vectors": vectors,
            "output": hex(&vector_bytes),
            "root": hex(vectors_root),
            "trace_root": hex(trace_root),
            "job_root": hex(embed_job_root),
            "commitment": { "scale": hex(embed_commitment.encode()), "n_in": 14, "n_out": 0, "stop": 7 },
        },
        "genesis": hex(genesis),
        "job": 7,
        "attempt": 1,
        "provider": hex(&provider),
        "validator": hex(&validator),
        "beacon": hex(beacon),
        "next_beacon": hex(verdict::next_beacon(&genesis, &beacon)),
        "seed": hex(seed),
        "job_root": hex(job_root),
        "commitment": { "scale": hex(commitment.encode()), "hash": hex(commitment.hash()), "n_in": 6, "n_out": 4, "stop": 2 },
        "commit_payload": hex(commitment::commit_payload(&genesis, 7, 1, &commitment)),
        "salt": { "pre_output": hex([5u8; 32]), "salt": hex(salt), "vrf_input": hex(verdict::salt_input(&genesis, &audit)) },
        "verdict": { "units": 10, "beacon_block": 21, "seal": hex(seal) },
        "seal_payload": hex(verdict::seal_payload(&genesis, &sealed)),
        "reveal_payload": hex(verdict::reveal_payload(&genesis, &revealed)),
        "split": crate::split::vectors::all(),
        "app_key_payload": hex(crate::app::proof_of_possession_payload(&genesis, &provider)),
    })
}

#[test]
fn the_committed_vectors_are_what_the_code_computes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/protocol-vectors.json");
    let computed = computed();
    // `STRIKE_WRITE_VECTORS=1` writes them anew after a deliberate change of the protocol.
    if std::env::var_os("STRIKE_WRITE_VECTORS").is_some() {
        std::fs::write(path, format!("{}\n", serde_json::to_string_pretty(&computed).unwrap())).unwrap();
    }
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(computed, committed);
}

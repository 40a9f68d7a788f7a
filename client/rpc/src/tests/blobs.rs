//! Inputs and outputs.

use super::*;

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

impl<F: Fn(&BlobQuery) -> Result<Vec<u8>, FetchError> + Send + Sync> BlobSource for Network<F> {
    fn read(&self, query: &BlobQuery) -> Result<Vec<u8>, FetchError> {
        self.0(query)
    }
}

#[tokio::test]
async fn an_output_is_asked_for_with_its_length_and_its_provider() {
    let bytes = TOKENS.iter().flat_map(|token: &u32| token.to_le_bytes()).collect::<Vec<u8>>();
    let source = Network(move |query: &BlobQuery| {
        let max_length = 4 * TOKENS.len() as u64;
        let (kind, root) = (ArtifactKind::Output, output_root(&TOKENS));
        assert_eq!(*query, BlobQuery { kind, root, max_length, places: vec![provider_place(&H256::zero(), &alice())] });
        Ok(bytes.clone())
    });
    let output = call_on(source, "strike_output", json!([1])).await.unwrap();
    assert_eq!(output["tokens"], json!(TOKENS));
}

#[tokio::test]
async fn what_goes_wrong_with_a_fetch_is_told_apart() {
    let code = |fetch: fn(&BlobQuery) -> Result<Vec<u8>, FetchError>| async move {
        call_on(Network(fetch), "strike_output", json!([1])).await.unwrap_err().0
    };
    assert_eq!(code(|_| Err(FetchError::NotFound { asked: 3 })).await, 7003);
    assert_eq!(code(|_| Err(FetchError::Unfinished)).await, 7010);
    assert_eq!(code(|_| Err(FetchError::TooLong { length: 13, limit: 12 })).await, 7009);
    // Bytes that are no whole number of tokens have a root all the same.
    assert_eq!(code(|_| Ok(vec![1, 2, 3])).await, 7009);
}

#[tokio::test]
async fn an_output_of_more_tokens_than_were_ordered_is_not_fetched() {
    let source = Network(|query: &BlobQuery| {
        assert_eq!(query.max_length, 4 * 50);
        Err(FetchError::TooLong { length: 1 << 30, limit: query.max_length })
    });
    let (code, message) = call_on(source, "strike_output", json!([6])).await.unwrap_err();
    assert_eq!(code, 7009, "{message}");
}

#[tokio::test]
async fn an_input_that_is_a_blob_is_looked_for_where_it_was_left_and_has_the_length_of_the_order() {
    let input =
        |fetch: fn(&BlobQuery) -> Result<Vec<u8>, FetchError>| call_on(Network(fetch), "strike_input", json!([5]));
    let found = input(|query| {
        let (kind, root) = (ArtifactKind::File, file_root(LONG));
        let places = vec![input_place(&H256::zero(), &root)];
        assert_eq!(*query, BlobQuery { kind, root, max_length: LONG.len() as u64, places });
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

#[tokio::test]
async fn fetches_for_callers_have_a_bound_and_what_is_here_needs_none() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Arc::new(BlobStore::open(dir.path(), Limits::default()).unwrap());
    let (began, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let source = Network(move |query: &BlobQuery| {
        began.send(query.kind).unwrap();
        // Each waits until the test says so.
        released.lock().unwrap().recv().unwrap();
        Err(FetchError::NotFound { asked: 1 })
    });
    let module = Arc::new(bounded(Arc::new(source), blobs.clone(), Bounds::new(2, 15 << 20)));
    let start = |method: &'static str, job: u64| {
        let module = module.clone();
        tokio::spawn(async move { call(&module, method, json!([job])).await })
    };
    let held = [start("strike_output", 1), start("strike_output", 1)];
    for _ in &held {
        assert_eq!(begun.recv().await, Some(ArtifactKind::Output));
    }
    let (code, message) = call(&module, "strike_output", json!([1])).await.unwrap_err();
    assert_eq!(code, 7015);
    assert!(message.contains("FetchesBusy") && message.contains("try again"), "{message}");

    // Inputs have turns of their own; what is here is told meanwhile.
    let input = start("strike_input", 5);
    assert_eq!(begun.recv().await, Some(ArtifactKind::File));
    blobs.put(ArtifactKind::Output, &vector_bytes(&VECTORS.map(|vector| vector.to_vec()))).unwrap();
    assert!(call(&module, "strike_output", json!([4])).await.is_ok());

    for _ in 0..3 {
        release.send(()).unwrap();
    }
    for output in held {
        assert_eq!(output.await.unwrap().unwrap_err().0, 7003);
    }
    assert_eq!(input.await.unwrap().unwrap_err().0, 7004);
    release.send(()).unwrap();
    let (code, _) = call(&module, "strike_output", json!([1])).await.unwrap_err();
    assert_eq!(code, 7003, "there is a turn again");
}

#[tokio::test]
async fn an_output_that_no_answer_can_hold_is_refused_by_its_size() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = Arc::new(BlobStore::open(dir.path(), Limits::default()).unwrap());
    blobs.put_output(&TOKENS).unwrap();
    blobs.put(ArtifactKind::Output, &vector_bytes(&VECTORS.map(|vector| vector.to_vec()))).unwrap();
    // Around the output an answer has a kilobyte.
    let answer = |job: u64, room: usize| {
        let module = bounded(blobs.clone(), blobs.clone(), Bounds::new(2, 1_024 + room));
        async move { call(&module, "strike_output", json!([job])).await }
    };
    // `[10,11,12]` and `"3 tokens"`; the vectors of job 4 as `an_embedding_is_told_as_vectors_bit_by_bit` shows them.
    for (job, room) in [(1, 20), (4, 51)] {
        assert!(answer(job, room).await.is_ok());
        let (code, message) = answer(job, room - 1).await.unwrap_err();
        assert_eq!(code, 7016);
        assert!(message.contains("OutputTooLarge") && message.contains("--rpc-max-response-size"), "{message}");
    }
    // Longer than any answer: not even fetched.
    let source = Network(|query: &BlobQuery| {
        assert_eq!(query.max_length, 16);
        Err(FetchError::TooLong { length: 24, limit: 16 })
    });
    let empty = tempfile::tempdir().unwrap();
    let empty = Arc::new(BlobStore::open(empty.path(), Limits::default()).unwrap());
    let module = bounded(Arc::new(source), empty, Bounds::new(2, 1_024 + 16));
    assert_eq!(call(&module, "strike_output", json!([4])).await.unwrap_err().0, 7016);
}

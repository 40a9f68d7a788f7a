//! A bug behind one call ends that call alone.

use super::*;

/// A source with a bug.
struct Broken;

impl BlobSource for Broken {
    fn read(&self, _: &BlobQuery) -> Result<Vec<u8>, FetchError> {
        panic!("planted")
    }
}

#[tokio::test]
async fn a_call_that_panics_is_an_error_and_the_node_goes_on() {
    // As in a node: from here on a panic that nobody catches ends the process.
    sp_panic_handler::set("nowhere", "0");
    let dir = tempfile::tempdir().unwrap();
    let blobs = Arc::new(BlobStore::open(dir.path(), Limits::default()).unwrap());
    let module = answering(Guarded(methods(Arc::new(Broken), blobs, Bounds::new(1, 15 << 20))).into_rpc());
    // More than once: the turn to fetch is given back.
    for _ in 0..3 {
        let (code, message) = call(&module, "strike_output", json!([1])).await.unwrap_err();
        assert_eq!(code, 7090);
        assert!(message.contains("CallPanicked") && message.contains("planted"), "{message}");
    }
    call(&module, "strike_job", json!([1])).await.unwrap();
    call(&module, "strike_storeBlob", json!(["0x01"])).await.unwrap();
}

#[tokio::test]
async fn what_does_not_panic_is_answered_as_without_the_guard() {
    let world = world();
    world.blobs.put_output(&TOKENS).unwrap();
    let guarded = answering(Guarded(methods(world.blobs.clone(), world.blobs.clone(), wide())).into_rpc());
    let calls = [
        ("strike_job", json!([1])),
        ("strike_jobs", json!([null, null, 2])),
        ("strike_quote", json!(["0x00"])),
        ("strike_providers", json!([null, 1])),
        ("strike_models", json!([null, 1])),
        ("strike_input", json!([1])),
        ("strike_output", json!([1])),
        ("strike_storeBlob", json!(["0x01"])),
    ];
    for (method, params) in calls {
        assert_eq!(call(&guarded, method, params.clone()).await, world.call(method, params).await, "{method}");
    }
}

//! Jobs, quotes, providers and models.

use super::*;

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

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
    assert_eq!((&job["receipt"]["upkeep"], &job["upkeep"], &job["deposit"]), (&json!("5"), &json!("5"), &json!("4")));
    assert_eq!(job["model"]["root"], format!("0x{}", "09".repeat(32)));
}

#[tokio::test]
async fn amounts_are_decimal_strings_however_large() {
    let world = world();
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "strike_job", "params": [1] }).to_string();
    let (response, _) = world.module.raw_json_request(&request, 1).await.unwrap();
    assert!(response.contains(r#""amount":"18446744073709551616""#), "{response}");
    assert!(response.contains(r#""max_price":"340282366920938463463374607431768211455""#), "{response}");
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
    let page = |page: Value| {
        let jobs = page["jobs"].as_array().unwrap().iter().map(|job| job["job"].as_u64().unwrap());
        (jobs.collect::<Vec<_>>(), page["next"].as_u64())
    };
    assert_eq!(page(world.call("strike_jobs", json!([])).await.unwrap()), (vec![2, 1], None));
    assert_eq!(page(world.call("strike_jobs", json!([ALICE, 2, 5])).await.unwrap()), (vec![1], None));
    assert_eq!(page(world.call("strike_jobs", json!({ "limit": 1 })).await.unwrap()), (vec![2], Some(2)));
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
    let costs = json!({
        "transaction_fee": "6", "attestation_fee": "6", "reserve": "6", "waiting_fee": "6", "deposit": "6",
        "retention": 28_800,
    });
    let expected = json!({ "provider": ALICE, "price": "2000", "max_units": 150, "max_fee": "300", "costs": costs });
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
    let of_texts = json!({ "provider": ALICE, "price": "2000", "max_units": 20, "max_fee": "300", "costs": costs });
    assert_eq!(world.call("strike_quote", json!([texts])).await.unwrap(), of_texts);
    let scale = format!("0x{}", hex::encode(embedding().encode()));
    assert_eq!(world.call("strike_quote", json!([scale])).await.unwrap(), of_texts);

    let mut other_model = object.clone();
    other_model["model"] = json!(format!("0x{}", "08".repeat(32)));
    assert_eq!(world.call("strike_quote", json!([other_model])).await.unwrap(), Value::Null);
    assert_eq!(world.call("strike_costs", json!([object])).await.unwrap(), costs);
    assert_eq!(world.call("strike_costs", json!([other_model])).await.unwrap(), Value::Null);
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
        (with("max_price", json!(-1)), "max_price: invalid type: integer `-1`, expected an amount"),
        (with("max_price", json!(1.5)), "max_price: invalid type: floating point `1.5`, expected an amount"),
        (with("max_price", serde_json::from_str("1e3").unwrap()), "max_price: invalid type"),
        (with("max_price", json!("1.5")), "max_price: invalid value: string"),
        (with("max_price", json!(null)), "max_price: invalid type: null, expected an amount"),
        (with("model", json!("0x01")), "artifact"),
        (json!({ "texts": [], "model": MODEL, "max_input_tokens": 1 }), "1 to 256"),
        (json!({ "texts": ["x".repeat(4_096)], "model": MODEL, "max_input_tokens": 1 }), "4096"),
        (with("texts", json!(["x"])), "unknown field"),
        (
            json!({ "texts": ["x"], "model": MODEL, "max_input_tokens": 1, "max_price": "0x1" }),
            "max_price: invalid value",
        ),
    ] {
        let (code, message) = world.call("strike_quote", json!([order])).await.unwrap_err();
        assert_eq!(code, -32602);
        assert!(message.contains(reason), "{message} should say {reason}");
    }
}

#[tokio::test]
async fn a_price_may_be_an_integer_or_a_decimal_string() {
    let price = |max_price: Value| {
        let order = json!({
            "prompt": "x", "model": MODEL, "max_input_tokens": 1, "max_output_tokens": 1, "max_price": max_price,
        });
        let JobOrder::V1(order) = crate::order::parse_order(order).unwrap();
        order.max_price
    };
    assert_eq!(price(json!(1_500_000_000_000u64)), 1_500_000_000_000);
    assert_eq!(price(json!("1500000000000")), 1_500_000_000_000);
    assert_eq!(price(json!(9_007_199_254_740_993u64)), 9_007_199_254_740_993);
    assert_eq!(price(json!(Balance::MAX.to_string())), Balance::MAX);
}

/// The numbers of a value that a JavaScript client reads as others.
fn inexact(value: &Value) -> Vec<String> {
    const SAFE: u64 = (1 << 53) - 1;
    match value {
        Value::Number(number) if number.as_u64().is_some_and(|number| number <= SAFE) => vec![],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(values) => values.iter().flat_map(inexact).collect(),
        Value::Object(fields) => fields.values().flat_map(inexact).collect(),
        Value::Null | Value::Bool(_) | Value::String(_) => vec![],
    }
}

#[test]
fn every_amount_keeps_its_digits_in_a_javascript_client() {
    let accounts = Accounts(PREFIX);
    let JobOrder::V1(order) = order(b"once");
    let mut job = job(1).unwrap();
    (job.escrow, job.upkeep, job.reserve, job.deposit) = (Balance::MAX, Balance::MAX, Balance::MAX, Balance::MAX);
    let mut receipt = job.receipt.take().unwrap();
    for amount in [
        &mut receipt.price,
        &mut receipt.fee,
        &mut receipt.refunded,
        &mut receipt.burned,
        &mut receipt.slashed,
        &mut receipt.upkeep,
    ] {
        *amount = Balance::MAX;
    }
    receipt.payments.iter_mut().for_each(|payment| payment.amount = Balance::MAX);
    job.receipt = Some(receipt);
    let ask = AskInfo {
        provider: alice(),
        model: MODEL,
        class: order.class,
        price: Balance::MAX,
        capacity: 1,
        running: 0,
        max_units: 4_096,
        throughput: 100,
    };
    let provider = ProviderInfo {
        provider: alice(),
        bond: Balance::MAX,
        reserved: Balance::MAX,
        active: true,
        models: vec![MODEL],
        linked: vec![],
        asks: vec![ask],
    };
    let quote = Quote {
        provider: alice(),
        price: Balance::MAX,
        max_units: 20,
        max_fee: Balance::MAX,
        costs: all_costs(Balance::MAX),
    };
    // Each with how many amounts it has.
    let views = [
        (serde_json::to_string(&accounts.job(job)), 5 + 6 + 1),
        (serde_json::to_string(&accounts.quote(quote)), 2 + 5),
        (serde_json::to_string(&accounts.provider(provider)), 2 + 1),
    ];
    for (text, amounts) in views {
        let text = text.unwrap();
        assert_eq!(inexact(&serde_json::from_str(&text).unwrap()), Vec::<String>::new(), "{text}");
        assert_eq!(text.matches(&format!(r#""{}""#, Balance::MAX)).count(), amounts, "{text}");
    }
    let bare = format!("[{}]", Balance::MAX);
    assert_eq!(inexact(&serde_json::from_str(&bare).unwrap()).len(), 1);
    // A view that this test does not know has no other type of amounts either.
    let source = include_str!("../views.rs");
    assert!(!source.contains("Balance") && !source.contains("u128"));
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

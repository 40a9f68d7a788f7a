//! Cases of `docs/protocol-vectors.json`, "split": the function itself says what comes out. Amounts are decimal strings,
//! for JSON numbers lose what is above 2^53. Shares are parts of a billion.

use super::*;
use serde_json::{json, Value};

fn shares(levy: u32, checks: [u32; 2], given: [u32; 5], served: Served) -> Result<Shares, SplitError> {
    let [generate, embed] = checks.map(Perbill::from_parts);
    let [provider, leaf, app, probes, canaries] = given.map(Perbill::from_parts);
    let given = Given { provider, leaf, app, probes, canaries };
    Shares::new(Perbill::from_parts(levy), Checks { generate, embed }, given, served)
}

fn text(amount: Balance) -> String {
    amount.to_string()
}

fn pool(pool: &Option<Pool>) -> Value {
    pool.map_or(Value::Null, |pool| {
        json!({ "own": text(pool.own), "delegated": text(pool.delegated), "commission": pool.commission.deconstruct() })
    })
}

fn earning(earning: &Earning) -> Value {
    json!([text(earning.operator), text(earning.delegators)])
}

fn case(about: &str, levy: u32, checks: [u32; 2], given: [u32; 5], served: Served, sale: &Sale) -> Value {
    let result = shares(levy, checks, given, served).and_then(|shares| split(&shares, sale));
    let result = match result {
        Err(error) => json!({ "error": format!("{error:?}") }),
        Ok(parts) => json!({
            "fee": text(parts.fee),
            "burned": text(parts.burned),
            "provider": earning(&parts.provider),
            "validators": parts.validators.iter().map(earning).collect::<Vec<_>>(),
            "royalties": parts.royalties.iter().map(|amount| text(*amount)).collect::<Vec<_>>(),
            "license": text(parts.license),
            "leaf": text(parts.leaf),
            "app": text(parts.app),
            "probes": text(parts.probes),
            "canaries": text(parts.canaries),
        }),
    };
    let kind = match sale.kind {
        WorkKind::Generate => "generate",
        WorkKind::Embed => "embed",
    };
    json!({
        "about": about,
        "shares": {
            "levy": levy,
            "checks": { "generate": checks[0], "embed": checks[1] },
            "given": { "provider": given[0], "leaf": given[1], "app": given[2], "probes": given[3], "canaries": given[4] },
            "served": {
                "delegators": served.delegators,
                "license": served.license,
                "leaf": served.leaf,
                "app": served.app,
                "probes": served.probes,
                "canaries": served.canaries,
            },
        },
        "sale": {
            "units": sale.units.to_string(),
            "price": text(sale.price),
            "license": sale.license.map(text),
            "app": sale.app.map(text),
            "kind": kind,
            "royalties": sale.royalties.iter().map(|share| share.deconstruct()).collect::<Vec<_>>(),
            "leaf": sale.leaf,
            "pool": pool(&sale.pool),
            "validators": sale.validators.iter().map(pool).collect::<Vec<_>>(),
        },
        "result": result,
    })
}

/// All cases.
pub fn all() -> Value {
    const PERCENT: u32 = 10_000_000;
    const NONE: [u32; 5] = [0; 5];
    let (levy, checks) = (5 * PERCENT, [10 * PERCENT; 2]);
    let given = [3, 10, 15, 20, 1].map(|share| share * PERCENT);
    let everything = Served { delegators: true, license: true, leaf: true, app: true, probes: true, canaries: true };
    let royalties = [2 * PERCENT, 333_333_333].map(Perbill::from_parts);
    let pool = |own, delegated, percent| Some(Pool { own, delegated, commission: Perbill::from_percent(percent) });
    let plain = Sale {
        units: 1_234,
        price: 10_000_000_000,
        license: None,
        app: None,
        kind: WorkKind::Generate,
        royalties: &royalties[..1],
        leaf: false,
        pool: None,
        validators: &[None, None, None],
    };
    let full = Sale {
        units: 987_654_321,
        price: 10_000_000_007,
        license: Some(1_000_003),
        app: Some(999),
        kind: WorkKind::Embed,
        royalties: &royalties,
        leaf: true,
        pool: pool(7, 11, 70),
        validators: &[pool(1, u128::MAX - 1, 0), None, pool(0, 0, 50)],
    };
    let by_kind = [10 * PERCENT, 4 * PERCENT];
    let now = |about: &str, sale: &Sale| case(about, levy, checks, NONE, Served::NOTHING, sale);
    let most = [Perbill::one(), Perbill::one()];
    json!([
        now("as today", &plain),
        now("nothing sold", &Sale { units: 0, ..plain }),
        now("one unit at the least price", &Sale { units: 1, price: 1, ..plain }),
        now("a fee of 20, the least of which anything burns", &Sale { units: 1_000, price: 20, ..plain }),
        now("nobody checked", &Sale { validators: &[], ..plain }),
        now("royalties of more than there is", &Sale { royalties: &most, ..plain }),
        now("the greatest fee", &Sale { units: 1, price: u128::MAX, ..plain }),
        now("more than the greatest fee", &Sale { units: 1_001, price: u128::MAX, ..plain }),
        now("an application that nothing serves", &Sale { app: Some(0), ..plain }),
        now("a license that nothing serves", &Sale { license: Some(1), ..plain }),
        now("a leaf that nothing serves", &Sale { leaf: true, ..plain }),
        now("a validator's pool that nothing serves", &Sale { validators: &[None, pool(1, 1, 0)], ..plain }),
        case("every role", levy, by_kind, given, everything, &full),
        case("every role, nobody entitled", levy, by_kind, given, everything, &plain),
        case(
            "prices that add up beyond all numbers",
            levy,
            checks,
            NONE,
            everything,
            &Sale { price: u128::MAX, license: Some(1), units: 1, ..plain }
        ),
        case(
            "stakes that add up beyond all numbers",
            levy,
            checks,
            NONE,
            everything,
            &Sale { pool: pool(u128::MAX, 1, 0), ..plain }
        ),
        case("a pot without a spender", levy, checks, [0, 0, 0, 1, 0], Served { probes: false, ..everything }, &plain),
        case(
            "a share of an application that nothing serves",
            levy,
            checks,
            given,
            Served { app: false, ..everything },
            &full
        ),
        case("half of the levy given away", levy, checks, [50 * PERCENT, 0, 0, 0, 0], everything, &plain),
        case("nothing left for the provider", levy, [95 * PERCENT, 0], NONE, everything, &plain),
    ])
}

//! What the runtime APIs of ours answer.

use super::chain;
use crate::{
    configs::market::MIN_DEADLINE,
    genesis_config_presets::{local_testnet, MODEL_OWNER, PROVIDER},
    Block, Market, Runtime, RuntimeOrigin, System, VERSION,
};
use frame_support::{assert_ok, BoundedVec};
use sp_api::RuntimeApiInfo;
use sp_keyring::Sr25519Keyring::Ferdie;
use strike_primitives::{
    api::{
        runtime_decl_for_market_api::MarketApiV1, runtime_decl_for_provenance_api::ProvenanceApiV1,
        runtime_decl_for_providers_api::ProvidersApiV1, runtime_decl_for_strike_api::StrikeApiV1, DutyPage, JobPage,
        JobStatus, MarketApi, ProvenanceApi, ProvidersApi, StrikeApi,
    },
    job::{Generate, Input, JobOrder, JobOrderV1, Sampler, VerificationClass, WorkSpec},
    TOKEN,
};

#[test]
fn each_area_has_an_api_of_its_own() {
    fn id<Api: RuntimeApiInfo + ?Sized>() -> ([u8; 8], u32) {
        (Api::ID, Api::VERSION)
    }
    let ours = [
        id::<dyn StrikeApi<Block>>(),
        id::<dyn MarketApi<Block>>(),
        id::<dyn ProvidersApi<Block>>(),
        id::<dyn ProvenanceApi<Block>>(),
    ];
    for api in ours {
        assert_eq!(api.1, 1);
        assert_eq!(VERSION.apis.iter().filter(|known| **known == api).count(), 1);
    }
}

#[test]
fn models_providers_and_asks_are_those_of_genesis() {
    chain(local_testnet()).execute_with(|| {
        let models = Runtime::models(None, 10);
        assert_eq!(models.len(), 1);
        assert_eq!(models[0].owner, MODEL_OWNER.to_account_id());
        let providers = Runtime::providers(None, 10);
        assert_eq!(providers.len(), 1);
        assert_eq!(providers[0].provider, PROVIDER.to_account_id());
        assert_eq!(providers[0].models, [models[0].model]);
        // The market's part.
        assert_eq!(providers[0].asks, Runtime::asks(models[0].model));
        assert_eq!(providers[0].asks.len(), 1);
        assert_eq!(Runtime::provider_of(PROVIDER.public().into()), Some(PROVIDER.to_account_id()));
        assert!(Runtime::providers(Some(PROVIDER.to_account_id()), 10).is_empty());
    });
}

#[test]
fn an_order_is_quoted_and_its_job_is_listed() {
    chain(local_testnet()).execute_with(|| {
        System::set_block_number(1);
        let work = WorkSpec::Generate(Generate {
            input: Input::Plain(BoundedVec::truncate_from(b"Once".to_vec())),
            sampler: Sampler::GREEDY,
            max_input_tokens: 40,
            max_output_tokens: 60,
            stop: Default::default(),
        });
        let (model, class) = (Runtime::models(None, 1)[0].model, VerificationClass::Exact);
        let order = JobOrder::V1(JobOrderV1 { work, model, class, max_price: TOKEN, deadline: 4 * MIN_DEADLINE });
        let quote = Runtime::quote(order.clone()).expect("the ask fits");
        assert_eq!(quote.provider, PROVIDER.to_account_id());
        assert_ok!(Market::submit(RuntimeOrigin::signed(Ferdie.to_account_id()), order.clone()));
        let info = Runtime::job(0).expect("it is kept");
        assert_eq!((info.requester.clone(), info.order.clone()), (Ferdie.to_account_id(), order));
        assert!(matches!(&info.status, JobStatus::Assigned { provider, .. } if *provider == quote.provider));
        assert_eq!(Runtime::jobs(Some(Ferdie.to_account_id()), None, 10), JobPage { jobs: vec![info], next: None });
        assert!(Runtime::jobs(Some(quote.provider), None, 10).jobs.is_empty());
        // The seed's beacon is not known yet.
        let page = Runtime::duty_heads(vec![PROVIDER.public().into()], None, 10);
        assert_eq!(page, DutyPage { heads: vec![], next: None });
    });
}

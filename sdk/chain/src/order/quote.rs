//! What an order may cost.

use super::fit::{needed, none_fits};
use crate::{amounts, client::Chain, error::Result, keys};
use strike_primitives::{
    api::{AskInfo, Costs, ProviderInfo},
    job::{fee, JobOrder, JobOrderV1},
    Balance, BlockNumber,
};

/// The order that `order` makes of a maximum price, at most for what the cheapest fitting provider asks now.
pub async fn at_quote(chain: &Chain, order: impl Fn(Balance) -> Result<JobOrder>) -> Result<JobOrder> {
    let unlimited = order(Balance::MAX)?;
    if let Some(quote) = chain.quote(&unlimited).await? {
        chain.progress().tell(format!(
            "quote: at most {} for {} units, by {}",
            amounts::amount(quote.max_fee),
            quote.max_units,
            keys::shown(&quote.provider)
        ));
        return order(quote.max_fee);
    }
    // Nobody is free, perhaps: then the order may wait for whoever asks least.
    let JobOrder::V1(unlimited) = &unlimited;
    let (providers, least) = (chain.providers().await?, chain.min_deadline().await?);
    let max_fee = cheapest(&providers, unlimited, least).ok_or_else(|| none_fits(&providers, unlimited, least))?;
    chain.progress().tell(format!("no quote now; the order offers at most {}", amounts::amount(max_fee)));
    order(max_fee)
}

/// Tells what an order costs and holds beside its price, whoever gets it.
pub async fn tell_costs(chain: &Chain, order: &JobOrder) -> Result<()> {
    if let Some(told) = chain.costs(order).await?.as_ref().map(costs) {
        chain.progress().tell(told);
    }
    Ok(())
}

/// What an order costs and holds beside its price, in a sentence.
pub fn costs(costs: &Costs) -> String {
    let burned = costs.transaction_fee.saturating_add(costs.attestation_fee);
    format!(
        "beside the price: {} burned (transaction about {}, attestations {}; {} more if it has to wait); \
         held: {} until the job closes, for a second attempt, and {} for storage until it is forgotten, \
         {} blocks after that or by 'strike job forget'",
        amounts::amount(burned),
        amounts::tokens(costs.transaction_fee),
        amounts::tokens(costs.attestation_fee),
        amounts::tokens(costs.waiting_fee),
        amounts::amount(costs.reserve),
        amounts::amount(costs.deposit),
        costs.retention
    )
}

/// What the order would cost at the lowest price that an active provider asks for such, free or not. Every ask needs `least` blocks.
fn cheapest(providers: &[ProviderInfo], order: &JobOrderV1, least: BlockNumber) -> Option<Balance> {
    let units = order.work.max_units();
    let fits = |ask: &&AskInfo| {
        let in_time = needed(ask, units, least) <= order.deadline.into();
        ask.model == order.model && ask.class == order.class && ask.max_units >= units && in_time
    };
    let active = providers.iter().filter(|info| info.active).flat_map(|info| &info.asks);
    fee(units, active.filter(fits).map(|ask| ask.price).min()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use strike_primitives::{
        artifact::{ArtifactId, ArtifactKind},
        job::{Generate, Input, Sampler, VerificationClass, WorkSpec},
        AccountId, H256,
    };

    /// An order of 96 units within 50 blocks.
    fn order() -> JobOrderV1 {
        JobOrderV1 {
            work: WorkSpec::Generate(Generate {
                input: Input::Plain(b"Once upon a time".to_vec().try_into().unwrap()),
                sampler: Sampler::GREEDY,
                max_input_tokens: 32,
                max_output_tokens: 64,
                stop: Default::default(),
            }),
            model: ArtifactId { kind: ArtifactKind::Bundle, root: H256([7; 32]) },
            class: VerificationClass::Statistical,
            max_price: 5,
            deadline: 50,
        }
    }

    #[test]
    fn an_order_says_what_is_burned_and_what_is_held_until_when() {
        let told = costs(&Costs {
            transaction_fee: 9_000_000_000,
            attestation_fee: 23_000_000_000,
            reserve: 23_000_000_000,
            waiting_fee: 20_000_000_000,
            deposit: 2_000_000_000,
            retention: 28_800,
        });
        for part in [
            "0.032 STRIKE burned",
            "about 0.009",
            "0.02 more",
            "0.023 STRIKE until the job closes",
            "0.002 STRIKE",
            "28800",
        ] {
            assert!(told.contains(part), "{told} says {part}");
        }
    }

    #[test]
    fn busy_providers_still_have_a_price() {
        let order = order();
        let slow_ask = |price, max_units, throughput| AskInfo {
            provider: AccountId::new([1; 32]),
            model: order.model,
            class: order.class,
            price,
            capacity: 1,
            running: 1,
            max_units,
            throughput,
        };
        let ask = |price, max_units| slow_ask(price, max_units, 100);
        let provider = |active, asks| ProviderInfo {
            provider: AccountId::new([1; 32]),
            bond: 0,
            reserved: 0,
            active,
            models: vec![order.model],
            linked: vec![],
            asks,
        };
        let providers = [
            provider(false, vec![ask(1, 4_096)]),
            provider(true, vec![ask(2_000, 10), ask(4_000, 4_096)]),
            provider(true, vec![ask(3_000, 96), slow_ask(1_000, 4_096, 1)]),
        ];
        let cheapest = |change: fn(&mut JobOrderV1)| {
            let mut order = order.clone();
            change(&mut order);
            cheapest(&providers, &order, 10)
        };
        assert_eq!(order.work.max_units(), 96);
        assert_eq!(cheapest(|_| ()), Some(288));
        assert_eq!(cheapest(|order| order.deadline = 105), Some(288), "the cheaper one takes 10 and 96 blocks");
        assert_eq!(cheapest(|order| order.deadline = 106), Some(96));
        assert_eq!(cheapest(|order| order.class = VerificationClass::Exact), None);
        assert_eq!(cheapest(|order| order.model.root = H256::zero()), None);
        assert_eq!(
            cheapest(|order| {
                let WorkSpec::Generate(work) = &mut order.work else { panic!() };
                work.max_output_tokens = 5_000;
            }),
            None
        );
    }
}

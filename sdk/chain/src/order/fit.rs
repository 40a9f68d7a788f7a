//! Why no ask fits an order, and what would.

use crate::error::Error;
use strike_primitives::{
    api::{AskInfo, ProviderInfo},
    job::{JobOrderV1, VerificationClass, WorkSpec},
    BlockNumber, Units,
};

/// The blocks that an ask needs for so many units. Every ask needs `least` blocks beside.
pub(super) fn needed(ask: &AskInfo, units: Units, least: BlockNumber) -> u64 {
    (units / Units::from(ask.throughput.max(1))).saturating_add(least.into())
}

/// The most units that an ask of these takes in the class.
pub(super) fn largest(asks: &[AskInfo], class: VerificationClass) -> Option<Units> {
    asks.iter().filter(|ask| ask.class == class).map(|ask| ask.max_units).max()
}

/// The failure of an order that no ask fits: the first reason that rules out all of them, and what to change.
pub(super) fn none_fits(providers: &[ProviderInfo], order: &JobOrderV1, least: BlockNumber) -> Error {
    let (units, deadline) = (order.work.max_units(), order.deadline);
    let active = providers.iter().filter(|info| info.active).flat_map(|info| &info.asks);
    let of_model: Vec<&AskInfo> = active.filter(|ask| ask.model == order.model).collect();
    let of_class: Vec<&AskInfo> = of_model.iter().copied().filter(|ask| ask.class == order.class).collect();
    let no_provider = |message: String| Error::new("NoProvider", message);
    if of_model.is_empty() {
        return no_provider("no active provider offers this model".into())
            .hint("'strike provider list' shows what is offered; with --max-price the order waits for a provider");
    }
    let class = |class: VerificationClass| format!("{class:?}").to_lowercase();
    if let ([], Some(other)) = (&of_class[..], of_model.first()) {
        return no_provider(format!("no active provider offers this model in the {} class", class(order.class)))
            .hint(format!("it is offered in the other one: --class {}", class(other.class)));
    }
    let large: Vec<&AskInfo> = of_class.iter().copied().filter(|ask| ask.max_units >= units).collect();
    if large.is_empty() {
        let most = of_class.iter().map(|ask| ask.max_units).max().unwrap_or_default();
        let (parts, hint) = match &order.work {
            WorkSpec::Generate(work) => (
                format!("{} to read and {} to write", work.max_input_tokens, work.max_output_tokens),
                "lower --max-input-tokens or --max-tokens, or shorten the prompt",
            ),
            WorkSpec::Embed(_) => ("all to read".to_owned(), "lower --max-input-tokens, or shorten the texts"),
        };
        return no_provider(format!("the order may take {units} units ({parts}), the largest ask takes {most}"))
            .hint(hint);
    }
    match large.iter().map(|ask| needed(ask, units, least)).min().filter(|blocks| *blocks > u64::from(deadline)) {
        Some(blocks) => no_provider(format!("nobody who takes {units} units does them within {deadline} blocks"))
            .hint(format!("give more time: --deadline {blocks}")),
        None => no_provider("no ask for so many units has a price that an amount can hold".into())
            .hint("lower --max-input-tokens"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strike_primitives::{
        artifact::{ArtifactId, ArtifactKind},
        job::{Generate, Input, Sampler},
        AccountId, H256,
    };

    fn model(byte: u8) -> ArtifactId {
        ArtifactId { kind: ArtifactKind::Bundle, root: H256([byte; 32]) }
    }

    fn ask(max_units: Units, throughput: u32, class: VerificationClass) -> AskInfo {
        AskInfo {
            provider: AccountId::new([1; 32]),
            model: model(7),
            class,
            price: 5,
            capacity: 1,
            running: 0,
            max_units,
            throughput,
        }
    }

    fn provider(active: bool, asks: Vec<AskInfo>) -> ProviderInfo {
        let provider = AccountId::new([1; 32]);
        ProviderInfo { provider, bond: 0, reserved: 0, active, models: vec![], linked: vec![], asks }
    }

    /// An order of 4,097 units within 50 blocks.
    fn order() -> JobOrderV1 {
        let work = WorkSpec::Generate(Generate {
            input: Input::Plain(Default::default()),
            sampler: Sampler::GREEDY,
            max_input_tokens: 4_033,
            max_output_tokens: 64,
            stop: Default::default(),
        });
        JobOrderV1 { work, model: model(7), class: VerificationClass::Exact, max_price: 5, deadline: 50 }
    }

    #[test]
    fn the_hint_names_what_rules_every_ask_out() {
        use VerificationClass::{Exact, Statistical};
        let hint = |providers: &[ProviderInfo]| {
            let error = none_fits(providers, &order(), 10);
            assert_eq!(error.name, "NoProvider");
            (error.message, error.hint.unwrap())
        };
        let (message, advice) = hint(&[provider(false, vec![ask(9_000, 1_000, Exact)])]);
        assert!(message.contains("no active provider offers this model") && advice.contains("--max-price"), "{advice}");
        let (_, advice) = hint(&[provider(true, vec![ask(9_000, 1_000, Statistical)])]);
        assert!(advice.ends_with("--class statistical"), "{advice}");
        // One token too many for what an ask takes by default: neither time nor waiting helps.
        let (message, advice) = hint(&[provider(true, vec![ask(4_096, 1_000, Exact), ask(100, 1_000, Exact)])]);
        assert!(message.contains("4097 units (4033 to read and 64 to write)"), "{message}");
        assert!(message.contains("takes 4096") && advice.contains("--max-input-tokens"), "{message}; {advice}");
        assert!(!advice.contains("--deadline") && !advice.contains("--max-price"), "{advice}");
        let (_, advice) = hint(&[provider(true, vec![ask(4_096, 1_000, Exact), ask(9_000, 30, Exact)])]);
        assert!(advice.ends_with("--deadline 146"), "{advice}");
    }

    #[test]
    fn the_largest_ask_is_one_of_the_class() {
        use VerificationClass::{Exact, Statistical};
        let asks = [ask(10, 1, Exact), ask(4_096, 1, Exact), ask(9_000, 1, Statistical)];
        assert_eq!((largest(&asks, Exact), largest(&asks[..1], Statistical)), (Some(4_096), None));
    }
}

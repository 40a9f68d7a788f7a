//! `strike provider …`: register, offer, list.

use super::{
    context::{key_pair, submit_and_report, Context},
    model,
};
use crate::{
    args::ProviderCommand,
    error::{Error, Result},
    output,
    present::{json::ProviderView, words},
};
use sp_core::Pair;
use strike_chain::{amounts, calls, keys, Chain};
use strike_primitives::{
    api::ProviderInfo,
    app::{proof_of_possession_payload, AppKey},
    artifact::ArtifactId,
    AccountId,
};

/// Runs a command of the group.
pub async fn run(context: &Context, command: ProviderCommand) -> Result<()> {
    match command {
        ProviderCommand::Register { bond, model, linked, app_key, key } => {
            let chain = context.chain().await?;
            let signer = keys::signer(key.key.as_deref(), &chain).await?;
            let account = keys::account_of(&signer);
            let app = key_pair(&app_key)?;
            let linked = linked.iter().map(|text| keys::account(text)).collect::<strike_chain::Result<Vec<_>>>()?;
            let mut models = Vec::new();
            for text in &model {
                models.push(model::resolve(&chain, text).await?);
            }
            let proof = app.sign(&proof_of_possession_payload(&chain.genesis(), &account));
            let call = calls::register_provider(bond, &AppKey::from(app.public()), &proof, &models, &linked);
            let done = format!("registered {} with a bond of {}", keys::shown(&account), amounts::amount(bond));
            submit_and_report(context, &chain, &call, &signer, &done).await?;
            output::progress(format!(
                "  next: put the app key 0x{} into the node's keystore (strike-node key insert --key-type strk), \
                 run the node with --provider, and offer a model: strike provider ask",
                hex::encode(app.public().0)
            ));
            Ok(())
        }
        ProviderCommand::Serve { model, key } => {
            let chain = context.chain().await?;
            let signer = keys::signer(key.key.as_deref(), &chain).await?;
            let mut models = served(&chain, &keys::account_of(&signer)).await?;
            for text in &model {
                let id = model::resolve(&chain, text).await?;
                if !models.contains(&id) {
                    models.push(id);
                }
            }
            let done = format!("serves {} models", models.len());
            submit_and_report(context, &chain, &calls::set_models(&models), &signer, &done).await
        }
        ProviderCommand::Ask { model, price, capacity, max_units, throughput, class, withdraw, key } => {
            let chain = context.chain().await?;
            let signer = keys::signer(key.key.as_deref(), &chain).await?;
            let id = model::resolve(&chain, &model).await?;
            let (call, done) = match price {
                _ if withdraw => (calls::withdraw_ask(&id, class.into()), format!("withdrew the ask for {model}")),
                Some(price) => (
                    calls::place_ask(&id, class.into(), price, capacity, max_units, throughput),
                    format!("asked {} per 1,000 units of {model}", amounts::amount(price)),
                ),
                // The command line requires one of them.
                None => return Err(Error::new("PriceMissing", "an ask has a price")),
            };
            submit_and_report(context, &chain, &call, &signer, &done).await
        }
        ProviderCommand::List => {
            let providers = context.chain().await?.providers().await?;
            if context.json {
                return output::json(&providers.iter().map(ProviderView::from).collect::<Vec<_>>());
            }
            output::line(text(&providers));
            Ok(())
        }
    }
}

/// The models that a provider serves.
pub async fn served(chain: &Chain, provider: &AccountId) -> Result<Vec<ArtifactId>> {
    let info = chain.providers().await?.into_iter().find(|info| info.provider == *provider);
    let info = info.ok_or_else(|| {
        Error::new("ProviderNotFound", format!("{} is no provider", keys::shown(provider)))
            .hint("'strike provider register' makes it one")
    })?;
    Ok(info.models)
}

fn text(providers: &[ProviderInfo]) -> String {
    if providers.is_empty() {
        return "no providers are registered".into();
    }
    let blocks = providers.iter().map(|info| {
        let state = if info.active { "active" } else { "not active" };
        let head = format!(
            "{}: {state}, bond {}, of which {} back jobs",
            keys::shown(&info.provider),
            amounts::amount(info.bond),
            amounts::tokens(info.reserved)
        );
        let mut rows: Vec<Vec<String>> = Vec::new();
        if !info.asks.is_empty() {
            rows.push(
                ["  CLASS", "PRICE/1000", "RUNNING", "MAX UNITS", "UNITS/BLOCK", "MODEL"].map(String::from).to_vec(),
            );
        }
        rows.extend(info.asks.iter().map(|ask| {
            vec![
                format!("  {:?}", ask.class).to_lowercase(),
                amounts::tokens(ask.price),
                format!("{} of {}", ask.running, ask.capacity),
                ask.max_units.to_string(),
                ask.throughput.to_string(),
                words::model(&ask.model),
            ]
        }));
        if rows.is_empty() {
            format!("{head}\n  no asks")
        } else {
            format!("{head}\n{}", output::table(&rows))
        }
    });
    blocks.collect::<Vec<_>>().join("\n")
}

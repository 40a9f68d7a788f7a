//! `strike account …`: balances, transfers, and what became of a transaction.

mod transaction;

use super::context::{key_pair, submit_and_report, Context};
use crate::{
    args::AccountCommand,
    error::{Error, Result},
    output,
    present::{json::BalanceView, words::held_until},
};
use strike_chain::{amounts, calls, client::Holdings, keys, TransactionQuery};
use strike_primitives::AccountId;

/// Runs a command of the group.
pub async fn run(context: &Context, command: AccountCommand) -> Result<()> {
    match command {
        AccountCommand::Balance { account, key } => {
            let account = match (account, key) {
                (Some(account), _) => keys::account(&account)?,
                (None, Some(key)) => keys::account_of(&key_pair(&key)?),
                // The command line requires one of them.
                (None, None) => return Err(Error::new("AccountMissing", "whose balance?")),
            };
            let holdings = context.chain().await?.holdings(&account, None).await?;
            if context.json {
                output::json(&view(account, holdings))
            } else {
                output::line(text(&account, &holdings));
                Ok(())
            }
        }
        AccountCommand::Transfer { to, amount, key } => {
            let to = keys::account(&to)?;
            let chain = context.chain().await?;
            let signer = keys::signer(key.key.as_deref(), &chain).await?;
            let done = format!("sent {} to {}", amounts::amount(amount), keys::shown(&to));
            submit_and_report(context, &chain, &calls::transfer(&to, amount), &signer, &done).await
        }
        AccountCommand::Transaction { hash, account, nonce, from } => {
            let account = account.as_deref().map(keys::account).transpose()?;
            let query = TransactionQuery { hash, signed: account.zip(nonce), from };
            transaction::run(context, &query).await
        }
    }
}

fn view(account: AccountId, holdings: Holdings) -> BalanceView {
    BalanceView {
        account,
        total: holdings.total().into(),
        free: holdings.free.into(),
        held_until: holdings
            .held
            .iter()
            .filter_map(|(reason, _)| Some((reason.clone(), held_until(reason)?)))
            .collect(),
        held: holdings.held.into_iter().map(|(reason, amount)| (reason, amount.into())).collect(),
        frozen: holdings.frozen.into(),
    }
}

fn text(account: &AccountId, holdings: &Holdings) -> String {
    let mut rows = vec![vec!["free".into(), amounts::amount(holdings.free)]];
    for (reason, amount) in &holdings.held {
        let until = held_until(reason).map(|until| format!("until {until}"));
        rows.push(vec![format!("held for {reason}"), amounts::amount(*amount), until.unwrap_or_default()]);
    }
    if holdings.frozen > 0 {
        rows.push(vec!["frozen of what is free".into(), amounts::amount(holdings.frozen)]);
    }
    rows.push(vec!["total".into(), amounts::amount(holdings.total())]);
    format!("{}\n{}", keys::shown(account), output::table(&rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use strike_primitives::TOKEN;

    fn holdings() -> Holdings {
        Holdings { free: 3 * TOKEN, held: vec![("Market.Escrow".into(), TOKEN)], reserved: TOKEN, frozen: 0 }
    }

    #[test]
    fn balances_have_a_shape() {
        let account = AccountId::new([1; 32]);
        let text = serde_json::to_string(&view(account.clone(), holdings())).unwrap();
        assert_eq!(
            text,
            format!(
                r#"{{"account":"{account}","free":"3000000000000","held":{{"Market.Escrow":"1000000000000"}},"held_until":{{"Market.Escrow":"the jobs close"}},"frozen":"0","total":"4000000000000"}}"#
            )
        );
    }

    #[test]
    fn balances_are_readable() {
        let alice = keys::account("alice").unwrap();
        let text = text(&alice, &holdings());
        assert!(text.starts_with("Alice ("), "{text}");
        assert!(text.contains("held for Market.Escrow  1 STRIKE  until the jobs close"), "{text}");
        assert!(text.ends_with("total                   4 STRIKE"), "{text}");
    }
}

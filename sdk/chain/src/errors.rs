//! Failures of the chain, of its node and of the way to it, in words.

use crate::error::Error;
use std::time::Duration;
use subxt::{
    error::DispatchError,
    metadata::ArcMetadata,
    rpcs::{self, UserError},
};

/// What to do when a node cannot be talked to.
const UNREACHABLE: &str = "is the node running? 'strike localnet' starts a network; --url names another node";

/// A request that did not come back with a result.
pub fn rpc(error: rpcs::Error) -> Error {
    match error {
        rpcs::Error::User(error) => user(&error),
        error => Error::new("ConnectionFailed", innermost(&error)).hint(UNREACHABLE),
    }
}

/// The node refused a request.
fn user(error: &UserError) -> Error {
    let data = data(error);
    let message = if data.is_empty() { error.message.clone() } else { format!("{}: {data}", error.message) };
    if error.code == -32601 {
        return Error::new("MethodNotFound", message).hint("the node is of another version or no Strike node");
    }
    match error.code {
        STRIKE_FIRST..=STRIKE_LAST => named(&error.message),
        _ => Error::new("RequestRefused", message),
    }
}

/// Codes of the errors of the `strike_*` methods.
const STRIKE_FIRST: i32 = 7001;
const STRIKE_LAST: i32 = 7099;

/// An error of a `strike_*` method: `Name: what happened; what to do`.
fn named(message: &str) -> Error {
    let (name, text) = message.split_once(": ").unwrap_or(("RequestRefused", message));
    match text.split_once("; ") {
        Some((what, hint)) => Error::new(name, what).hint(hint),
        None => Error::new(name, text),
    }
}

/// What the node says beyond the message.
pub fn data(error: &UserError) -> String {
    let Some(raw) = &error.data else { return String::new() };
    serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}

/// The connection ended.
pub fn cut_off() -> Error {
    Error::new("ConnectionLost", "the node closed the connection").hint(UNREACHABLE)
}

/// The connection is there, but the node has not answered for so long.
pub fn silent(patience: Duration) -> Error {
    Error::new("ConnectionLost", format!("the node has not answered for {} s", patience.as_secs())).hint(UNREACHABLE)
}

/// The address is none that a connection can be made to.
pub fn no_url(url: &str) -> Error {
    Error::new("UrlInvalid", format!("'{url}' is no address of a node's JSON-RPC"))
        .hint("it begins with ws:// or wss://, such as ws://127.0.0.1:9944")
}

/// No connection could be made.
pub fn connect(url: &str, error: impl std::error::Error + 'static) -> Error {
    unreachable(url, &innermost(&error))
}

/// No connection could be made, and why.
pub fn unreachable(url: &str, why: &str) -> Error {
    Error::new("NodeUnreachable", format!("no connection to {url}: {why}")).hint(UNREACHABLE)
}

/// Anything else that subxt reports.
pub fn subxt(error: impl Into<subxt::Error>) -> Error {
    let error = error.into();
    Error::new("ChainAccessFailed", innermost(&error))
}

/// The last of a chain of causes says what happened; the others say who noticed.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    // Subxt's wrappers often say all and have no source.
    let (whole, inner) = (error.to_string(), cause.to_string());
    let text = if whole.contains(&inner) { whole } else { format!("{whole}: {inner}") };
    text.trim_start_matches(WRAPPER).to_owned()
}

/// What every layer of the client puts before the text of the one below.
const WRAPPER: &str = "RPC error: client error: ";

/// The chain refused a call: the SCALE-encoded `DispatchError`, named and explained by the metadata.
pub fn dispatch(bytes: &[u8], metadata: ArcMetadata) -> Error {
    let error = match DispatchError::decode_from(bytes, metadata) {
        Ok(error) => error,
        Err(error) => return Error::new("UnknownDispatchError", format!("0x{}: {error}", hex::encode(bytes))),
    };
    match &error {
        DispatchError::Module(module) => match module.details() {
            Ok(details) => explained(details.pallet.name(), &details.variant.name, &details.variant.docs),
            Err(_) => Error::new("UnknownModuleError", module.details_string()),
        },
        DispatchError::Token(token) => Error::new(variant(token), token.to_string())
            .hint("'strike account balance' shows what the account has, free and held"),
        // What the currency says when more is to be taken than there is.
        DispatchError::Arithmetic(arithmetic) => {
            Error::new(variant(arithmetic), format!("an amount is too large ({})", variant(arithmetic).to_lowercase()))
                .hint("'strike account balance' shows what the account has, free and held")
        }
        DispatchError::Transactional(layers) => Error::new(variant(layers), layers.to_string()),
        other => Error::new(variant(other), other.to_string()),
    }
}

/// A pallet's error. Its documentation begins with what is wrong and goes on with what the caller can do.
fn explained(pallet: &str, name: &str, docs: &[String]) -> Error {
    let docs = docs.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    let docs = docs.trim();
    let (what, hint) = docs.split_once(". ").or_else(|| docs.split_once(": ")).unwrap_or((docs, ""));
    let hint = hint.trim();
    let what = what.trim_end_matches('.');
    let what = if what.is_empty() { "the call was refused" } else { what };
    let error = Error::new(name, format!("{what} ({pallet})"));
    if hint.is_empty() {
        error
    } else {
        error.hint(hint)
    }
}

/// The name of an enum's variant.
fn variant(error: &impl std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    text.split(|character: char| !character.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documentation_becomes_message_and_hint() {
        let docs = [" No job has this id.".into(), " Finished jobs are pruned: see the receipt's event.".into()];
        let error = explained("Market", "JobNotFound", &docs);
        assert_eq!(error.name, "JobNotFound");
        assert_eq!(error.message, "No job has this id (Market)");
        assert_eq!(error.hint.as_deref(), Some("Finished jobs are pruned: see the receipt's event."));
        let short = explained("Market", "PriceTooLow", &[" The price is below the least one: raise it.".into()]);
        assert_eq!(short.message, "The price is below the least one (Market)");
        assert_eq!(short.hint.as_deref(), Some("raise it."));
        let bare = explained("Market", "X", &[]);
        assert_eq!((bare.message.as_str(), bare.hint), ("the call was refused (Market)", None));
    }

    #[test]
    fn errors_of_our_methods_are_taken_apart() {
        let error = named("NoCommitment: nobody has committed to a result of job 7; see its status");
        assert_eq!((error.name.as_str(), error.hint.as_deref()), ("NoCommitment", Some("see its status")));
        assert_eq!(error.message, "nobody has committed to a result of job 7");
        assert_eq!(named("odd").name, "RequestRefused");
    }

    #[test]
    fn variants_have_names() {
        assert_eq!(variant(&subxt::error::TokenError::FundsUnavailable), "FundsUnavailable");
        assert_eq!(variant(&Some(1)), "Some");
    }
}

//! Secrets and accounts as people name them, and as they are shown.

use crate::{
    client::Chain,
    error::{Error, Result},
};
use sp_core::{crypto::Ss58Codec, sr25519, Pair};
use std::{fs, path::Path, sync::OnceLock};
use strike_primitives::AccountId;

/// The well-known development accounts. Everybody knows their keys.
pub const DEV_NAMES: [&str; 8] = ["Alice", "Bob", "Charlie", "Dave", "Eve", "Ferdie", "One", "Two"];

/// The proper spelling of a development name given as `alice`, `Alice` or `//Alice`.
fn dev_name(text: &str) -> Option<&'static str> {
    let bare = text.strip_prefix("//").unwrap_or(text);
    DEV_NAMES.into_iter().find(|name| name.eq_ignore_ascii_case(bare))
}

/// The secret URI that `text` names: a development name, a URI that starts with `//`, or a file that holds a URI, a
/// mnemonic or a seed in hex. A mnemonic itself is not taken: command lines are public on a machine and kept in histories.
pub fn secret_uri(text: &str) -> Result<String> {
    if let Some(name) = dev_name(text) {
        return Ok(format!("//{name}"));
    }
    if text.starts_with("//") {
        return Ok(text.to_owned());
    }
    let path = Path::new(text);
    let content = fs::read_to_string(path).map_err(|error| {
        // What was given is not repeated: it may be the secret itself.
        Error::new("KeyNotFound", format!("what --key names is no development name, and as a file: {error}")).hint(
            "give a name such as 'alice', or the path of a file that holds a secret URI, a mnemonic or a hex seed; never a secret \
             itself: command lines are public on a machine and kept in histories",
        )
    })?;
    let secret = content.trim();
    // A bare seed, as some tools write it.
    if secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(format!("0x{secret}"));
    }
    Ok(secret.to_owned())
}

/// The key pair that `text` names; see [`secret_uri`].
pub fn key_pair(text: &str) -> Result<sr25519::Pair> {
    let uri = secret_uri(text)?;
    // Neither is the error shown: it may quote the secret. Nor is a URI, which may have a password.
    sr25519::Pair::from_string(&uri, None).map_err(|_| {
        let what = match text.starts_with("//") {
            true => "what --key names is".to_owned(),
            false => format!("'{text}' holds"),
        };
        Error::new("KeyInvalid", format!("{what} no secret URI, mnemonic or hex seed"))
            .hint("the file should hold one line: twelve words, '0x' and 64 hex digits, or either followed by '//path'")
    })
}

/// Who signs on development chains where nobody is named: neither a validator nor a provider there.
pub const DEV_SIGNER: &str = "ferdie";

/// The key pair to sign with: the one named, or on a development chain that of [`DEV_SIGNER`]. Progress has the [`warning`].
pub async fn signer(key: Option<&str>, chain: &Chain) -> Result<sr25519::Pair> {
    if let Some(text) = key {
        if let Some(warning) = warning(text) {
            chain.progress().tell(warning);
        }
        return key_pair(text);
    }
    if chain.is_for_development().await? {
        return key_pair(DEV_SIGNER);
    }
    Err(Error::new("KeyMissing", "who signs?")
        .hint("name a file that holds a secret URI, a mnemonic or a hex seed: --key FILE"))
}

/// What to warn of before a file's secret is used: that other users of this machine can read it. `None` for what names no
/// file, and where only the owner reads it.
#[cfg(unix)]
pub fn warning(text: &str) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    if dev_name(text).is_some() || text.starts_with("//") {
        return None;
    }
    let mode = fs::metadata(text).ok()?.permissions().mode();
    (mode & 0o077 != 0)
        .then(|| format!("warning: other users of this machine can read the secret in {text}; run: chmod 600 {text}"))
}

/// Elsewhere files tell nothing of who reads them.
#[cfg(not(unix))]
pub fn warning(_text: &str) -> Option<String> {
    None
}

/// The account of a key pair.
pub fn account_of(pair: &sr25519::Pair) -> AccountId {
    AccountId::new(pair.public().0)
}

/// The account that `text` names: an SS58 address, `0x` and 64 hex digits, or a development name.
pub fn account(text: &str) -> Result<AccountId> {
    if let Some(name) = dev_name(text) {
        return Ok(account_of(&key_pair(name)?));
    }
    let invalid = |why: String| {
        // Words may be a mnemonic that was given in the wrong place.
        let named = if text.contains(char::is_whitespace) { "what was given".into() } else { format!("'{text}'") };
        Error::new("AccountInvalid", format!("{named} is no account: {why}"))
            .hint("give an SS58 address, '0x' and 64 hex digits, or a development name such as 'bob'")
    };
    if let Some(digits) = text.strip_prefix("0x") {
        let bytes: [u8; 32] = hex::decode(digits)
            .map_err(|error| invalid(error.to_string()))?
            .try_into()
            .map_err(|_| invalid("it has not 32 bytes".into()))?;
        return Ok(AccountId::new(bytes));
    }
    // As every chain writes it: that of the chain in question is not known before there is a connection.
    let read = AccountId::from_ss58check_with_version(text);
    read.map(|(account, _)| account).map_err(|error| invalid(format!("{error:?}")))
}

/// The development name of an account, if it is one.
pub fn name_of(account: &AccountId) -> Option<&'static str> {
    static ACCOUNTS: OnceLock<Vec<(AccountId, &str)>> = OnceLock::new();
    let known = ACCOUNTS.get_or_init(|| {
        let account = |name| Some((account_of(&key_pair(name).ok()?), name));
        DEV_NAMES.into_iter().filter_map(account).collect()
    });
    known.iter().find(|(known, _)| known == account).map(|(_, name)| *name)
}

/// An account as people read it: with its name where it is a development account.
pub fn shown(account: &AccountId) -> String {
    match name_of(account) {
        Some(name) => format!("{name} ({account})"),
        None => account.to_string(),
    }
}

/// An account in a narrow column: its development name or its address.
pub fn shown_short(account: &AccountId) -> String {
    name_of(account).map_or_else(|| account.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_core::crypto::Ss58AddressFormat;
    use std::io::Write;

    #[test]
    fn names_are_taken_in_every_spelling() {
        let alice = account("alice").unwrap();
        assert_eq!(account("//Alice").unwrap(), alice);
        assert_eq!(account_of(&key_pair("ALICE").unwrap()), alice);
        assert_eq!(name_of(&alice), Some("Alice"));
        assert_eq!(account(&alice.to_string()).unwrap(), alice);
        assert_eq!(account(&format!("0x{}", hex::encode::<&[u8]>(alice.as_ref()))).unwrap(), alice);
    }

    #[test]
    fn addresses_are_taken_as_any_chain_writes_them_before_there_is_a_connection() {
        let alice = account("alice").unwrap();
        for prefix in [0, 42, 5757] {
            let address = alice.to_ss58check_with_version(Ss58AddressFormat::custom(prefix));
            assert_eq!(account(&address).unwrap(), alice, "{address}");
        }
    }

    #[test]
    fn files_hold_uris_mnemonics_and_seeds() {
        let write = |content: &str| {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(content.as_bytes()).unwrap();
            file
        };
        let read = |content: &str| {
            let file = write(content);
            key_pair(file.path().to_str().unwrap()).map(|pair| account_of(&pair))
        };
        let phrase = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
        assert_eq!(read("//Alice\n").unwrap(), account("alice").unwrap());
        assert_eq!(read(&format!("{phrase}//Alice")).unwrap(), account("alice").unwrap());
        let seed = "11".repeat(32);
        assert_eq!(read(&seed).unwrap(), read(&format!("0x{seed}")).unwrap());
        let error = read("not a secret").unwrap_err();
        assert_eq!(error.name, "KeyInvalid");
        assert!(!error.message.contains("not a secret"));
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_that_others_can_read_is_warned_of() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(warning(path).unwrap().ends_with(&format!("chmod 600 {path}")));
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(warning(path), None);
        assert_eq!((warning("alice"), warning("//Alice"), warning("/no/such/file")), (None, None, None));
    }

    #[test]
    fn no_error_repeats_what_may_be_a_secret() {
        let phrase = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
        let seed = format!("0x{}", "ab".repeat(32));
        let words = ["bottom", "curtain", "basket", "abab", "hunter2"];
        for secret in [phrase, &format!("{phrase}//stash"), &seed, &seed[2..], "///hunter2", "//hunter2//"] {
            let error = match key_pair(secret) {
                Ok(_) => continue,
                Err(error) => error,
            };
            let said = format!("{error} {}", error.hint.clone().unwrap_or_default());
            assert!(!words.iter().any(|word| said.contains(word)), "{said}");
        }
        let error = account(phrase).unwrap_err();
        assert!(!error.message.contains("curtain"), "{error}");
    }

    #[test]
    fn what_is_neither_name_nor_file_is_refused() {
        assert_eq!(key_pair("nobody-has-this-name").err().unwrap().name, "KeyNotFound");
        assert_eq!(account("5Grw").unwrap_err().name, "AccountInvalid");
        assert_eq!(account("0x12").unwrap_err().name, "AccountInvalid");
    }
}

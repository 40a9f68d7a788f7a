//! The keys that a role needs.

use super::{
    command_line::{CommandLine, Place},
    problem::Problem,
};
use sc_service::config::KeystoreConfig;
use sp_core::crypto::{
    key_types::{AUTHORITY_DISCOVERY, BABE, GRANDPA},
    KeyTypeId,
};
use sp_keystore::Keystore;
use std::path::Path;
use strike_primitives::app::APP_KEY_TYPE;

/// A kind of key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Kind {
    id: KeyTypeId,
    scheme: &'static str,
    purpose: &'static str,
}

const APP: Kind = Kind { id: APP_KEY_TYPE, scheme: "sr25519", purpose: "to sign results" };
/// Those of a validator.
const SESSION: [Kind; 4] = [
    Kind { id: BABE, scheme: "sr25519", purpose: "to author blocks" },
    Kind { id: GRANDPA, scheme: "ed25519", purpose: "to vote for finality" },
    Kind { id: AUTHORITY_DISCOVERY, scheme: "sr25519", purpose: "to be found by the other validators" },
    APP,
];

impl Kind {
    fn name(&self) -> String {
        String::from_utf8_lossy(&self.id.0).into_owned()
    }
}

/// What a node is to do with its keys.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Roles {
    /// Author, vote and check, with keys from its keystore.
    pub validator: bool,
    /// Serve jobs, with a key from its keystore.
    pub provider: bool,
}

/// A problem if a validator has no network key that stays: the other nodes know it by that key.
pub(super) fn no_network_key(file: &Path, place: &Place, is_temporary: bool, line: &CommandLine) -> Problem {
    let what = format!(
        "a validator needs a network key that stays, by which the others find it again, and there is none in {}",
        file.display()
    );
    if is_temporary {
        let line = line.without_flag("--tmp").with("--base-path", "FOLDER").line();
        return Problem::new(
            format!("{what}: a temporary base path (--tmp) keeps no key. Start the node with a folder:"),
            [line],
        );
    }
    let make = match file.ends_with("secret_ed25519") {
        true => place.make_network_key(line),
        // Elsewhere, by --node-key-file.
        false => {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let (file, folder) = (file.to_string_lossy(), folder.to_string_lossy());
            let place = CommandLine::of_words(["mkdir", "-p", &*folder]).line();
            format!("{place} && {}", line.subcommand(["key", "generate-node-key", "--file", &*file]).line())
        }
    };
    Problem::new(format!("{what}. Make one, once, and start the node again:"), [make, line.line()])
}

/// A problem if a key is missing without which a role does nothing.
fn missing(roles: Roles, has: impl Fn(KeyTypeId) -> bool, place: &Place, line: &CommandLine) -> Option<Problem> {
    let needed: &[Kind] = match roles {
        Roles { validator: true, .. } => &SESSION,
        Roles { provider: true, .. } => &[APP],
        Roles { .. } => return None,
    };
    let lacking: Vec<&Kind> = needed.iter().filter(|kind| !has(kind.id)).collect();
    if lacking.is_empty() {
        return None;
    }
    let role = if roles.validator { "a validator" } else { "a provider" };
    let named: Vec<String> = lacking.iter().map(|kind| format!("{} ({})", kind.name(), kind.purpose)).collect();
    let source = if roles.validator {
        "They are those that the validator's account has set on the chain (session.set_keys)."
    } else {
        "It is the one that the provider has registered (strike provider register --app-key)."
    };
    let insert = lacking.iter().map(|kind| place.insert_key(line, &kind.name(), kind.scheme));
    Some(Problem::new(
        format!(
            "{role} needs keys that this node's keystore lacks: {}. {source} Put each in (the command asks for its secret), and start \
             the node again:",
            named.join(", ")
        ),
        insert.chain([line.line()]),
    ))
}

/// [`missing`], of the keystore of a configuration.
pub(super) fn check(roles: Roles, keystore: &KeystoreConfig, place: &Place, line: &CommandLine) -> Result<(), Problem> {
    let KeystoreConfig::Path { path, password } = keystore else { return Ok(()) };
    if !roles.validator && !roles.provider {
        return Ok(());
    }
    let keystore = sc_keystore::LocalKeystore::open(path.clone(), password.clone()).map_err(|error| {
        Problem::new(
            format!("the keystore in {} cannot be opened: {error}. Look who may read it:", path.display()),
            [CommandLine::of_words(["ls", "-ld", &*path.to_string_lossy()]).line()],
        )
    })?;
    let has = |id| keystore.keys(id).is_ok_and(|keys| !keys.is_empty());
    missing(roles, has, place, line).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> CommandLine {
        CommandLine::of_words(["strike-node", "--validator", "--chain", "spec.json", "--base-path", "/data"])
    }

    fn place() -> Place {
        Place { chain: Some("spec.json".into()), base_path: Some("/data".into()), keystore_path: None }
    }

    #[test]
    fn a_validator_without_a_network_key_is_told_how_to_make_one() {
        let told =
            no_network_key(Path::new("/data/chains/x/network/secret_ed25519"), &place(), false, &line()).to_string();
        assert!(told.contains("\n  strike-node key generate-node-key --chain spec.json --base-path /data\n"), "{told}");
        assert!(told.ends_with("\n  strike-node --validator --chain spec.json --base-path /data"), "{told}");
        let told = no_network_key(Path::new("/keys/mine"), &place(), false, &line()).to_string();
        assert!(told.contains("\n  mkdir -p /keys && strike-node key generate-node-key --file /keys/mine\n"), "{told}");
        let told = no_network_key(Path::new("mine"), &place(), false, &line()).to_string();
        assert!(told.contains("mkdir -p . && strike-node key generate-node-key --file mine"), "{told}");
        let told = no_network_key(Path::new("/tmp/x/secret_ed25519"), &place(), true, &line()).to_string();
        assert!(told.contains("--base-path FOLDER") && !told.contains("generate-node-key"), "{told}");
    }

    #[test]
    fn each_role_is_told_which_keys_it_lacks() {
        let told = |roles, there: &[KeyTypeId]| {
            let there = there.to_vec();
            missing(roles, move |id| there.contains(&id), &place(), &line()).map(|problem| problem.to_string())
        };
        let (validator, provider) =
            (Roles { validator: true, provider: false }, Roles { validator: false, provider: true });
        let both = Roles { validator: true, provider: true };
        let all = [BABE, GRANDPA, AUTHORITY_DISCOVERY, APP_KEY_TYPE];
        for roles in [validator, provider, both, Roles::default()] {
            assert_eq!(told(roles, &all), None);
        }
        assert_eq!(told(Roles::default(), &[]), None);

        let lacks = told(provider, &[BABE]).expect("no app key");
        assert!(
            lacks.contains(
                "\n  strike-node key insert --key-type strk --scheme sr25519 --chain spec.json --base-path /data\n"
            ),
            "{lacks}"
        );
        let lacks = told(validator, &[BABE, APP_KEY_TYPE]).expect("two keys are missing");
        assert!(lacks.contains("--key-type gran --scheme ed25519") && lacks.contains("--key-type audi"), "{lacks}");
        assert!(!lacks.contains("--key-type babe") && !lacks.contains("--key-type strk"), "{lacks}");
        assert_eq!(told(both, &[]).expect("all are missing").matches("key insert").count(), 4);
    }

    #[test]
    fn a_keystore_on_disk_is_looked_into() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = KeystoreConfig::Path { path: folder.path().join("keystore"), password: None };
        let provider = Roles { validator: false, provider: true };
        assert!(check(provider, &config, &place(), &line()).is_err());
        assert!(check(Roles::default(), &config, &place(), &line()).is_ok());
        let keystore = sc_keystore::LocalKeystore::open(folder.path().join("keystore"), None).expect("a keystore");
        keystore.sr25519_generate_new(APP_KEY_TYPE, None).expect("a key");
        assert!(check(provider, &config, &place(), &line()).is_ok());
    }
}

//! `strike upgrade`: a new runtime for the chain.

use super::context::Context;
use crate::{
    args::UpgradeArgs,
    error::{Error, Result},
    output::{self, progress},
    present::words,
};
use codec::Decode;
use serde::Serialize;
use sp_core::sr25519;
use std::{fs::File, io::Read, path::Path};
use strike_chain::{calls, client::subxt_hash, errors, keys, submit, Chain, Inclusion};
use strike_primitives::{BlockNumber, H256};
use subxt::{config::Hasher, dynamic};

/// As long as all transactions of a block together may be.
const MAX_BYTES: u64 = 5 * 1024 * 1024;
/// How Wasm begins.
const WASM: [u8; 4] = *b"\0asm";
/// How compressed Wasm begins, as the SDK writes it.
const COMPRESSED: [u8; 8] = [0x52, 0xbc, 0x53, 0x76, 0x46, 0xdb, 0x8e, 0x05];

/// What the upgrade did.
#[derive(Debug, Serialize)]
struct Upgraded {
    code_hash: String,
    from: u32,
    to: u32,
    block: String,
    number: BlockNumber,
}

/// Runs the command. What was done before is not done again, so a command that was interrupted can be repeated.
pub async fn run(context: &Context, args: UpgradeArgs) -> Result<()> {
    let code = read(&args.runtime)?;
    let chain = context.chain().await?;
    let at = chain.at(chain.best().await?).await?;
    let hash = H256(at.hasher().hash(&code).0);
    let signer = keys::signer(args.key.key.as_deref(), &chain).await?;
    let from = spec_version(&chain, chain.best().await?).await?;
    if authorized(&chain).await? == Some(hash) {
        progress(format!("{hash:?} is authorized"));
    } else {
        authorize(&chain, &hash, &signer).await?;
    }
    let inclusion = apply(&chain, &code, &signer).await?;
    let to = spec_version(&chain, inclusion.block).await.map_err(|error| error.accepted(&inclusion.sent))?;
    let (block, number) = (words::hash(&inclusion.block), inclusion.number);
    if context.json {
        return output::json(&Upgraded { code_hash: words::hash(&hash), from, to, block, number });
    }
    output::line(format!("the runtime has version {to} instead of {from} from block {} on", number.saturating_add(1)));
    Ok(())
}

/// A file that looks like a runtime.
fn read(path: &Path) -> Result<Vec<u8>> {
    let named = |error: std::io::Error| Error::new("RuntimeUnreadable", format!("{}: {error}", path.display()));
    let mut code = Vec::new();
    File::open(path).map_err(named)?.take(MAX_BYTES.saturating_add(1)).read_to_end(&mut code).map_err(named)?;
    if code.len() as u64 > MAX_BYTES {
        return Err(Error::new("RuntimeTooLarge", format!("{} has more than {MAX_BYTES} bytes", path.display()))
            .hint("a release build writes a compressed one, strike_runtime.compact.compressed.wasm"));
    }
    if !code.starts_with(&WASM) && !code.starts_with(&COMPRESSED) {
        return Err(Error::new("NotARuntime", format!("{} is no Wasm", path.display()))
            .hint("a build writes the runtime to target/<profile>/wbuild/strike-runtime/"));
    }
    Ok(code)
}

/// The version of the runtime that makes the block after this one.
async fn spec_version(chain: &Chain, block: H256) -> strike_chain::Result<u32> {
    let version = chain.methods().state_get_runtime_version(Some(subxt_hash(block))).await.map_err(errors::rpc)?;
    Ok(version.spec_version)
}

/// Hash of the runtime that may be applied.
async fn authorized(chain: &Chain) -> Result<Option<H256>> {
    let at = chain.at(chain.best().await?).await?;
    let entry = dynamic::storage::<(), dynamic::Value>("System", "AuthorizedUpgrade");
    let value = at.storage().try_fetch(entry, ()).await.map_err(errors::subxt)?;
    // A hash, and whether versions are compared.
    Ok(value.and_then(|value| H256::decode(&mut value.bytes()).ok()))
}

async fn authorize(chain: &Chain, hash: &H256, signer: &sr25519::Pair) -> Result<()> {
    let at = chain.at(chain.best().await?).await?;
    let call = calls::sudo(submit::encoded(&at, &calls::authorize_upgrade(hash))?);
    let (_, inclusion) = chain.submit(&call, signer).await?;
    let event = inclusion.events.iter().find(|event| event.pallet == "Sudo" && event.name == "Sudid");
    // `Ok(())` or `Err(DispatchError)`.
    match event.and_then(|event| event.fields.split_first()) {
        Some((0, _)) => {
            progress(format!("block {}: authorized {hash:?}", inclusion.number));
            Ok(())
        }
        Some((_, error)) => Err(refused(chain, &inclusion, error).await.into()),
        None => Err(untold(&inclusion, "the chain does not tell what became of the call")),
    }
}

/// The failure of a call inside of a transaction that is in a block.
async fn refused(chain: &Chain, inclusion: &Inclusion, error: &[u8]) -> strike_chain::Error {
    match chain.at(inclusion.block).await {
        Ok(at) => errors::dispatch(error, at.metadata()).failed(&inclusion.sent),
        Err(error) => error.accepted(&inclusion.sent),
    }
}

/// The failure where a transaction is in a block and its events do not say what it did.
fn untold(inclusion: &Inclusion, what: &str) -> Error {
    strike_chain::Error::new("RuntimeIncompatible", what)
        .hint("state_getRuntimeVersion of the node tells the runtime that the chain has")
        .accepted(&inclusion.sent)
        .into()
}

/// Applies the runtime and waits until the block with it is final.
async fn apply(chain: &Chain, code: &[u8], signer: &sr25519::Pair) -> Result<Inclusion> {
    let (mut submission, inclusion) = chain.submit(&calls::apply_authorized_upgrade(code), signer).await?;
    let event =
        |name: &str| inclusion.events.iter().find(|event| event.pallet == "System" && event.name == name).cloned();
    if let Some(rejected) = event("RejectedInvalidAuthorizedUpgrade") {
        // A hash and the error.
        let error = rejected.fields.get(32..).unwrap_or_default();
        return Err(refused(chain, &inclusion, error)
            .await
            .hint("the authorization is used up: build a runtime with a higher spec_version and begin again")
            .into());
    }
    if event("CodeUpdated").is_none() {
        return Err(untold(&inclusion, "the chain does not say that it has the new runtime"));
    }
    progress(format!("block {}: applied; waiting until it is final", inclusion.number));
    Ok(submission.finalized().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_runtimes_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("runtime.wasm");
        let failure = |bytes: &[u8]| {
            std::fs::write(&file, bytes).unwrap();
            read(&file).map(|code| code.len()).map_err(|error| error.name)
        };
        assert_eq!(failure(b"\0asm\x01\0\0\0"), Ok(8));
        assert_eq!(failure(&[&COMPRESSED[..], b"zstd"].concat()), Ok(12));
        assert_eq!(failure(b""), Err("NotARuntime".into()));
        assert_eq!(failure(b"\x7fELF"), Err("NotARuntime".into()));
        let mut large = WASM.to_vec();
        large.resize(MAX_BYTES as usize + 1, 0);
        assert_eq!(failure(&large), Err("RuntimeTooLarge".into()));
        assert_eq!(read(Path::new("/no/such/file")).unwrap_err().name, "RuntimeUnreadable");
    }
}

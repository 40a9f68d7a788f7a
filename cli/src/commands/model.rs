//! `strike model …`, and finding a model by what the user calls it.

use super::context::{submit_and_report, Context};
use crate::{
    args::ModelCommand,
    error::{Error, Result},
    output,
    present::{json::ModelView, words},
};
use std::path::Path;
use strike_chain::{calls, keys, Chain};
use strike_inference::builtin_files;
use strike_primitives::{
    api::ModelInfo,
    artifact::{self, ArtifactId, ArtifactKind},
    model_folder::ModelFolder,
    H256,
};

/// How the model inside this binary is called.
pub const BUILTIN: &str = "builtin";

/// Runs a command of the group.
pub async fn run(context: &Context, command: ModelCommand) -> Result<()> {
    match command {
        ModelCommand::List => list(context).await,
        ModelCommand::Register { folder, name, royalty, key } => {
            let files = read(&folder)?;
            let name = name.map_or_else(|| folder_name(&folder), Ok)?;
            let chain = context.chain().await?;
            let signer = keys::signer(key.key.as_deref(), &chain).await?;
            // Thousandths to parts per billion.
            let royalty = u32::from(royalty).saturating_mul(1_000_000);
            let call = calls::register_model(&files.id, &name, files.size, royalty);
            let done = format!("registered {} as '{name}'", words::model(&files.id));
            submit_and_report(context, &chain, &call, &signer, &done).await
        }
    }
}

/// Reads what names the model in a folder.
pub fn read(folder: &Path) -> Result<ModelFolder> {
    ModelFolder::read(folder).map_err(|error| {
        Error::new("ModelNotReadable", error.to_string())
            .hint("a model's folder has config.json, model.safetensors and tokenizer.json")
    })
}

/// The name of a model's folder.
pub fn folder_name(folder: &Path) -> Result<String> {
    let whole = folder.canonicalize()?;
    let name = whole.file_name().and_then(|name| name.to_str());
    name.map(str::to_owned).ok_or_else(|| {
        Error::new("NameMissing", format!("{} has no name that is text", whole.display())).hint("give one: --name")
    })
}

async fn list(context: &Context) -> Result<()> {
    let models = context.chain().await?.models().await?;
    if context.json {
        return output::json(&models.iter().map(ModelView::from).collect::<Vec<_>>());
    }
    if models.is_empty() {
        output::line("no models are registered");
        return Ok(());
    }
    let mut rows = vec![["NAME", "SIZE", "ROYALTY", "OWNER", "MODEL"].map(String::from).to_vec()];
    rows.extend(models.iter().map(|info| {
        vec![
            info.name.clone(),
            size(info.size),
            format!("{} %", f64::from(info.royalty) / 1e7),
            keys::shown_short(&info.owner),
            words::model(&info.model),
        ]
    }));
    output::line(output::table(&rows));
    Ok(())
}

/// Bytes as people read them.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..=999 => format!("{bytes} B"),
        1_000..=999_999 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..=999_999_999 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// The id of the model inside this binary: the bundle of its three files.
pub fn builtin() -> ArtifactId {
    artifact::bundle_of(builtin_files().named())
}

/// The model that the user calls `text`: `builtin`, a root, or a registered name.
pub async fn resolve(chain: &Chain, text: &str) -> Result<ArtifactId> {
    if text == BUILTIN {
        return Ok(builtin());
    }
    find(text, &chain.models().await?)
}

fn find(text: &str, models: &[ModelInfo]) -> Result<ArtifactId> {
    if let Some(digits) = text.strip_prefix("0x") {
        let root: Option<[u8; 32]> = hex::decode(digits).ok().and_then(|bytes| bytes.try_into().ok());
        let root = H256(root.ok_or_else(|| {
            Error::new("ModelInvalid", format!("'{text}' is no root: it should have 64 hex digits after '0x'"))
        })?);
        let registered = models.iter().map(|info| info.model).find(|model| model.root == root);
        // An unregistered one is for the chain to refuse, with its own words.
        return Ok(registered.unwrap_or(ArtifactId { kind: ArtifactKind::Bundle, root }));
    }
    let named: Vec<_> = models.iter().filter(|info| info.name == text).collect();
    match named[..] {
        [info] => Ok(info.model),
        [] => Err(Error::new("ModelNotFound", format!("no model is registered as '{text}'"))
            .hint("'strike model list' shows the registered ones")),
        // Names are not unique on chain: anybody may take one that sounds like another's.
        _ => Err(Error::new("ModelAmbiguous", format!("{} models are registered as '{text}'", named.len()))
            .hint("name it by its root: see 'strike model list'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strike_primitives::AccountId;

    fn info(byte: u8, name: &str) -> ModelInfo {
        let model = ArtifactId { kind: ArtifactKind::Bundle, root: H256([byte; 32]) };
        ModelInfo { model, name: name.into(), size: 1, owner: AccountId::new([0; 32]), royalty: 0 }
    }

    #[test]
    fn models_are_found_by_root_and_by_name() {
        let models = [info(1, "one"), info(2, "two"), info(3, "two")];
        assert_eq!(find("one", &models).unwrap(), models[0].model);
        assert_eq!(find(&format!("0x{}", "02".repeat(32)), &models).unwrap(), models[1].model);
        assert_eq!(find("two", &models).unwrap_err().name, "ModelAmbiguous");
        assert_eq!(find("three", &models).unwrap_err().name, "ModelNotFound");
        assert_eq!(find("0x12", &models).unwrap_err().name, "ModelInvalid");
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(size(12), "12 B");
        assert_eq!(size(7_340_000), "7.3 MB");
    }
}

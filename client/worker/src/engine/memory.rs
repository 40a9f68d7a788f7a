//! How much memory duties need, before anything is read for them.

use std::{collections::BTreeMap, path::Path};
use strike_inference::{
    memory::{self, Tokens},
    ModelFiles, ModelSize, TOKENIZER_FILE,
};
use strike_primitives::{
    artifact::ArtifactId,
    job::{VerificationClass, WorkSpec},
};

/// What is known of a model's size.
struct Known {
    size: ModelSize,
    /// Bytes of its tokenizer's file.
    tokenizer: u64,
}

/// The sizes of this node's models, by their headers. One that cannot be opened has none; loading it says why.
#[derive(Default)]
pub(crate) struct Sizes(BTreeMap<ArtifactId, Known>);

impl Sizes {
    /// Note the size of a model in a folder.
    pub fn add_folder(&mut self, id: ArtifactId, folder: &Path) {
        let tokenizer = std::fs::metadata(folder.join(TOKENIZER_FILE)).map_or(0, |file| file.len());
        self.add(id, ModelSize::of(folder).ok(), tokenizer);
    }

    /// Note the size of the built-in model.
    pub fn add_built_in(&mut self, id: ArtifactId, files: &ModelFiles) {
        self.add(id, ModelSize::of_files(files).ok(), files.tokenizer.len() as u64);
    }

    fn add(&mut self, id: ArtifactId, size: Option<ModelSize>, tokenizer: u64) {
        if let Some(size) = size {
            self.0.insert(id, Known { size, tokenizer });
        }
    }

    /// Bytes that a model takes in the form of a class.
    pub fn of_model(&self, id: &ArtifactId, class: VerificationClass) -> Option<u64> {
        let Known { size, tokenizer } = self.0.get(id)?;
        Some(match class {
            VerificationClass::Exact => memory::exact_model(size, *tokenizer),
            VerificationClass::Statistical => memory::statistical_model(size, *tokenizer),
        })
    }

    /// Bytes that a job takes beside its model and what the engine keeps.
    pub fn of_work(&self, id: &ArtifactId, class: VerificationClass, tokens: Tokens, threads: usize) -> Option<u64> {
        let architecture = &self.0.get(id)?.size.architecture;
        let work = match class {
            VerificationClass::Exact => memory::exact_work(architecture, tokens, threads),
            VerificationClass::Statistical => memory::statistical_work(architecture, tokens),
        };
        Some(work.saturating_add(memory::KEPT))
    }
}

/// The most that work reads and writes.
pub(crate) fn tokens(work: &WorkSpec) -> Tokens {
    Tokens { input: work.max_input_tokens().into(), output: work.max_output_tokens().into() }
}

/// Bytes for people: with one decimal of the largest unit that they have one of.
pub fn shown(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.into_iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{:.1} {name}", bytes as f64 / unit as f64),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn bytes_are_shown_in_the_largest_unit_that_fits() {
        let cases = [
            (0, "0 bytes"),
            (1_023, "1023 bytes"),
            (1_536, "1.5 KiB"),
            (2 << 30, "2.0 GiB"),
            (u64::MAX, "17179869184.0 GiB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(shown(bytes), text);
        }
    }
}

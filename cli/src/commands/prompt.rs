//! The prompt and the sampler of a command.

use crate::{
    args::{PromptArgs, SamplerArgs},
    error::{Error, Result},
};
use std::{fs::File, io::Read, path::Path};
use strike_primitives::job::{Sampler, MAX_BLOB_INPUT};

/// The prompt, from the command line or a file.
pub(crate) fn prompt(args: &PromptArgs) -> Result<String> {
    match (&args.prompt, &args.prompt_file) {
        (Some(prompt), _) => Ok(prompt.clone()),
        (None, Some(path)) => read_text(path, "PromptNotReadable", "the file should hold UTF-8 text"),
        // The command line requires one of them.
        (None, None) => Err(Error::new("PromptMissing", "what is the prompt?")),
    }
}

/// The sampler of a job, if its values are in range.
pub(crate) fn sampler(args: &SamplerArgs) -> Result<Sampler> {
    let sampler = Sampler {
        temperature_milli: args.temperature,
        min_p_milli: args.min_p,
        repetition_penalty_milli: args.repetition_penalty,
        repetition_window: args.repetition_window,
    };
    if !sampler.is_valid() {
        return Err(Error::new("SamplerInvalid", "--min-p is above 1 or --repetition-penalty is 0")
            .hint("--min-p lies between 0 and 1, --repetition-penalty is at least 0.001"));
    }
    Ok(sampler)
}

/// The text in a file, of no more bytes than an input may have. `name` names the error where it cannot be read.
fn read_text(path: &Path, name: &'static str, hint: &str) -> Result<String> {
    let unreadable =
        |error: &dyn std::fmt::Display| Error::new(name, format!("{}: {error}", path.display())).hint(hint);
    let mut text = String::new();
    // A device may have no end.
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    file.take(MAX_BLOB_INPUT + 1).read_to_string(&mut text).map_err(|error| unreadable(&error))?;
    if text.len() as u64 > MAX_BLOB_INPUT {
        return Err(Error::new("PromptTooLong", format!("{} has more than {MAX_BLOB_INPUT} bytes", path.display()))
            .hint("a job takes no more; shorten it"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_up_to_the_same_limit() {
        let read = |path: &Path| read_text(path, "PromptNotReadable", "the file should hold UTF-8 text");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "ä".repeat(1 << 19)).unwrap();
        assert_eq!(read(file.path()).unwrap().len(), 1 << 20);
        std::fs::write(file.path(), "a".repeat((1 << 20) + 1)).unwrap();
        assert_eq!(read(file.path()).unwrap_err().name, "PromptTooLong");
        std::fs::write(file.path(), [0xff]).unwrap();
        assert_eq!(read(file.path()).unwrap_err().name, "PromptNotReadable");
        assert_eq!(read(Path::new("/dev/zero")).unwrap_err().name, "PromptTooLong");
        assert_eq!(read(Path::new("/no/such/prompt")).unwrap_err().name, "PromptNotReadable");
    }

    #[test]
    fn a_missing_prompt_file_is_named() {
        let args = PromptArgs { prompt: None, prompt_file: Some("/no/such/prompt".into()) };
        let error = prompt(&args).unwrap_err();
        assert_eq!(error.name, "PromptNotReadable");
        assert!(error.message.contains("/no/such/prompt"));
    }

    #[test]
    fn samplers_are_checked_before_anything_is_paid() {
        let args = SamplerArgs { temperature: 700, min_p: 1_001, repetition_penalty: 1_000, repetition_window: 0 };
        assert_eq!(sampler(&args).unwrap_err().name, "SamplerInvalid");
    }
}

//! The copy, behind the names of Binaryen's interface.

use std::{fmt, fs, io, path::Path};

/// What every Wasm module of version 1 begins with.
const HEADER: [u8; 8] = *b"\0asm\x01\0\0\0";

/// A pass that the runtime's builder asks for. Neither changes what `wasm32v1-none` code does.
#[derive(Clone, Copy, Debug)]
pub enum Pass {
    /// Removes debug sections. They change the size of a module, not what it computes.
    StripDwarf,
    /// Replaces sign extensions, which `wasm32v1-none` never has.
    SignextLowering,
}

/// The passes to run; see [`OptimizationOptions::run`].
#[derive(Clone, Debug)]
pub struct OptimizationOptions(());

impl OptimizationOptions {
    /// No optimization.
    pub fn new_opt_level_0() -> Self {
        Self(())
    }

    /// Without effect: `wasm32v1-none` has the features of the first version and no others.
    pub fn mvp_features_only(&mut self) -> &mut Self {
        self
    }

    /// Without effect: what is copied keeps its names.
    pub fn debug_info(&mut self, _keep: bool) -> &mut Self {
        self
    }

    /// Without effect: see [`Pass`].
    pub fn add_pass(&mut self, _pass: Pass) -> &mut Self {
        self
    }

    /// Copies the module `from` to `to`, which may be the same file. Fails where `from` cannot be read or is no Wasm module, and where `to` cannot be written.
    pub fn run(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<(), NotWasm> {
        let module = fs::read(from)?;
        if !module.starts_with(&HEADER) {
            return Err(NotWasm::Header);
        }
        fs::write(to, module)?;
        Ok(())
    }
}

/// Why there was nothing to copy.
#[derive(Debug)]
pub enum NotWasm {
    /// The file does not begin as a Wasm module does.
    Header,
    /// The file could not be read or written.
    File(io::Error),
}

impl fmt::Display for NotWasm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => formatter.write_str("the file is no Wasm module"),
            Self::File(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for NotWasm {}

impl From<io::Error> for NotWasm {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_copied_as_it_is_also_onto_itself() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let module = [&HEADER[..], b"sections"].concat();
        fs::write(&from, &module).unwrap();
        let mut options = OptimizationOptions::new_opt_level_0();
        let options = options.mvp_features_only().debug_info(true).add_pass(Pass::StripDwarf);
        options.run(&from, &to).unwrap();
        options.add_pass(Pass::SignextLowering).run(&to, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), module);
    }

    #[test]
    fn what_is_no_module_is_refused_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let options = OptimizationOptions::new_opt_level_0();
        assert!(matches!(options.run(&from, &to), Err(NotWasm::File(_))));
        for text in [&b""[..], b"\0asm", b"\0asm\x02\0\0\0", b"text"] {
            fs::write(&from, text).unwrap();
            assert!(matches!(options.run(&from, &to), Err(NotWasm::Header)));
        }
        assert!(!to.exists());
    }
}

//! Bytes of a model's files, read piece by piece: from an open file or from memory.
//!
//! Files are read, never mapped: a mapped file that another program shortens would end the process.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::error::ModelError;

/// One file of a model.
pub(crate) struct Source {
    name: String,
    length: u64,
    contents: Contents,
}

enum Contents {
    File(File),
    Memory(Cow<'static, [u8]>),
}

impl Source {
    /// Opens `path`; errors name it by its last component.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let name = file_name(path);
        let open = || -> std::io::Result<_> {
            // Looked at before it is opened: opening a pipe waits for somebody to write to it.
            let metadata = std::fs::metadata(path)?;
            if metadata.is_dir() {
                return Err(std::io::Error::from(std::io::ErrorKind::IsADirectory));
            }
            if !metadata.is_file() {
                return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "not a regular file"));
            }
            let file = File::open(path)?;
            Ok((file.metadata()?.len(), file))
        };
        let (length, file) = open().map_err(ModelError::unreadable(&name))?;
        Ok(Self { name, length, contents: Contents::File(file) })
    }

    pub fn memory(name: &str, contents: Cow<'static, [u8]>) -> Self {
        Self { name: name.to_owned(), length: contents.len() as u64, contents: Contents::Memory(contents) }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn len(&self) -> u64 {
        self.length
    }

    /// `length` bytes at `offset`, borrowed where they are in memory, else read into `scratch`.
    pub fn bytes<'a>(&'a self, offset: u64, length: usize, scratch: &'a mut Vec<u8>) -> Result<&'a [u8], ModelError> {
        let end = offset.checked_add(length as u64).filter(|end| *end <= self.length);
        let Some(end) = end else {
            return Err(ModelError::malformed(&self.name, format!("ends before byte {offset} + {length}")));
        };
        match &self.contents {
            // Both ends are within the slice, so they fit usize.
            Contents::Memory(contents) => Ok(&contents[offset as usize..end as usize]),
            Contents::File(file) => {
                // The length is within the file, so a damaged header cannot ask for more than there is.
                scratch.resize(length, 0);
                file.read_exact_at(scratch, offset).map_err(ModelError::unreadable(&self.name))?;
                Ok(scratch)
            }
        }
    }

    /// A reader from the start of the file on.
    pub fn reader(&self) -> SourceReader<'_> {
        SourceReader { source: self, position: 0 }
    }
}

/// Reads a [`Source`] in order.
pub(crate) struct SourceReader<'a> {
    source: &'a Source,
    position: u64,
}

impl Read for SourceReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.source.length.saturating_sub(self.position);
        let count = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let buffer = &mut buffer[..count];
        match &self.source.contents {
            Contents::Memory(contents) => {
                let start = self.position as usize;
                buffer.copy_from_slice(&contents[start..start + count]);
            }
            Contents::File(file) => file.read_exact_at(buffer, self.position)?,
        }
        self.position += count as u64;
        Ok(count)
    }
}

/// The contents of a regular file of at most `limit` bytes.
///
/// [`ModelError::Unreadable`] if it is none, [`ModelError::FileTooLarge`] if it is larger; nothing is read then.
pub fn read_whole(path: &Path, limit: u64) -> Result<Vec<u8>, ModelError> {
    let source = Source::open(path)?;
    if source.len() > limit {
        return Err(ModelError::FileTooLarge { file: source.name, found: source.length, limit });
    }
    let mut contents = Vec::new();
    source.bytes(0, source.length as usize, &mut contents)?;
    Ok(contents)
}

/// The last component of a path, for errors.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

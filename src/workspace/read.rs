//! One file's text from the disk, with the stamp by which a later change is noticed.
//!
//! Only regular files of UTF-8 text up to [`MAX_TEXT`] bytes are read, and what is read is given
//! back byte for byte: line ends and a byte-order mark are the caller's to interpret.

use std::fs::Metadata;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;

use super::place::{Last, Parents, Place, PlaceError, is_regular};
use super::root::{FilePath, Outside};

/// The size in bytes over which a file is listed but not read.
pub const MAX_TEXT: u64 = 1024 * 1024;

/// How far a NUL is looked for that marks a file as binary. Git looks as far.
const BINARY_PROBE: usize = 8 * 1024;

/// Why a file's text cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{path} does not exist")]
    NotFound { path: String },
    #[error("{path} is a binary file; only text is read")]
    Binary { path: String },
    #[error("{path} has {size} bytes; only files of up to {MAX_TEXT} are read")]
    TooLarge { path: String, size: u64 },
    #[error("{path} is not UTF-8 text; convert it to UTF-8 first")]
    NotUtf8 { path: String },
    #[error("{path} is a folder or a special file; name a regular file")]
    NotAFile { path: String },
    #[error(transparent)]
    Outside(#[from] Outside),
    #[error("{path} cannot be read: {source}")]
    Io { path: String, source: io::Error },
}

/// Reads the file, following links only where they stay inside the root.
pub fn read(file: &FilePath) -> Result<String, ReadError> {
    let place = Place::open(file, Last::Follow, Parents::Expect)
        .map_err(|error| ReadError::at(file, error))?;
    let bytes = read_bytes(file, &place)?;
    if bytes.iter().take(BINARY_PROBE).any(|&byte| byte == 0) {
        return Err(ReadError::Binary { path: name(file) });
    }
    String::from_utf8(bytes).map_err(|_| ReadError::NotUtf8 { path: name(file) })
}

fn read_bytes(file: &FilePath, place: &Place) -> Result<Vec<u8>, ReadError> {
    let io_error = |error: io::Error| ReadError::at(file, PlaceError::Io(error));
    // Before opening: to open a FIFO wakes its writer, to open a device may do anything.
    if !is_regular(&place.stat().map_err(io_error)?) {
        return Err(ReadError::NotAFile { path: name(file) });
    }
    let opened = place.open_file().map_err(io_error)?;
    let metadata = opened.metadata().map_err(io_error)?;
    if !metadata.is_file() {
        return Err(ReadError::NotAFile { path: name(file) });
    }
    let size = metadata.len();
    let mut bytes = Vec::new();
    if size <= MAX_TEXT {
        // One byte more than allowed shows a file that grew since.
        opened
            .take(MAX_TEXT + 1)
            .read_to_end(&mut bytes)
            .map_err(io_error)?;
    }
    let size = size.max(bytes.len() as u64);
    if size > MAX_TEXT {
        return Err(ReadError::TooLarge {
            path: name(file),
            size,
        });
    }
    Ok(bytes)
}

impl ReadError {
    fn at(file: &FilePath, error: PlaceError) -> Self {
        let source = match error {
            PlaceError::Outside(outside) => return Self::Outside(outside),
            PlaceError::Io(source) => source,
        };
        let path = name(file);
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NotFound { path },
            io::ErrorKind::IsADirectory => Self::NotAFile { path },
            _ => Self::Io { path, source },
        }
    }
}

fn name(file: &FilePath) -> String {
    file.as_str().to_owned()
}

/// The time of the last change in nanoseconds since 1970, which fit until the year 2262.
pub(super) fn modified(metadata: &Metadata) -> i64 {
    metadata
        .mtime()
        .saturating_mul(1_000_000_000)
        .saturating_add(metadata.mtime_nsec())
}

use std::fs::{File, Metadata, Permissions};
use std::io;
#[cfg(all(feature = "parquet", feature = "stores"))]
use std::io::Write;
#[cfg(feature = "parquet")]
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
#[cfg(feature = "parquet")]
use std::sync::{Mutex, PoisonError};

/// Which file it is, whatever its name: not told here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FileId {}

impl FileId {
    pub(crate) fn of(_: &Metadata) -> Option<Self> {
        None
    }
}

pub(crate) fn only_name(_: &Metadata) -> Option<FileId> {
    None
}

pub(crate) fn holds_bytes(metadata: &Metadata) -> bool {
    metadata.is_file()
}

pub(crate) fn permissions_of_new_file() -> Option<Permissions> {
    None
}

pub(crate) fn may_replace(_: &Metadata, _: &Metadata, _: &Metadata) -> bool {
    true
}

pub(crate) fn is_mount_point(_: &Path) -> bool {
    false
}

/// The descriptor that a path stands for: none does here.
pub(crate) fn descriptor_of_path(_: &Path) -> Option<i32> {
    None
}

pub(crate) fn open_descriptor(_: i32) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn stdin() -> Option<File> {
    None
}

pub(crate) fn stdout() -> Option<Metadata> {
    None
}

/// A file that several threads read, each at places of its own: one after the other here.
#[cfg(feature = "parquet")]
#[derive(Debug)]
pub(crate) struct SharedFile(Mutex<File>);

#[cfg(feature = "parquet")]
impl SharedFile {
    pub(crate) fn new(file: File) -> Self {
        SharedFile(Mutex::new(file))
    }

    pub(crate) fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(at))?;
        file.read(buffer)
    }

    #[cfg(all(feature = "parquet", feature = "stores"))]
    pub(crate) fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)
    }
}

pub(crate) fn path_of_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

pub(crate) fn sync_file_system(_: &File) -> Option<io::Result<()>> {
    None
}

pub(crate) fn free_bytes(_: &Path) -> Option<u64> {
    None
}

use std::fs::{File, Metadata, Permissions};
use std::io;
use std::path::{Path, PathBuf};

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

pub(crate) fn path_of_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

pub(crate) fn sync_file_system(_: &File) -> Option<io::Result<()>> {
    None
}

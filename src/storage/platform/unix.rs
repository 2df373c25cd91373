use std::ffi::OsString;
use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
#[cfg(feature = "parquet")]
use std::os::unix::fs::FileExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

pub(crate) use super::descriptor::descriptor_of_path;
pub(crate) use super::descriptor::open_descriptor;

/// Which file it is, whatever its name: its device and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId(u64, u64);

impl FileId {
    /// The file that `metadata` is of; `None` where the system does not tell.
    pub(crate) fn of(metadata: &Metadata) -> Option<Self> {
        Some(FileId(metadata.dev(), metadata.ino()))
    }
}

/// The file that `metadata` is of, if it is known to have one name only.
pub(crate) fn only_name(metadata: &Metadata) -> Option<FileId> {
    (metadata.is_file() && metadata.nlink() == 1).then(|| FileId::of(metadata)).flatten()
}

/// Whether what is written there stays or is read by somebody: a file, a pipe or a socket, not a terminal or a device.
pub(crate) fn holds_bytes(metadata: &Metadata) -> bool {
    let kind = metadata.file_type();
    kind.is_file() || kind.is_fifo() || kind.is_socket()
}

/// The permissions that an ordinary new file has, before the umask.
pub(crate) fn permissions_of_new_file() -> Option<Permissions> {
    Some(Permissions::from_mode(0o666))
}

/// Whether a file of ours may replace another in this folder. In a sticky one, as `/tmp` is, only its owner may.
pub(crate) fn may_replace(ours: &Metadata, replaced: &Metadata, folder: &Metadata) -> bool {
    const STICKY: u32 = 0o1000;
    let us = ours.uid();
    folder.mode() & STICKY == 0 || us == 0 || us == replaced.uid() || us == folder.uid()
}

/// How many bytes this user may still write below a folder.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    let system = rustix::fs::statvfs(folder).ok()?;
    system.f_bavail.checked_mul(system.f_frsize)
}

/// Whether another file system is mounted on this file, which cannot be replaced then.
pub(crate) fn is_mount_point(path: &Path) -> bool {
    let Ok(path) = fs::canonicalize(path) else { return false };
    // The fifth field, in which spaces and the like are escaped.
    let escape = |bytes: &[u8]| {
        let escaped = |byte: &u8| match byte {
            b' ' | b'\t' | b'\n' | b'\\' => format!("\\{byte:03o}").into_bytes(),
            byte => vec![*byte],
        };
        bytes.iter().flat_map(escaped).collect::<Vec<u8>>()
    };
    let wanted = escape(path.as_os_str().as_encoded_bytes());
    let mounts = fs::read("/proc/self/mountinfo").unwrap_or_default();
    mounts
        .split(|byte| *byte == b'\n')
        .any(|line| line.split(|byte| *byte == b' ').nth(4) == Some(&wanted[..]))
}

/// Standard input as a file, with the place where it is.
pub(crate) fn stdin() -> Option<File> {
    io::stdin().as_fd().try_clone_to_owned().ok().map(File::from)
}

/// What standard output is.
pub(crate) fn stdout() -> Option<Metadata> {
    File::from(io::stdout().as_fd().try_clone_to_owned().ok()?).metadata().ok()
}

/// A file that several threads read, each at places of its own.
#[cfg(feature = "parquet")]
#[derive(Debug)]
pub(crate) struct SharedFile(File);

#[cfg(feature = "parquet")]
impl SharedFile {
    pub(crate) fn new(file: File) -> Self {
        SharedFile(file)
    }

    /// Fills the start of `buffer` with what stands at byte `at`, and gives how much that is: nothing at the end alone.
    pub(crate) fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        self.0.read_at(buffer, at)
    }

    /// Writes `bytes` to byte `at` and after.
    #[cfg(all(feature = "parquet", feature = "stores"))]
    pub(crate) fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, at)
    }
}

/// The path that these bytes name.
pub(crate) fn path_of_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes.to_vec()))
}

/// Waits until everything that the file system of `file` has to write is written; `None` if there is no such call.
#[cfg(target_os = "linux")]
pub(crate) fn sync_file_system(file: &File) -> Option<io::Result<()>> {
    Some(rustix::fs::syncfs(file).map_err(io::Error::from))
}

/// Waits until everything that the file system of `file` has to write is written; `None` if there is no such call.
#[cfg(not(target_os = "linux"))]
pub(crate) fn sync_file_system(_: &File) -> Option<io::Result<()>> {
    None
}

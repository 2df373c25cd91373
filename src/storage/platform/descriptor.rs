//! Paths that stand for what this program was started with: `/dev/stdout`, `/dev/fd/3`, `/proc/self/fd/3`.
//!
//! A shell hands over a pipe, or a file that it has opened to append to, under such a path. Opened anew, a file would
//! be written from its start, and replaced it would be lost: it is written to as it was handed over.

use std::fs::{self, File};
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::path::{Path, PathBuf};

/// The descriptor that `path` stands for, by whatever links, if it is one.
pub(crate) fn descriptor_of_path(path: &Path) -> Option<RawFd> {
    let ours = PathBuf::from(format!("/proc/{}/fd", std::process::id()));
    let mut path = std::path::absolute(path).ok()?;
    for _ in 0..MOST_LINKS {
        let folder = fs::canonicalize(path.parent()?).ok()?;
        let name = path.file_name()?;
        if folder == ours {
            return name.to_str()?.parse().ok();
        }
        path = folder.join(fs::read_link(folder.join(name)).ok()?);
    }
    None
}

/// As many links as the system follows.
const MOST_LINKS: usize = 40;

/// A file that shares place and mode with an open descriptor, which must be open to write.
pub(crate) fn open_descriptor(descriptor: RawFd) -> io::Result<File> {
    let file = duplicate(descriptor)?;
    // Of nothing: the system refuses it where nothing can be written.
    rustix::io::write(&file, &[])?;
    Ok(file)
}

/// A file that shares place and mode with an open descriptor.
fn duplicate(descriptor: RawFd) -> io::Result<File> {
    if descriptor < 0 || !Path::new("/proc/self/fd").join(descriptor.to_string()).exists() {
        return Err(io::Error::from_raw_os_error(BAD_DESCRIPTOR));
    }
    #[expect(unsafe_code, reason = "the system knows descriptors by number alone")]
    // SAFETY: it is open, as was just seen, and is borrowed for one call. Nothing in this program closes a descriptor
    // that it was started with; should it be closed by another thread all the same, the call fails.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    borrowed.try_clone_to_owned().map(File::from)
}

const BAD_DESCRIPTOR: i32 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_descriptors() {
        assert_eq!(descriptor_of_path(Path::new("/dev/stdout")), Some(1));
        assert_eq!(descriptor_of_path(Path::new("/dev/fd/3")), Some(3));
        assert_eq!(descriptor_of_path(Path::new("/proc/self/fd/17")), Some(17));
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/stderr", &link).unwrap();
        assert_eq!(descriptor_of_path(&link), Some(2));
        for other in ["/dev/null", "/dev/fd", "Cargo.toml", "none/such", "/"] {
            assert_eq!(descriptor_of_path(Path::new(other)), None, "{other}");
        }
    }

    #[test]
    fn what_is_not_open_is_refused() {
        assert_eq!(duplicate(900).unwrap_err().raw_os_error(), Some(BAD_DESCRIPTOR));
        assert!(duplicate(2).is_ok());
    }
}

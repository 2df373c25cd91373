//! Files that appear under their names whole or not at all.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::unfinished::Mark;

/// An output that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("output {}: {source}{}", path.display(), advice(source))]
pub struct Error {
    /// The output's name.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space and run the same again"
        }
        io::ErrorKind::NotFound => "; make its folder first",
        _ => "",
    }
}

impl Error {
    /// An error of the output `path`.
    pub fn new(path: &Path, source: io::Error) -> Self {
        Error { path: path.into(), source }
    }
}

/// A file under way: it gets its name when it is [finished](WholeFile::finish), and is gone if dropped.
///
/// A device or a pipe is written to as it is.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    // In this order: first it is removed, then forgotten.
    Temporary(NamedTempFile, Mark),
    Direct(File),
}

impl WholeFile {
    /// Begins the file `path`; its folder must be there.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(path: &Path) -> Result<Self, Error> {
        Self::create_after(path, |_| Ok(()))
    }

    /// Begins the file `path` and makes the folders it needs.
    ///
    /// # Errors
    /// What the system says.
    pub fn create_with_folders(path: &Path) -> Result<Self, Error> {
        Self::create_after(path, |folder| fs::create_dir_all(folder))
    }

    fn create_after(path: &Path, prepare: impl FnOnce(&Path) -> io::Result<()>) -> Result<Self, Error> {
        // A link stays, and what it points to is replaced.
        let path = followed(path);
        let kind = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
            Ok(metadata) if !metadata.is_file() => {
                OpenOptions::new().write(true).open(&path).map(Kind::Direct)
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => temporary_beside(&path, prepare).map(|(file, mark)| Kind::Temporary(file, mark)),
        };
        match kind {
            Ok(kind) => Ok(WholeFile { path, kind }),
            Err(source) => Err(Error { path, source }),
        }
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// What the system says.
    pub fn finish(self) -> Result<(), Error> {
        self.close().finish()
    }

    /// Closes the file, complete but still without its name.
    pub fn close(self) -> ClosedFile {
        let temporary = match self.kind {
            Kind::Temporary(file, mark) => Some((file.into_temp_path(), mark)),
            Kind::Direct(_) => None,
        };
        ClosedFile { path: self.path, temporary }
    }

    /// What the file is called in the end.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn file(&mut self) -> &mut File {
        match &mut self.kind {
            Kind::Temporary(file, _) => file.as_file_mut(),
            Kind::Direct(file) => file,
        }
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file().flush()
    }
}

impl Seek for WholeFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file().seek(to)
    }
}

/// A complete file without its name, which holds no handle.
#[derive(Debug)]
pub struct ClosedFile {
    path: PathBuf,
    temporary: Option<(tempfile::TempPath, Mark)>,
}

impl ClosedFile {
    /// Gives the file its name.
    ///
    /// # Errors
    /// What the system says.
    pub fn finish(self) -> Result<(), Error> {
        let ClosedFile { path, temporary } = self;
        match temporary.map(|(temporary, mark)| mark.complete(|| temporary.persist(&path))) {
            Some(Err(error)) => Err(Error { path, source: error.error }),
            _ => Ok(()),
        }
    }
}

/// Gives the complete file `from` its name `to`, and makes the folders that needs.
pub(crate) fn move_to(from: &Path, to: &Path) -> Result<(), Error> {
    let to = followed(to);
    let failed = |source| Error::new(&to, source);
    let folder = to.parent().map_or(Ok(()), fs::create_dir_all);
    folder.map_err(failed)?;
    if let Ok(replaced) = fs::metadata(&to) {
        fs::set_permissions(from, replaced.permissions()).map_err(failed)?;
    }
    match fs::rename(from, &to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let mut copy = WholeFile::create(&to)?;
            File::open(from).and_then(|mut file| io::copy(&mut file, &mut copy)).map_err(failed)?;
            copy.finish()?;
            fs::remove_file(from).map_err(failed)
        }
        renamed => renamed.map_err(failed),
    }
}

fn temporary_beside(
    path: &Path,
    prepare: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<(NamedTempFile, Mark)> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A leading dot: a folder walked for shards passes it over.
    let mut builder = Builder::new();
    builder.prefix(".dsir-").suffix(".part").permissions(readable());
    let make = || {
        prepare(folder)?;
        fs::metadata(folder)?; // Of a missing folder, the system's own words.
        builder.tempfile_in(folder)
    };
    let (file, mark) = Mark::make(make, NamedTempFile::path)?;
    if let Ok(replaced) = fs::metadata(path) {
        file.as_file().set_permissions(replaced.permissions())?;
    }
    Ok((file, mark))
}

/// The permissions that an ordinary new file has, before the umask.
fn readable() -> Permissions {
    use std::os::unix::fs::PermissionsExt;
    Permissions::from_mode(0o666)
}

/// Where a link leads to in the end, whether that is there or not.
fn followed(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..40 {
        match fs::read_link(&path) {
            Ok(to) => path = path.parent().map_or_else(|| to.clone(), |folder| folder.join(&to)),
            Err(_) => break,
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_name_only_when_finished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"whole").unwrap();
        assert!(!path.exists());
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
    }

    #[test]
    fn a_link_stays_and_a_device_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let mut file = WholeFile::create(&link).unwrap();
        file.write_all(b"new").unwrap();
        file.finish().unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");

        let mut null = WholeFile::create(Path::new("/dev/null")).unwrap();
        null.write_all(b"gone").unwrap();
        null.finish().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}

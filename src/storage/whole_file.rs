//! Files that appear under their names whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::error::Error;
use super::input::{copies_folder, is_url};
use super::platform::{self, FileId};
use super::stores::Upload;
use super::sync;
use super::unfinished::{Mark, Unfinished};

/// A file under way: it gets its name when it is [finished](WholeFile::finish), and is gone if dropped.
///
/// A device or a pipe is written to as it is. An object of a store is a temporary file until then.
#[derive(Debug)]
pub(crate) struct WholeFile {
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
    pub(super) fn create(path: &Path, unfinished: &Unfinished) -> Result<Self, Error> {
        Self::create_after(path, unfinished, |_| Ok(()))
    }

    /// Begins the file `path` and makes the folders it needs.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn create_with_folders(path: &Path, unfinished: &Unfinished) -> Result<Self, Error> {
        Self::create_after(path, unfinished, |folder| fs::create_dir_all(folder))
    }

    fn create_after(
        path: &Path,
        unfinished: &Unfinished,
        prepare: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<Self, Error> {
        if is_url(path) {
            let (file, mark) =
                temporary_copy(unfinished).map_err(|source| Error { path: path.into(), source })?;
            return Ok(WholeFile { path: path.into(), kind: Kind::Temporary(file, mark) });
        }
        let there = fs::metadata(path);
        let is_whole = there.as_ref().map_or(true, |there| there.is_file() || there.is_dir());
        let descriptor = platform::descriptor_of_path(path);
        // A link stays, and what it points to is replaced. What is written to as it is keeps its name.
        let path = if is_whole && descriptor.is_none() { followed(path) } else { path.to_owned() };
        let kind = match (there, descriptor) {
            (_, Some(descriptor)) => platform::open_descriptor(descriptor).map(Kind::Direct),
            (Ok(there), None) if there.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
            (Ok(there), None) if !there.is_file() => {
                OpenOptions::new().write(true).open(&path).map(Kind::Direct)
            }
            (Err(error), None) if error.kind() != io::ErrorKind::NotFound => Err(error),
            (there, None) => temporary_beside(&path, there.ok(), unfinished, prepare)
                .map(|(file, mark)| Kind::Temporary(file, mark)),
        };
        match kind {
            Ok(kind) => Ok(WholeFile { path, kind }),
            Err(source) => Err(Error { path, source }),
        }
    }

    /// Gives the file its name, when its data are where a power cut does not reach them.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn finish(self) -> Result<(), Error> {
        if let Kind::Temporary(file, _) = &self.kind {
            sync::file(file.as_file()).map_err(|source| Error::new(&self.path, source))?;
        }
        let path = self.path.clone();
        self.finish_soon()?;
        sync::folders([path.as_path()])
    }

    /// Gives the file its name; its data may reach the disk later, which does not matter if it is only there to be
    /// resumed from.
    pub(crate) fn finish_soon(self) -> Result<(), Error> {
        let WholeFile { path, kind } = self;
        let Kind::Temporary(mut file, mark) = kind else { return Ok(()) };
        let complete = || match is_url(&path) {
            true => Upload::send(file.as_file_mut(), &path).and_then(|upload| complete(upload, mark)),
            false => mark.complete(|| file.persist(&path).map_err(|error| error.error)).map(drop),
        };
        complete().map_err(|source| Error { path, source })
    }

    /// Closes the file, complete but still without its name.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn close(self) -> Result<ClosedFile, Error> {
        let WholeFile { path, kind } = self;
        let temporary = match kind {
            Kind::Temporary(file, mark) => match id_of(file.as_file()) {
                Ok(identity) => Some((file.into_temp_path(), identity, mark)),
                Err(source) => return Err(Error { path, source }),
            },
            Kind::Direct(_) => None,
        };
        Ok(ClosedFile { path, temporary })
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
pub(crate) struct ClosedFile {
    path: PathBuf,
    temporary: Option<(tempfile::TempPath, Option<FileId>, Mark)>,
}

impl ClosedFile {
    /// Gives all of these files their names, when the data of all are where a power cut does not reach them.
    ///
    /// # Errors
    /// What the system says; another run that has begun the same output since.
    pub(crate) fn finish_all(files: Vec<ClosedFile>) -> Result<(), Error> {
        let temporary = |file: &ClosedFile| file.temporary.as_ref().map(|(path, ..)| path.to_path_buf());
        sync::files(files.iter().filter_map(|file| Some((temporary(file)?, file.path.as_path()))))?;
        let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
        // All are sent before the first one appears.
        let sent: Result<Vec<_>, Error> = files.into_iter().map(ClosedFile::send).collect();
        sent?.into_iter().try_for_each(|(file, upload)| file.finish(upload))?;
        sync::folders(paths.iter().map(PathBuf::as_path))
    }

    /// Sends the file to the store, if it is to be an object.
    fn send(self) -> Result<(ClosedFile, Option<Upload>), Error> {
        let upload = match &self.temporary {
            Some((temporary, ..)) if is_url(&self.path) => {
                let sent = File::open(temporary).and_then(|mut file| Upload::send(&mut file, &self.path));
                Some(sent.map_err(|source| Error::new(&self.path, source))?)
            }
            _ => None,
        };
        Ok((self, upload))
    }

    /// Gives the file its name, or completes the object.
    fn finish(self, upload: Option<Upload>) -> Result<(), Error> {
        let ClosedFile { path, temporary } = self;
        let Some((temporary, identity, mark)) = temporary else { return Ok(()) };
        if let Some(upload) = upload {
            return complete(upload, mark).map_err(|source| Error { path, source });
        }
        let finish = || {
            let ours = OpenOptions::new().write(true).open(&temporary).and_then(|file| {
                let ours =
                    id_of(&file)? == identity && !matches!(file.try_lock(), Err(TryLockError::WouldBlock));
                Ok(ours.then_some(file))
            });
            match ours {
                // Its lock is held until it has its name.
                Ok(Some(_held)) => temporary.persist(&path).map_err(|error| error.error),
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => {
                    temporary.keep().map_err(|error| error.error)?;
                    Err(io::Error::other("another run writes the same output"))
                }
            }
        };
        mark.complete(finish).map_err(|source| Error { path, source })
    }
}

/// Gives complete files their names, each the second of a pair, and makes the folders they need, when their data are
/// where a power cut does not reach them.
pub(super) fn move_all(files: &[(PathBuf, PathBuf)], unfinished: &Unfinished) -> Result<(), Error> {
    sync::files(files.iter().map(|(from, to)| (from.clone(), to.as_path())))?;
    files.iter().try_for_each(|(from, to)| move_to(from, to, unfinished))?;
    sync::folders(files.iter().map(|(_, to)| to.as_path()))
}

/// Gives the complete file `from` its name `to`, and makes the folders that needs.
pub(super) fn move_to(from: &Path, to: &Path, unfinished: &Unfinished) -> Result<(), Error> {
    let to = followed(to);
    let failed = |source| Error::new(&to, source);
    if is_url(&to) {
        let sent = File::open(from).and_then(|mut file| Upload::send(&mut file, &to));
        sent.and_then(|mut upload| unfinished.unless_abandoned(|| upload.complete())).map_err(failed)?;
        return fs::remove_file(from).map_err(failed);
    }
    let folder = to.parent().map_or(Ok(()), fs::create_dir_all);
    folder.map_err(failed)?;
    if let Ok(replaced) = fs::metadata(&to) {
        fs::set_permissions(from, replaced.permissions()).map_err(failed)?;
    }
    match fs::rename(from, &to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let mut copy = WholeFile::create(&to, unfinished)?;
            File::open(from).and_then(|mut file| io::copy(&mut file, &mut copy)).map_err(failed)?;
            copy.finish()?;
            fs::remove_file(from).map_err(failed)
        }
        renamed => renamed.map_err(failed),
    }
}

/// Makes an object appear, unless all that is under way was abandoned since it was sent.
fn complete(mut upload: Upload, mark: Mark) -> io::Result<()> {
    mark.complete(|| upload.complete()).inspect_err(|_| upload.abort())
}

/// Begins the file that is to become an object.
fn temporary_copy(unfinished: &Unfinished) -> io::Result<(NamedTempFile, Mark)> {
    let make = || Builder::new().prefix(".dsir-").suffix(".part").tempfile_in(copies_folder());
    unfinished.make(make, NamedTempFile::path)
}

/// Begins a file beside `path`, where there may be one that is to be replaced.
fn temporary_beside(
    path: &Path,
    there: Option<fs::Metadata>,
    unfinished: &Unfinished,
    prepare: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<(NamedTempFile, Mark)> {
    if there.is_some() && platform::is_mount_point(path) {
        return Err(io::Error::other(
            "a file system is mounted on this file, so that it cannot be replaced by a complete one; name a file in a folder",
        ));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A leading dot: a folder walked for shards passes it over.
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".dsir-part");
    let make = || {
        prepare(folder)?;
        fs::metadata(folder)?; // Of a missing folder, the system's own words.
        let named = Builder::new().prefix(&name).rand_bytes(0).make_in(folder, take);
        named.or_else(|_| {
            let mut any = Builder::new();
            any.prefix(".dsir-").suffix(".part");
            if let Some(permissions) = platform::permissions_of_new_file() {
                any.permissions(permissions);
            }
            any.tempfile_in(folder)
        })
    };
    let (file, mark) = unfinished.make(make, NamedTempFile::path)?;
    if let Some(replaced) = there {
        if !platform::may_replace(&file.as_file().metadata()?, &replaced, &fs::metadata(folder)?) {
            let what = "somebody else's file in a folder where only its owner may replace it; name another";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
        }
        file.as_file().set_permissions(replaced.permissions())?;
    }
    Ok((file, mark))
}

/// Makes the file `path` and holds it. What a killed run has left there is removed; what another run
/// holds is an error, and so is all where the file system has no locks.
fn take(path: &Path) -> io::Result<File> {
    let make = || OpenOptions::new().read(true).write(true).create_new(true).open(path);
    let file = match make() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let there = fs::symlink_metadata(path)?;
            if !there.is_file() {
                return Err(error);
            }
            let left = OpenOptions::new().write(true).open(path)?;
            if left.try_lock().is_err() || id_of(&left)? != id_at(path)? {
                return Err(error);
            }
            fs::remove_file(path)?;
            make()?
        }
        made => made?,
    };
    // Somebody else may have taken it for left behind before we held it.
    match file.try_lock().is_ok() && id_of(&file)? == id_at(path)? {
        true => Ok(file),
        false => Err(io::ErrorKind::AlreadyExists.into()),
    }
}

/// Which file is open; `None` where the system does not tell.
fn id_of(file: &File) -> io::Result<Option<FileId>> {
    Ok(FileId::of(&file.metadata()?))
}

/// Which file is at `path` itself, not where a link leads to.
fn id_at(path: &Path) -> io::Result<Option<FileId>> {
    Ok(FileId::of(&fs::symlink_metadata(path)?))
}

/// Where a link leads to in the end, whether that is there or not.
fn followed(path: &Path) -> PathBuf {
    if is_url(path) {
        return path.into();
    }
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

    fn create(path: &Path) -> WholeFile {
        WholeFile::create(path, &Unfinished::default()).unwrap()
    }

    #[test]
    fn a_file_has_its_name_only_when_finished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let mut file = create(&path);
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

        let mut file = create(&path);
        file.write_all(b"whole").unwrap();
        assert!(!path.exists());
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
    }

    #[test]
    fn what_a_killed_run_left_is_replaced_and_what_another_holds_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        fs::write(folder.path().join(".out.dsir-part"), "of a killed run, and longer").unwrap();
        let mut first = create(&path);
        let mut second = create(&path);
        first.write_all(b"first").unwrap();
        second.write_all(b"second").unwrap();
        first.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        second.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn a_closed_file_that_another_run_took_for_left_behind_is_not_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let first = create(&path).close().unwrap();
        let second = create(&path);
        assert!(first.finish(None).unwrap_err().to_string().contains("another run writes the same output"));
        assert!(!path.exists());
        second.finish().unwrap();
        assert!(path.exists());
    }

    #[test]
    fn a_link_stays_and_a_device_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let mut file = create(&link);
        file.write_all(b"new").unwrap();
        file.finish().unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");

        let mut null = create(Path::new("/dev/null"));
        null.write_all(b"gone").unwrap();
        null.finish().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}

//! What is read: files, and objects of stores, which are called by a URL.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use tempfile::TempPath;

use super::Stamp;
#[cfg(feature = "parquet")]
use super::platform::SharedFile;
#[cfg(feature = "parquet")]
use super::stores::ObjectCopy;
use super::stores::{self, Object, ObjectReader};

/// Whether a path is the URL of an object or of a folder of objects.
pub(crate) fn is_url(path: &Path) -> bool {
    let scheme = path.to_str().and_then(|path| path.split_once("://"));
    scheme.is_some_and(|(scheme, _)| {
        scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Where copies of objects are made.
static COPIES: RwLock<Option<PathBuf>> = RwLock::new(None);

/// From now on, copies of objects are made in `folder`.
pub(crate) fn keep_copies_in(folder: &Path) {
    *COPIES.write().unwrap_or_else(PoisonError::into_inner) = Some(folder.into());
}

pub(super) fn copies_folder() -> PathBuf {
    let folder = COPIES.read().unwrap_or_else(PoisonError::into_inner).clone();
    folder.unwrap_or_else(std::env::temp_dir)
}

/// All that is in the file or object at `path`.
///
/// # Errors
/// What the system or the store says.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    Input::open(path)?.read_to_end(&mut bytes).map(|_| bytes)
}

/// Size and time, or entity tag, of what is at `path`.
///
/// # Errors
/// What the system or the store says.
pub(crate) fn stamp_of(path: &Path) -> io::Result<Stamp> {
    match is_url(path) {
        true => Ok(Object::find(path)?.stamp()),
        false => Ok(Stamp::of(&fs::metadata(path)?)),
    }
}

/// Whether there is a file or an object at `path`.
pub(crate) fn is_there(path: &Path) -> bool {
    if is_url(path) { Object::find(path).is_ok() } else { path.exists() }
}

/// Whether there is a folder at `path`. A URL is that of one if it ends in `/`, or if there are objects below it and
/// none with its own name.
pub(crate) fn is_folder(path: &Path) -> bool {
    match is_url(path) {
        true => ends_as_folder(path) || matches!(objects_at(path), Ok(Objects::Below(_))),
        false => path.is_dir(),
    }
}

/// What is at a URL.
pub(crate) enum Objects {
    /// One object.
    One(Stamp),
    /// Those below it, in the order of their paths.
    Below(Vec<(PathBuf, Stamp)>),
}

/// The object that is at `url`, or those below it.
///
/// # Errors
/// What the store says; neither one nor the other.
pub(crate) fn objects_at(url: &Path) -> io::Result<Objects> {
    if ends_as_folder(url) {
        return stores::list(url).map(Objects::Below);
    }
    match Object::find(url) {
        Ok(object) => Ok(Objects::One(object.stamp())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match stores::list(url) {
            Ok(below) if !below.is_empty() => Ok(Objects::Below(below)),
            Err(other) if other.kind() != io::ErrorKind::Unsupported => Err(other),
            _ => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Whether a URL ends in `/`, or is that of a whole bucket.
fn ends_as_folder(url: &Path) -> bool {
    let url = url.as_os_str().as_encoded_bytes();
    url.ends_with(b"/") || url.iter().filter(|byte| **byte == b'/').count() == 2
}

/// Words in which no URL shows what may be a secret: who asks, and a query.
#[cfg(any(feature = "cli", test))]
pub(crate) fn without_secrets(words: &str) -> String {
    let (mut shown, mut rest) = (String::new(), words);
    while let Some(place) = rest.find("://") {
        let (before, after) = rest.split_at(place + 3);
        shown += before;
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let (url, next) = after.split_at(end);
        let authority = url.find('/').unwrap_or(url.len());
        let url = match url[..authority].rfind('@') {
            Some(at) => format!("…{}", &url[at..]),
            None => url.to_owned(),
        };
        let is_web = before.ends_with("http://") || before.ends_with("https://");
        let query = if is_web { url.find(['?', '#']) } else { url.find("?X-Amz-") };
        match query {
            Some(query) => {
                shown += &url[..=query];
                shown += "…";
                shown += if url.ends_with(':') { ":" } else { "" };
            }
            None => shown += &url,
        }
        rest = next;
    }
    shown + rest
}

/// The files or objects below `folder`, in the order of their paths.
///
/// # Errors
/// What the system or the store says.
pub(crate) fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if is_url(folder) {
        return Ok(stores::list(folder)?.into_iter().map(|(path, _)| path).collect());
    }
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// A file that is opened again and again, or a copy of an object, which is gone when nobody needs it any more. It holds
/// no handle.
#[derive(Clone, Debug)]
pub(crate) struct LocalFile {
    path: PathBuf,
    _copy: Option<Arc<TempPath>>,
}

impl LocalFile {
    /// Of what is at `path`.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        if !is_url(path) {
            return Ok(LocalFile { path: path.into(), _copy: None });
        }
        let object = Object::find(path)?;
        let copy = tempfile::Builder::new().prefix(".dsir-").suffix(".part").tempfile_in(copies_folder())?;
        io::copy(&mut stores::ObjectReader::new(object), &mut copy.as_file())?;
        let copy = copy.into_temp_path();
        Ok(LocalFile { path: copy.to_path_buf(), _copy: Some(Arc::new(copy)) })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Says that the object at `url` will be read soon, from its start.
pub(crate) fn expect(url: &Path, stamp: Stamp) {
    if is_url(url) {
        stores::expect(url, stamp);
    }
}

/// Says that what was expected and is not read yet will not be read.
pub(crate) fn expect_no_more() {
    stores::give_up();
}

/// A file or an object that is read from any place on.
pub(crate) enum Input {
    File(File),
    Object(Box<ObjectReader>),
}

impl Input {
    /// What is at `path`; an object that is known to have this stamp is not asked for another.
    ///
    /// # Errors
    /// What the system or the store says.
    pub(crate) fn open_known(path: &Path, stamp: Option<Stamp>) -> io::Result<Self> {
        match stamp.filter(|_| is_url(path)) {
            Some(stamp) => Ok(Input::Object(Box::new(ObjectReader::new(Object::known(path, stamp)?)))),
            None => Input::open(path),
        }
    }

    /// What is at `path`.
    ///
    /// # Errors
    /// What the system or the store says.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        match is_url(path) {
            true => Ok(Input::Object(Box::new(ObjectReader::new(Object::find(path)?)))),
            false => File::open(path).map(Input::File),
        }
    }

    pub(crate) fn stamp(&self) -> io::Result<Stamp> {
        match self {
            Input::File(file) => Ok(Stamp::of(&file.metadata()?)),
            Input::Object(object) => Ok(object.object().stamp()),
        }
    }

    /// The same for several threads, each of which reads at places of its own: from the start on, or only somewhere.
    #[cfg(feature = "parquet")]
    pub(crate) fn shared(self, from_start: bool) -> io::Result<SharedInput> {
        match self {
            Input::File(file) => Ok(SharedInput::File(SharedFile::new(file))),
            Input::Object(object) => {
                ObjectCopy::new(*object, from_start, &copies_folder()).map(SharedInput::Object)
            }
        }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Input::File(file) => file.read(buffer),
            Input::Object(object) => object.read(buffer),
        }
    }
}

impl Seek for Input {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Input::File(file) => file.seek(to),
            Input::Object(object) => object.seek(to),
        }
    }
}

/// A file or an object that several threads read, each at places of its own.
#[cfg(feature = "parquet")]
#[derive(Debug)]
pub(crate) enum SharedInput {
    File(SharedFile),
    Object(ObjectCopy),
}

#[cfg(feature = "parquet")]
impl SharedInput {
    /// Fills the start of `buffer` with what stands at byte `at`, and gives how much that is: nothing at the end alone.
    pub(crate) fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        match self {
            SharedInput::File(file) => file.read_at(buffer, at),
            SharedInput::Object(object) => object.read_at(buffer, at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_shows_a_secret() {
        for (words, shown) in [
            ("error: s3://KEY:SECRET@b/x: no", "error: s3://…@b/x: no"),
            ("https://h/x?sig=SECRET: no, https://h/y#S", "https://h/x?…: no, https://h/y#…"),
            ("s3://b/x?X-Amz-Signature=S", "s3://b/x?…"),
            ("s3://b/what?.jsonl and a@b", "s3://b/what?.jsonl and a@b"),
        ] {
            assert_eq!(without_secrets(words), shown);
        }
    }

    #[test]
    fn urls_are_told_from_paths() {
        for url in ["s3://bucket/key", "https://host/file", "hf://datasets/a/b"] {
            assert!(is_url(Path::new(url)), "{url}");
        }
        for path in ["raw", "/raw/s3", "c://x", "./s3://bucket", "s3:/bucket", "-"] {
            assert!(!is_url(Path::new(path)), "{path}");
        }
    }
}

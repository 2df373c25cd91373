use std::collections::HashSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

use walkdir::WalkDir;

use super::shard_file::ShardFile;
use super::source::Stream;
use super::span::Span;
use super::{BlockReader, Error, Exclude};
use crate::storage::{self, FileId, Objects, Stamp, is_url};

/// One input file or stream of records.
#[derive(Debug)]
pub struct Shard {
    path: PathBuf,
    /// Where the file is, if that is not `path`: a relative path leads elsewhere on another machine.
    file: Option<PathBuf>,
    relative: PathBuf,
    stream: Option<Stream>,
    bytes: u64,
    /// The file, if it has one name only.
    only: Option<FileId>,
    /// Size and time of a file when it was found.
    stamp: Option<Stamp>,
    /// What the first reading to its end has found.
    content: OnceLock<Content>,
    /// Whether it was found in a folder, and not named itself.
    walked: bool,
    /// Only the records that begin there; `None`: all.
    span: Option<Span>,
    /// How many lines are before the span, once that was asked.
    lines_before: OnceLock<u64>,
    /// The objects that are read after this one.
    next: Vec<(PathBuf, Stamp)>,
}

impl From<ShardFile> for Shard {
    fn from(ShardFile { path, file, relative, stamp, walked, span }: ShardFile) -> Self {
        let bytes = span.map_or(stamp.bytes, Span::bytes);
        Shard { file: Some(file), relative, bytes, stamp: Some(stamp), walked, span, ..Shard::new(&path) }
    }
}

/// All records of a shard, in whatever order: how many, and the sum of their content hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Content {
    pub(crate) records: u64,
    pub(crate) hashes: u64,
}

impl Shard {
    /// Of which nothing is known yet.
    fn new(path: &Path) -> Self {
        Shard {
            path: path.into(),
            file: None,
            relative: PathBuf::new(),
            stream: None,
            bytes: 0,
            only: None,
            stamp: None,
            content: OnceLock::new(),
            walked: false,
            span: None,
            lines_before: OnceLock::new(),
            next: Vec::new(),
        }
    }

    fn with_stamp(self, stamp: Stamp) -> Self {
        Shard { bytes: stamp.bytes, stamp: Some(stamp), ..self }
    }

    fn of_file(self, metadata: &fs::Metadata) -> Self {
        Shard { only: storage::only_name(metadata), ..self.with_stamp(Stamp::of(metadata)) }
    }

    /// The path as messages name it; standard input is `-`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path from the shards' common folder, under which outputs are named.
    pub fn relative(&self) -> &Path {
        &self.relative
    }

    /// The size in bytes as stored; 0 if unknown, as of a stream.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether this can be read from its start only once: standard input, a pipe.
    pub fn is_stream(&self) -> bool {
        self.stream.is_some()
    }

    /// Whether it can be read, once more if it was read before.
    pub fn is_readable(&self) -> bool {
        self.stream.as_ref().is_none_or(|stream| !stream.is_spent())
    }

    /// Stands for a file with this path, size and time of change; `None` for a stream, of which nothing can be said.
    pub fn fingerprint(&self) -> Option<u64> {
        let stamp = self.stamp()?;
        let mut bytes = plain_path(&self.path).into_os_string().into_encoded_bytes();
        bytes.extend(stamp.to_bytes());
        Some(xxhash_rust::xxh3::xxh3_64(&bytes))
    }

    /// The file as another machine is told of it; `None` for a stream, which is nowhere else.
    pub(crate) fn as_file(&self) -> Option<ShardFile> {
        Some(ShardFile {
            path: self.path.clone(),
            file: match is_url(&self.path) {
                true => self.path.clone(),
                false => std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone()),
            },
            relative: self.relative.clone(),
            stamp: self.stamp()?,
            walked: self.walked,
            span: self.span,
        })
    }

    /// Where the file is.
    pub(super) fn file(&self) -> &Path {
        self.file.as_deref().unwrap_or(&self.path)
    }

    /// The records that it is read for, if not for all.
    pub(crate) fn span(&self) -> Option<Span> {
        self.span
    }

    /// The line of the file that is number `line` of what is read of it, from 1.
    pub(crate) fn line(&self, line: u64) -> u64 {
        let Some(Span { start, lines_before, .. }) = self.span else { return line };
        let before = || BlockReader::lines_before(self.file(), start);
        let look = || *self.lines_before.get_or_init(before);
        line + lines_before.unwrap_or_else(look)
    }

    /// Has the beginning of the objects after this one fetched.
    pub(super) fn expect_next(&self) {
        self.next.iter().for_each(|(url, stamp)| storage::expect(url, *stamp));
    }

    /// Whether it was found in a folder that was named, and was not named itself.
    pub fn is_walked(&self) -> bool {
        self.walked
    }

    pub(super) fn stream(&self) -> Option<&Stream> {
        self.stream.as_ref()
    }

    /// Size and time of the file when it was found; `None` for a stream.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        self.stamp.filter(|_| !self.is_stream())
    }

    /// Makes sure that a reading to the end has found the records that the first one found.
    ///
    /// # Errors
    /// Other records, though size and time of the file are the same.
    pub(crate) fn check_content(&self, content: Content) -> Result<(), Error> {
        match *self.content.get_or_init(|| content) == content {
            true => Ok(()),
            false => Err(Error::OtherRecords { shard: self.path.clone() }),
        }
    }
}

/// The shards of a corpus in input order: the order given; within a folder, by path.
#[derive(Debug, Default)]
pub struct Shards {
    shards: Vec<Shard>,
    passed_over: u64,
    folders: Vec<PathBuf>,
    exclude: Exclude,
}

/// So many objects after the one that is opened are expected.
const EXPECTED: usize = 2;

const ENDINGS: [&str; 8] = ["jsonl", "ndjson", "json", "parquet", "arrow", "feather", "csv", "tsv"];
const COMPRESSED_ENDINGS: [&str; 4] = ["gz", "gzip", "zst", "zstd"];

impl Shards {
    /// Finds the shards that `paths` name: files, folders (walked), `-` for standard input.
    ///
    /// # Errors
    /// A path that is not there, a folder without shards, a shard named twice.
    pub fn find<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Shards, Error> {
        Shards::find_without(paths, &Exclude::default())
    }

    /// The same without the files of folders that are excluded.
    ///
    /// # Errors
    /// A path that is not there, a folder without shards, a shard named twice.
    pub fn find_without<P: AsRef<Path>>(
        paths: impl IntoIterator<Item = P>,
        exclude: &Exclude,
    ) -> Result<Shards, Error> {
        let mut found = Shards { exclude: exclude.clone(), ..Shards::default() };
        for path in paths {
            found.add(path.as_ref(), exclude)?;
        }
        let (mut seen, mut files) = (HashSet::new(), HashSet::new());
        for shard in &found.shards {
            if !seen.insert(plain_path(&shard.path)) || shard.only.is_some_and(|file| !files.insert(file)) {
                return Err(Error::Twice { shard: shard.path.clone() });
            }
        }
        found.name_relatively();
        found.link_objects();
        Ok(found)
    }

    /// The paths that the file `list` holds, one on each line; blank lines do not count.
    ///
    /// # Errors
    /// A list that cannot be read or is empty.
    pub fn read_list(list: &Path) -> Result<Vec<PathBuf>, Error> {
        let failed = |source| Error::Open { path: list.into(), source };
        let mut text = Vec::new();
        if list == Path::new("-") {
            io::stdin().read_to_end(&mut text).map_err(failed)?;
        } else {
            text = storage::read(list).map_err(failed)?;
        }
        let lines = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text).split(|byte| *byte == b'\n');
        let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let paths: Vec<_> =
            lines.filter(|line| !line.trim_ascii().is_empty()).map(storage::path_of_bytes).collect();
        if paths.is_empty() { Err(Error::EmptyList { list: list.into() }) } else { Ok(paths) }
    }

    fn add(&mut self, path: &Path, exclude: &Exclude) -> Result<(), Error> {
        if path == Path::new("-") {
            self.shards.push(Shard { stream: Some(Stream::stdin()), ..Shard::new(path) });
            return Ok(());
        }
        let failed = |source| Error::Open { path: path.into(), source };
        if is_url(path) {
            return match storage::objects_at(path).map_err(failed)? {
                Objects::One(stamp) => {
                    self.shards.push(Shard::new(path).with_stamp(stamp));
                    Ok(())
                }
                Objects::Below(objects) => self.add_objects(path, objects, exclude),
            };
        }
        let metadata = fs::metadata(path).map_err(failed)?;
        if metadata.is_dir() {
            return self.walk(path, exclude);
        }
        let stream = (!metadata.is_file()).then(|| Stream::path(path));
        self.shards.push(Shard { stream, ..Shard::new(path).of_file(&metadata) });
        Ok(())
    }

    /// Adds the objects of those below `folder` that a walk through folders would take for shards.
    fn add_objects(
        &mut self,
        folder: &Path,
        objects: Vec<(PathBuf, Stamp)>,
        exclude: &Exclude,
    ) -> Result<(), Error> {
        let before = self.shards.len();
        self.folders.push(folder.into());
        for (path, stamp) in objects {
            let inside = path.strip_prefix(folder).unwrap_or(&path);
            if inside.components().any(is_hidden) || exclude.matches(inside) {
                continue;
            }
            if is_shard_name(&path) {
                self.shards.push(Shard { walked: true, ..Shard::new(&path).with_stamp(stamp) });
            } else {
                self.passed_over += 1;
            }
        }
        self.refuse_none_since(before, folder)
    }

    fn refuse_none_since(&self, before: usize, folder: &Path) -> Result<(), Error> {
        match self.shards.len() > before {
            true => Ok(()),
            false => Err(Error::NoShard { folder: folder.into() }),
        }
    }

    fn walk(&mut self, folder: &Path, exclude: &Exclude) -> Result<(), Error> {
        let before = self.shards.len();
        self.folders.push(folder.into());
        let visible = |entry: &walkdir::DirEntry| {
            entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".")
        };
        for entry in
            WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter().filter_entry(visible)
        {
            let entry = entry.map_err(|error| {
                let path = error.path().unwrap_or(folder).into();
                let source =
                    error.into_io_error().unwrap_or_else(|| io::Error::other("links that lead in a circle"));
                Error::Open { path, source }
            })?;
            if !entry.file_type().is_file() {
                continue;
            }
            if exclude.matches(entry.path().strip_prefix(folder).unwrap_or(entry.path())) {
                continue;
            }
            if is_shard_name(entry.path()) {
                let shard = Shard { walked: true, ..Shard::new(entry.path()) };
                self.shards.push(match entry.metadata() {
                    Ok(metadata) => shard.of_file(&metadata),
                    Err(_) => shard,
                });
            } else {
                self.passed_over += 1;
            }
        }
        self.refuse_none_since(before, folder)
    }

    /// Tells each object of a store which come after it.
    fn link_objects(&mut self) {
        for place in 0..self.shards.len() {
            let after = self.shards[place + 1..].iter().take(EXPECTED);
            let objects = after.filter(|shard| is_url(&shard.path) && shard.span.is_none());
            self.shards[place].next =
                objects.filter_map(|shard| Some((shard.path.clone(), shard.stamp?))).collect();
        }
    }

    /// Names every shard by its path from the deepest folder that holds all of them.
    fn name_relatively(&mut self) {
        let mut common: Option<PathBuf> = None;
        for shard in self.shards.iter().filter(|shard| !shard.is_stream()) {
            let folder = plain_path(&shard.path).parent().map(Path::to_path_buf).unwrap_or_default();
            common = Some(match common {
                None => folder,
                Some(common) => shared_start(&common, &folder),
            });
        }
        let common = common.unwrap_or_default();
        for shard in &mut self.shards {
            shard.relative = match &shard.stream {
                Some(stream) => stream.file_name(),
                None => {
                    let path = plain_path(&shard.path);
                    path.strip_prefix(&common).map(Path::to_path_buf).unwrap_or(path)
                }
            };
        }
    }

    /// Files that were found elsewhere, in this order.
    pub(crate) fn of_files(files: impl IntoIterator<Item = ShardFile>) -> Self {
        let mut shards = Shards { shards: files.into_iter().map(Shard::from).collect(), ..Shards::default() };
        shards.link_objects();
        shards
    }

    /// Puts the shards into another order: the places that they have now, one after the other.
    pub(crate) fn in_order(mut self, order: &[usize]) -> Shards {
        let mut shards: Vec<Option<Shard>> = self.shards.into_iter().map(Some).collect();
        self.shards =
            order.iter().filter_map(|place| shards.get_mut(*place).and_then(Option::take)).collect();
        self
    }

    /// Keeps the first `count` shards, and gives the others.
    pub(crate) fn split_at(&mut self, count: usize) -> Shards {
        Shards {
            shards: self.shards.split_off(count),
            passed_over: 0,
            folders: self.folders.clone(),
            exclude: self.exclude.clone(),
        }
    }

    /// Gives the shards other names under which outputs are named.
    pub(crate) fn rename(&mut self, names: impl IntoIterator<Item = PathBuf>) {
        self.shards.iter_mut().zip(names).for_each(|(shard, name)| shard.relative = name);
    }

    /// The shards in input order.
    pub fn iter(&self) -> std::slice::Iter<'_, Shard> {
        self.shards.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.shards.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.shards.is_empty()
    }

    /// The shard at a place in the input order.
    pub fn get(&self, index: usize) -> Option<&Shard> {
        self.shards.get(index)
    }

    /// Bytes as stored; `None` if a stream is among them.
    pub fn total_bytes(&self) -> Option<u64> {
        if self.shards.iter().any(Shard::is_stream) {
            return None;
        }
        Some(self.shards.iter().map(Shard::bytes).sum())
    }

    /// From now on, the first reading of a stream leaves a compressed copy in `folder` for the next.
    pub fn keep_streams(&self, folder: &Path) {
        for stream in self.shards.iter().filter_map(Shard::stream) {
            stream.keep_in(folder);
        }
    }

    /// Stands for the paths of the shards, in whatever order.
    pub fn fingerprint_of_paths(&self) -> u64 {
        let hash = |shard: &Shard| {
            xxhash_rust::xxh3::xxh3_64(plain_path(&shard.path).into_os_string().as_encoded_bytes())
        };
        self.shards.iter().map(hash).fold(0, u64::wrapping_add)
    }

    /// Whether a walk takes a file of this name for a shard.
    pub fn is_shard_name(path: &Path) -> bool {
        is_shard_name(path)
    }

    /// Files in walked folders whose names are not those of shards.
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// The patterns of files that were left out.
    pub fn exclude(&self) -> &Exclude {
        &self.exclude
    }

    /// The folder among those walked in which a file at `path` would be taken for a shard, and its path from there.
    pub fn walks_to(&self, path: &Path) -> Option<(&Path, PathBuf)> {
        let path = plain_path(path);
        if !is_shard_name(&path) {
            return None;
        }
        self.folders.iter().find_map(|folder| {
            let inside = path.strip_prefix(plain_path(folder)).ok()?;
            let is_shard = !inside.components().any(is_hidden) && !self.exclude.matches(inside);
            is_shard.then(|| (folder.as_path(), inside.to_path_buf()))
        })
    }
}

impl std::ops::Index<usize> for Shards {
    type Output = Shard;

    fn index(&self, index: usize) -> &Shard {
        &self.shards[index]
    }
}

fn is_hidden(part: Component<'_>) -> bool {
    part.as_os_str().as_encoded_bytes().starts_with(b".")
}

fn is_shard_name(path: &Path) -> bool {
    ending_of_content(path).is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// The ending of a name, in lower case, without that of a compression.
pub(crate) fn ending_of_content(name: &Path) -> Option<String> {
    let ending = |name: &Path| name.extension()?.to_str().map(str::to_ascii_lowercase);
    match ending(name)? {
        compressed if COMPRESSED_ENDINGS.contains(&compressed.as_str()) => ending(&name.with_extension("")),
        plain => Some(plain),
    }
}

/// A name without the endings of a compression and of a form that is read.
pub(crate) fn name_without_endings(name: &Path) -> PathBuf {
    let without = |name: &Path, endings: &[&str]| {
        let ending = name.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        let is_one = ending.is_some_and(|ending| endings.contains(&ending.as_str()));
        if is_one { name.with_extension("") } else { name.to_path_buf() }
    };
    without(&without(name, &COMPRESSED_ENDINGS), &ENDINGS)
}

/// The absolute path without `.` and `..`, by its letters alone: symbolic links stay as they are. A URL is one already.
pub(crate) fn plain_path(path: &Path) -> PathBuf {
    if is_url(path) {
        return path.into();
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let mut plain = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

fn shared_start(a: &Path, b: &Path) -> PathBuf {
    a.components().zip(b.components()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_known_by_their_endings() {
        for name in ["a.jsonl", "a.json.gz", "part.1.NDJSON", "b.jsonl.zst", "c.json"] {
            assert!(is_shard_name(Path::new(name)), "{name}");
        }
        for name in ["README.md", "a.gz", "jsonl", "a.jsonl.bz2", "_SUCCESS"] {
            assert!(!is_shard_name(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn relative_names_start_at_the_common_folder() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["x/a.jsonl", "x/y/b.jsonl.gz", "x/notes.txt"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let shards = Shards::find([folder.path()]).unwrap();
        let names: Vec<_> = shards.iter().map(|shard| shard.relative().to_str().unwrap()).collect();
        assert_eq!(names, ["a.jsonl", "y/b.jsonl.gz"]);
        assert_eq!(shards.passed_over(), 1);
    }
}

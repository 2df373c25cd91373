//! Scores that lie beside the shards, in files of any form that shards have: columns, attributes, fields.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Error;
use crate::observer::Observer;
use crate::reader::{self, Block, BlockReader, Fault, FieldPath, Shards, field_names, plain_path, score_at};
use crate::scan::{self, Job};
use crate::storage;
use crate::weights::{self, ScoresFile};

/// Files with a score for each record, in the order of the shards, or one for all.
#[derive(Clone, Debug)]
pub(crate) struct Sidecar {
    pub(super) files: Arc<Shards>,
    field: FieldPath,
}

impl Sidecar {
    /// The scores of `raw` in `field` of a file, or of the files in a folder: the path of each, from there, is the end
    /// of its shard's path, whatever the endings of both.
    ///
    /// # Errors
    /// A path that is not there; a shard without a file of its own.
    pub(crate) fn find(raw: &Shards, path: &Path, field: FieldPath) -> Result<Self, Error> {
        let mut paths = vec![path.to_path_buf()];
        if storage::is_folder(path) {
            let mut by_name: HashMap<PathBuf, Vec<PathBuf>> = HashMap::new();
            for file in Shards::find([path])?.iter() {
                let name = file.path().strip_prefix(path).unwrap_or(file.path());
                by_name.entry(reader::name_without_endings(name)).or_default().push(file.path().into());
            }
            paths.clear();
            for shard in raw.iter() {
                let name = reader::name_without_endings(&plain_path(shard.path()));
                // The longest that is the end of the shard's path.
                let parts: Vec<_> = name.components().collect();
                let found = (0..parts.len())
                    .find_map(|first| by_name.get(&parts[first..].iter().collect::<PathBuf>()));
                match found.map(Vec::as_slice) {
                    Some([file]) => paths.push(file.clone()),
                    Some([file, other, ..]) => {
                        let (path, other) = (file.clone(), other.clone());
                        return Err(
                            weights::Error::TwoSidecars { path, other, shard: shard.path().into() }.into()
                        );
                    }
                    _ => {
                        let name = reader::name_without_endings(shard.relative());
                        let (path, shard) = (path.join(name), shard.path().into());
                        return Err(weights::Error::NoSidecar { path, shard }.into());
                    }
                }
            }
        }
        Ok(Sidecar { files: Arc::new(Shards::find(paths)?), field })
    }

    /// Reads the scores into files in `folder`.
    ///
    /// # Errors
    /// Files that cannot be read, or without such a field.
    pub(super) fn read(&self, folder: &Path, observer: &Observer) -> Result<Vec<ScoresFile>, Error> {
        observer.begin("scores", self.files.total_bytes());
        let job = ReadScores { files: &self.files, field: &self.field, folder };
        Ok(scan::scan(&job, &self.files, observer)?.shards)
    }
}

struct ReadScores<'a> {
    files: &'a Shards,
    field: &'a FieldPath,
    folder: &'a Path,
}

/// The scores of a file under way.
struct UnderWay {
    number: usize,
    path: PathBuf,
    file: BufWriter<File>,
    scores: u64,
}

impl ReadScores<'_> {
    fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error + '_ {
        |source| storage::Error::new(path, source).into()
    }
}

impl Job for ReadScores<'_> {
    type Thread = ();
    type Made = Vec<f64>;
    type Gathered = UnderWay;
    type Ended = ScoresFile;

    fn thread(&self) {}

    fn begin(&self, number: usize, _: &BlockReader) -> Result<UnderWay, Error> {
        let path = self.folder.join(format!("scores-{number}"));
        let file = File::create(&path).map_err(Self::failed(&path))?;
        Ok(UnderWay { number, file: BufWriter::new(file), path, scores: 0 })
    }

    fn make(&self, (): &mut (), number: usize, block: &Block) -> Result<Vec<f64>, Error> {
        let scores: Vec<f64> =
            block.records().map(|record| score_at(record.bytes, self.field).unwrap_or(f64::NAN)).collect();
        // A record that is skipped needs no score, but if none has one, the field is not what was meant.
        match block.records().next() {
            Some(first) if scores.iter().all(|score| score.is_nan()) => {
                let there = field_names(first.bytes);
                let fault = Fault::NoScore { field: self.field.to_string(), there, must: "a number" };
                let file = &self.files[number];
                let (shard, line, walked) = (file.path().into(), file.line(first.line), file.is_walked());
                Err(reader::Error::Record { shard, line, fault, walked }.into())
            }
            _ => Ok(scores),
        }
    }

    fn gather(&self, to: &mut UnderWay, scores: Vec<f64>) -> Result<(), Error> {
        to.scores += scores.len() as u64;
        let bytes: Vec<u8> = scores.iter().flat_map(|score| score.to_le_bytes()).collect();
        to.file.write_all(&bytes).map_err(Self::failed(&to.path))
    }

    fn end(&self, UnderWay { number, path, mut file, scores }: UnderWay) -> Result<ScoresFile, Error> {
        file.flush().map_err(Self::failed(&path))?;
        Ok(ScoresFile::of_values(&path, self.files[number].path(), scores)?)
    }
}

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::ReadOptions;
use super::candidates::{Candidates, CandidatesThread};
use super::documents::{Documents, ReadReport, Taken, Tally, has_few_spaces};
use super::filter::{Filter, FilterThread, Verdict};
use super::rejects::Rejects;
use crate::density::{LogRatios, Model};
use crate::error::Error;
use crate::featurizer::Featurizers;
use crate::observer::Observer;
use crate::reader::{Block, BlockReader, Bookmark, Reread, Shard, Shards, TextReader, content_hash};
use crate::resample::{Groups, ScreenState};
use crate::scan::checkpoint_file::{CheckpointFile, EarlierRun};
use crate::scan::{self, CheckpointTimer, Done, Job};
use crate::storage::{self, GrowingFile, Storage, WorkDir};
use crate::weights::{
    self, Layout, RowBlock, Weigher, WeightsFile, WeightsFolder, WeightsInfo, WeightsWriter, push_row,
};
use crate::writer;

/// What weighing does beside weighing.
#[derive(Default)]
pub(crate) struct WeighOptions<'a> {
    /// Keeps the records skipped.
    pub rejects: Option<&'a mut Rejects>,
    /// Keeps, beside the weights, the records that may still be selected.
    pub candidates: Option<&'a Candidates>,
    /// Where the weights go when they are complete; otherwise they stay in the workplace.
    pub publish_to: Option<&'a WeightsFolder>,
    /// What is asked of every record.
    pub filter: Filter,
}

/// What came of weighing.
#[derive(Debug)]
pub(crate) struct Weighed {
    /// What was read.
    pub read: ReadReport,
    /// The names of the groups that there are, if records are told apart.
    pub groups: Groups,
}

/// Weighs every record of `shards` with `model`: one weights file for each shard. In a workplace that is kept, goes on from
/// what an earlier run has done there.
///
/// # Errors
/// A partial model; shards that cannot be read, or without a document; a folder that cannot be written
/// or holds other weights.
pub(crate) fn weigh(
    model: &Model,
    shards: &Shards,
    read: &ReadOptions,
    work_dir: &WorkDir,
    options: WeighOptions<'_>,
    storage: &Storage,
    observer: &Observer,
) -> Result<Weighed, Error> {
    let WeighOptions { mut rejects, candidates, publish_to, filter } = options;
    let log_ratios = model.log_ratios()?;
    let featurizers = read.featurizers(model.space)?;
    let info = WeightsInfo::new(model, &read.fields, filter.stored());
    let layout = filter.layout(log_ratios.targets());
    publish_to.map_or(Ok(()), |folder| folder.prepare(&info, storage))?;
    observer.begin("weigh", shards.total_bytes());

    let parts = work_dir.parts();
    let mut job = Weigh {
        featurizers,
        log_ratios: &log_ratios,
        layout,
        shards,
        storage,
        weights: WeightsFolder::new(&parts),
        parts,
        publish_to,
        candidates,
        documents: Documents::new(
            shards,
            read,
            model.space.tokenizer.field_kind(),
            rejects.is_some(),
            observer,
        ),
        with_rejects: rejects.is_some(),
        needs_spaces: model.space.tokenizer.needs_spaces(),
        checkpoints: work_dir
            .resumable()
            .map(|work| CheckpointFile::new(work, "weigh", &(&info, filter.fingerprint()))),
        filter,
        before: None,
        unpublished: Mutex::default(),
    };
    job.before = job.find_before(read)?;
    let bytes_before =
        job.before.as_ref().map_or(0, |before| before.tallies().map(|tally| tally.bytes).sum());
    let ended_before = job.ended_before().into_keys().collect();
    job.unpublished = Mutex::new(ended_before);
    let scanned = scan::scan(&job, shards, observer)?;
    job.publish()?;
    if let Some(rejects) = &mut rejects {
        for (shard, _) in shards.iter().zip(&scanned.shards).filter(|(_, tally)| tally.invalid > 0) {
            let path = job.rejects_of(shard);
            let failed = |source| writer::Error::Temporary { folder: job.parts.clone(), source };
            rejects.append(File::open(path).map_err(failed)?)?;
        }
    }
    let report = job.documents.finish("raw", &scanned.shards)?;
    let groups = job.groups(scanned.threads.iter());
    Ok(Weighed { read: ReadReport { bytes_before, ..report }, groups })
}

struct Weigh<'a> {
    featurizers: Featurizers,
    log_ratios: &'a LogRatios,
    layout: Layout,
    filter: Filter,
    shards: &'a Shards,
    storage: &'a Storage,
    /// Where the files of shards under way are.
    parts: PathBuf,
    weights: WeightsFolder,
    publish_to: Option<&'a WeightsFolder>,
    candidates: Option<&'a Candidates>,
    documents: Documents<'a>,
    with_rejects: bool,
    needs_spaces: bool,
    checkpoints: Option<CheckpointFile>,
    before: Option<EarlierRun<Tally, PartState, WholeState>>,
    /// Shards whose weights are complete and not yet where they go.
    unpublished: Mutex<Vec<usize>>,
}

/// How long the files of a shard under way are; the length of the weights follows from the records.
#[derive(Clone, Serialize, Deserialize)]
struct PartState {
    /// None if none are kept.
    candidates: Option<u64>,
    rejects: u64,
}

#[derive(Serialize, Deserialize)]
struct WholeState {
    with_rejects: bool,
    screen: Option<ScreenState>,
    groups: Groups,
}

struct WeighThread<'a> {
    weigher: Weigher<'a>,
    candidates: CandidatesThread,
    texts: TextReader<'a>,
    filter: FilterThread,
}

/// The rows of one block, what was taken out of it, and its records that may be selected.
struct Rows {
    rows: Vec<u8>,
    taken: Taken,
    candidates: Vec<u8>,
}

/// The files of one shard under way.
struct ShardFiles {
    shard: usize,
    tally: Tally,
    weights: WeightsWriter,
    candidates: Option<GrowingFile>,
    rejects: Option<GrowingFile>,
}

impl Weigh<'_> {
    /// The names of all groups met, by an earlier run too.
    fn groups<'t>(&self, threads: impl Iterator<Item = &'t WeighThread<'t>>) -> Groups {
        let mut groups = self.before.as_ref().map(|before| before.whole.groups.clone()).unwrap_or_default();
        threads.for_each(|thread| groups.extend(thread.filter.groups.clone()));
        groups
    }

    fn rejects_of(&self, shard: &Shard) -> PathBuf {
        let mut name = self.parts.join(shard.relative()).into_os_string();
        name.push(".rejects");
        name.into()
    }

    /// What an earlier run has left that this one can use.
    fn find_before(
        &self,
        read: &ReadOptions,
    ) -> Result<Option<EarlierRun<Tally, PartState, WholeState>>, Error> {
        let Some(checkpoints) = &self.checkpoints else { return Ok(None) };
        let Some(mut before) = checkpoints.earlier_run(self.shards) else {
            removed(&self.parts, fs::remove_dir_all(&self.parts))?;
            return Ok(None);
        };
        let WholeState { with_rejects, screen, .. } = &before.whole;
        let rejects_fit =
            |tally: &Tally| tally.invalid == 0 || read.skip_invalid && (*with_rejects || !self.with_rejects);
        before.ended.retain(|shard, tally| rejects_fit(tally) && self.is_there(*shard, tally.records));
        before
            .under_way
            .retain(|shard, (at, tally, part)| rejects_fit(tally) && self.is_under_way(*shard, *at, part));
        if let Some(candidates) = self.candidates
            && !screen.as_ref().is_some_and(|screen| candidates.screen().resume(screen))
        {
            // Kept for another draw: they would lack some.
            for shard in before.ended.keys().chain(before.under_way.keys()) {
                let path = candidates.path_of(&self.shards[*shard]);
                removed(&path, fs::remove_file(&path))?;
            }
            before.under_way.values_mut().for_each(|(.., part)| part.candidates = None);
        }
        Ok(Some(before))
    }

    /// Whether the complete weights of a shard are there, here or where they go.
    fn is_there(&self, shard: usize, records: u64) -> bool {
        let folders = [Some(&self.weights), self.publish_to].into_iter().flatten();
        folders.map(|folder| folder.path_of(&self.shards[shard])).any(|path| {
            WeightsFile::open(&path).is_ok_and(|file| file.rows() == records && file.layout() == self.layout)
        })
    }

    /// Whether the files of a shard are as long as they were.
    fn is_under_way(&self, shard: usize, at: Bookmark, part: &PartState) -> bool {
        let shard = &self.shards[shard];
        let has = |path: &Path, len: u64| fs::metadata(path).is_ok_and(|there| there.len() >= len);
        let candidates = self.candidates.zip(part.candidates);
        has(&self.weights.path_of(shard), WeightsWriter::len(self.layout, at.records()))
            && candidates.is_none_or(|(candidates, len)| has(&candidates.path_of(shard), len))
            && (part.rejects == 0 || has(&self.rejects_of(shard), part.rejects))
    }

    /// Goes on with the files of a shard.
    fn go_on(
        &self,
        shard: usize,
        (at, tally, part): &(Bookmark, Tally, PartState),
    ) -> Result<ShardFiles, storage::Error> {
        let of = &self.shards[shard];
        let path = self.weights.path_of(of);
        let candidates = self.candidates.zip(part.candidates);
        let candidates =
            candidates.map(|(candidates, len)| GrowingFile::resume(&candidates.path_of(of), len));
        let rejects = (part.rejects > 0).then(|| GrowingFile::resume(&self.rejects_of(of), part.rejects));
        Ok(ShardFiles {
            shard,
            tally: tally.clone(),
            weights: WeightsWriter::resume(&path, self.layout, at.records())?,
            candidates: candidates.transpose()?,
            rejects: rejects.transpose()?,
        })
    }

    /// Puts weights that are complete where they go.
    fn publish(&self) -> Result<(), Error> {
        let Some(folder) = self.publish_to else { return Ok(()) };
        let mut unpublished = self.unpublished.lock().unwrap_or_else(PoisonError::into_inner);
        let mut files = Vec::new();
        for shard in unpublished.drain(..) {
            let shard = &self.shards[shard];
            let (from, to) = (self.weights.path_of(shard), folder.path_of(shard));
            // An earlier run may have been killed after it had moved them.
            if !from.exists() {
                continue;
            }
            // What is no weights file is replaced; of another model it cannot be.
            if let Ok(there) = WeightsFile::open(&to)
                && !WeightsFile::open(&from)?.has_records_of(&there)?
            {
                return Err(weights::Error::OtherShard { path: to, shard: shard.path().into() }.into());
            }
            files.push((from, to));
        }
        Ok(self.storage.move_all(&files)?)
    }
}

/// Makes sure that weights that are in `folder` already, under the names of `shards`, are of these: by the first
/// record of each, for that takes no time.
///
/// # Errors
/// Weights of another shard; a shard that cannot be read.
pub(crate) fn refuse_weights_of_others(shards: &Shards, folder: &WeightsFolder) -> Result<(), Error> {
    let (mut block, mut rows) = (Block::default(), RowBlock::default());
    for shard in shards.iter().filter(|shard| !shard.is_stream()) {
        let path = folder.path_of(shard);
        let Ok(there) = WeightsFile::open(&path) else { continue };
        if there.rows() == 0 || !there.layout().is_full() {
            continue;
        }
        there.read(0, 1, &mut rows)?;
        BlockReader::open(shard, &Observer::default())?.next_block(&mut block)?;
        let first = block.records().next().map(|record| content_hash(record.bytes));
        if first.is_some_and(|first| rows.rows().any(|row| row.record() != first)) {
            return Err(weights::Error::OtherShard { path, shard: shard.path().into() }.into());
        }
    }
    Ok(())
}

/// In the rows of records that were left out, which are not weighed; those of records that were skipped have none.
pub(super) const LEFT_OUT_TOKENS: u64 = 1;

/// What was removed need not have been there.
fn removed(path: &Path, result: io::Result<()>) -> Result<(), storage::Error> {
    match result {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(storage::Error::new(path, source)),
        _ => Ok(()),
    }
}

impl<'a> Job for Weigh<'a> {
    type Thread = WeighThread<'a>;
    type Made = Rows;
    type Gathered = ShardFiles;
    type Ended = Tally;

    fn thread(&self) -> WeighThread<'a> {
        WeighThread {
            weigher: Weigher::new(&self.featurizers, self.log_ratios),
            candidates: CandidatesThread::default(),
            texts: self.documents.thread(),
            filter: self.filter.thread(),
        }
    }

    fn open(&self, shard: usize, shards: &Shards, observer: &Observer) -> Result<BlockReader, Error> {
        Ok(match self.before.as_ref().and_then(|before| before.under_way.get(&shard)) {
            Some((at, ..)) => BlockReader::open_at(&shards[shard], *at, observer)?,
            None => BlockReader::open(&shards[shard], observer)?,
        })
    }

    fn begin(&self, shard: usize, reader: &BlockReader) -> Result<ShardFiles, Error> {
        if let Some(part) = self.before.as_ref().and_then(|before| before.under_way.get(&shard)) {
            return Ok(self.go_on(shard, part)?);
        }
        let of = &self.shards[shard];
        let weights = WeightsWriter::create_in(self.storage, &self.weights.path_of(of), self.layout)?;
        let candidates = match self.candidates {
            Some(candidates) if reader.reread() != Reread::Cheap => {
                Some(self.storage.grow(&candidates.path_of(of))?)
            }
            Some(candidates) => {
                let path = candidates.path_of(of);
                removed(&path, fs::remove_file(&path))?;
                None
            }
            None => None,
        };
        Ok(ShardFiles { shard, tally: Tally::default(), weights, candidates, rejects: None })
    }

    fn make(&self, thread: &mut WeighThread<'a>, shard: usize, block: &Block) -> Result<Rows, Error> {
        let WeighThread { weigher, candidates: keep, texts, filter } = thread;
        let none = || std::iter::repeat_n(f64::NEG_INFINITY, self.log_ratios.targets());
        let mut rows = Vec::new();
        let mut few_spaces = 0;
        let mut taken = self.documents.each(texts, shard, block, |record, text| {
            let Some(text) = text else {
                push_row(&mut rows, none(), record.id(), 0, self.filter.no_group());
                return Ok(());
            };
            let Verdict { is_left_out, group, .. } = self.filter.check(record.bytes, text, filter);
            if is_left_out {
                push_row(&mut rows, none(), record.id(), LEFT_OUT_TOKENS, group);
            } else {
                let (tokens, log_weights) = weigher.weigh(text);
                few_spaces += u64::from(self.needs_spaces && has_few_spaces(text, tokens));
                push_row(&mut rows, log_weights, record.id(), tokens, group);
            }
            Ok(())
        })?;
        taken.tally.few_spaces = few_spaces;
        let candidates = match self.candidates {
            Some(candidates) => candidates.frame(keep, block, &rows, self.layout)?,
            None => Vec::new(),
        };
        Ok(Rows { rows, taken, candidates })
    }

    fn gather(&self, files: &mut ShardFiles, made: Rows) -> Result<(), Error> {
        let Rows { rows, taken, candidates } = made;
        files.tally.add(taken.tally);
        files.weights.write(&rows)?;
        if let Some(file) = &mut files.candidates {
            file.append(&candidates)?;
        }
        if !taken.rejected.is_empty() {
            let file = match &mut files.rejects {
                Some(file) => file,
                none => none.insert(self.storage.grow(&self.rejects_of(&self.shards[files.shard]))?),
            };
            file.append(&taken.rejected)?;
        }
        Ok(())
    }

    fn end(&self, files: ShardFiles) -> Result<Tally, Error> {
        files.weights.finish()?;
        self.unpublished.lock().unwrap_or_else(PoisonError::into_inner).push(files.shard);
        Ok(files.tally)
    }

    fn ended_before(&self) -> BTreeMap<usize, Tally> {
        self.before.as_ref().map(|before| before.ended.clone()).unwrap_or_default()
    }

    fn timer(&self) -> Option<&CheckpointTimer> {
        self.checkpoints.as_ref().map(|checkpoints| &checkpoints.timer)
    }

    fn keep(&self, done: Done<'_, Self>) -> Result<(), Error> {
        let Some(checkpoints) = &self.checkpoints else { return Ok(()) };
        let mut under_way = Vec::new();
        for (shard, at, ShardFiles { tally, weights, candidates, rejects, .. }) in done.under_way {
            weights.flush()?;
            let candidates = candidates.as_mut().map(GrowingFile::len).transpose()?;
            let rejects = rejects.as_mut().map(GrowingFile::len).transpose()?.unwrap_or(0);
            under_way.push((shard, at, tally.clone(), PartState { candidates, rejects }));
        }
        let ended = done.ended.iter().map(|(shard, tally)| (*shard, tally));
        let screen = self.candidates.map(|candidates| candidates.screen().state());
        let groups = self.groups(done.threads.iter().map(|thread| &**thread));
        let whole = WholeState { with_rejects: self.with_rejects, screen, groups };
        checkpoints.save(self.shards, ended, under_way.into_iter(), self.before.as_ref(), whole)?;
        // Only now: had they been moved before, and the run been killed, they would have been missed.
        self.publish()
    }
}

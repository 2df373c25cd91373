//! Weighing: a row of log weights for each record.

mod checkpoints;
mod publish;
mod shard_files;

pub(crate) use publish::refuse_weights_of_others;

use std::fs::File;
use std::path::{Path, PathBuf};

use checkpoints::{EarlierWeights, Wanted, find_earlier};
use publish::Publisher;
use shard_files::{Parts, ShardFiles};

use super::ReadOptions;
use super::candidates::{Candidates, CandidatesThread};
use super::decontaminate::{Decontaminated, Decontamination};
use super::documents::{Documents, ReadReport, Taken, Tally, has_few_spaces};
use super::eligible::Eligible;
use super::elsewhere::{Elsewhere, Floors, PathOf, StoredReading, WeighTask};
use super::filter::{Filter, FilterThread, Verdict, bound};
use super::rejects::Rejects;
use super::write::WeighedElsewhere;
use crate::density::{LogRatios, Model};
use crate::error::Error;
use crate::featurizer::Featurizers;
use crate::observer::Observer;
use crate::reader::{Block, BlockReader, Shards, TextReader};
use crate::resample::Groups;
use crate::scan::checkpoint_file::CheckpointFile;
use crate::scan::{self, Job};
use crate::storage::{self, Storage, WorkDir};
use crate::weights::{self, LEFT_OUT_TOKENS, Weigher, WeightsFile, WeightsFolder, WeightsInfo, push_row};
use crate::writer;

/// What is done while records are weighed.
#[derive(Default)]
pub(crate) struct WeighingOptions<'a> {
    /// Keeps the records skipped.
    pub rejects: Option<&'a mut Rejects>,
    /// Keeps, beside the weights, the records that may still be selected.
    pub candidates: Option<&'a Candidates>,
    /// Where the weights go when they are complete; otherwise they stay in the work directory.
    pub publish_to: Option<&'a WeightsFolder>,
    /// What is asked of every record.
    pub filter: Filter,
    /// What documents must not share.
    pub decontamination: Option<&'a Decontamination>,
    /// Who weighs them, if they are not weighed on this machine.
    pub elsewhere: Option<&'a Elsewhere>,
}

/// What came of weighing.
pub(crate) struct Weighed {
    /// What was read.
    pub read: ReadReport,
    /// The names of the groups that there are, if records are told apart.
    pub groups: Groups,
    /// What was found of evaluation sets, if that was looked for.
    pub decontaminated: Option<Decontaminated>,
    /// Where and by whom, if other machines have weighed them.
    pub elsewhere: Option<WeighedElsewhere>,
}

/// What was weighed of a part of a corpus.
pub(super) struct WeighedPart {
    /// Of each shard.
    pub(super) tallies: Vec<Tally>,
    pub(super) groups: Groups,
    /// Where what was shared with evaluation sets is noted, of those shards in which something was.
    pub(super) overlaps: Vec<PathBuf>,
    /// What an earlier run had read.
    bytes_before: u64,
}

/// Weighs every record of `shards` with `model`: one weights file for each shard. Resumes what an earlier run has left
/// in a work directory that is kept.
///
/// # Errors
/// A partial model; shards that cannot be read, or without a document; a folder that cannot be written
/// or holds other weights.
pub(crate) fn weigh(
    model: &Model,
    shards: &Shards,
    read: &ReadOptions,
    work_dir: &WorkDir,
    options: WeighingOptions<'_>,
    storage: &Storage,
    observer: &Observer,
) -> Result<Weighed, Error> {
    observer.begin("weigh", shards.total_bytes());
    let documents =
        Documents::new(shards, read, model.space.tokenizer.field_kind(), options.rejects.is_some(), observer);
    let decontamination = options.decontamination;
    let (weighed, elsewhere) = match options.elsewhere {
        None => (weigh_part(model, shards, read, work_dir, options, storage, observer)?, None),
        Some(elsewhere) => {
            let (weighed, done) =
                weigh_elsewhere(model, shards, read, elsewhere, options, storage, observer)?;
            (weighed, Some(done))
        }
    };
    let WeighedPart { tallies, groups, overlaps, bytes_before } = weighed;
    let report = documents.finish("raw", &tallies)?;
    let decontaminated = decontamination.map(|with| with.finish(&overlaps, storage)).transpose()?;
    Ok(Weighed { read: ReadReport { bytes_before, ..report }, groups, decontaminated, elsewhere })
}

/// Has other machines weigh the pieces: the weights of a shard that was cut are put together again.
fn weigh_elsewhere(
    model: &Model,
    shards: &Shards,
    read: &ReadOptions,
    elsewhere: &Elsewhere,
    options: WeighingOptions<'_>,
    storage: &Storage,
    observer: &Observer,
) -> Result<(WeighedPart, WeighedElsewhere), Error> {
    let WeighingOptions { mut rejects, filter, decontamination, .. } = options;
    let decontamination = decontamination.map(|with| elsewhere.write_decontamination(with)).transpose()?;
    let task = WeighTask {
        model: PathOf(elsewhere.write_model(model)?),
        reading: StoredReading::new(read, &Eligible { min_tokens: 0, filter }),
        with_rejects: rejects.is_some(),
        decontamination: decontamination.map(PathOf),
    };
    let (mut tallies, mut groups) = (vec![Vec::new(); elsewhere.pieces().len()], Groups::new());
    let mut folders = vec![PathBuf::new(); tallies.len()];
    let take = |piece: usize, own: &Path, (of_piece, more): (_, Groups)| {
        tallies[piece] = of_piece;
        folders[piece] = own.into();
        groups.extend(more);
        bound(&mut groups);
        Ok(Floors::default())
    };
    elsewhere.run(&task, take, observer)?;
    if let Some(rejects) = &mut rejects {
        for own in &folders {
            let path = WeighTask::rejects(own);
            rejects.append(File::open(&path).map_err(|source| storage::Error::new(&path, source))?)?;
        }
    }
    let overlaps = folders.iter().map(|own| WeighTask::overlaps(own)).filter(|path| path.exists()).collect();
    let mut weights = Vec::with_capacity(shards.len());
    for (_, parts) in elsewhere.files_of_shards(&folders, WeightsFolder::path_in) {
        weights.push(match &parts[..] {
            [one] => WeightsFile::open(one)?,
            several => WeightsFile::join(several, &elsewhere.joined(several)?, storage)?,
        });
    }
    let weighed = WeighedElsewhere { elsewhere: elsewhere.weighed(&tallies, &weights), weights };
    let tallies = elsewhere.tallies(tallies);
    Ok((WeighedPart { tallies, groups, overlaps, bytes_before: 0 }, weighed))
}

/// Weighs on this machine.
pub(super) fn weigh_part(
    model: &Model,
    shards: &Shards,
    read: &ReadOptions,
    work_dir: &WorkDir,
    options: WeighingOptions<'_>,
    storage: &Storage,
    observer: &Observer,
) -> Result<WeighedPart, Error> {
    let WeighingOptions { mut rejects, candidates, publish_to, filter, decontamination, .. } = options;
    let log_ratios = model.log_ratios()?;
    let featurizers = read.featurizers(model.space)?;
    let clean_of = decontamination.map(|with| with.fingerprint);
    let info = WeightsInfo::new(model, &read.fields, filter.stored(clean_of), &read.ids);
    let layout = filter.layout(log_ratios.targets());
    publish_to.map_or(Ok(()), |folder| folder.prepare(&info, storage))?;

    let with_rejects = rejects.is_some();
    let folder = work_dir.parts();
    let weights = WeightsFolder::new(&folder);
    let parts = Parts { shards, storage, folder, weights, layout, candidates };
    let checkpoints =
        work_dir.resumable().map(|work| CheckpointFile::new(work, "weigh", &(&info, filter.fingerprint())));
    let wanted = Wanted { skip_invalid: read.skip_invalid, with_rejects, published: publish_to };
    let before = checkpoints.as_ref().map(|checkpoints| find_earlier(checkpoints, &parts, &wanted));
    let before = before.transpose()?.flatten();
    let bytes_before = before.as_ref().map_or(0, |before| before.tallies().map(|tally| tally.bytes).sum());
    let ended_before = before.iter().flat_map(|before| before.ended.keys().copied()).collect();
    let field = model.space.tokenizer.field_kind();
    let job = Weigh {
        featurizers,
        log_ratios: &log_ratios,
        filter,
        decontamination,
        documents: Documents::new(shards, read, field, with_rejects, observer),
        needs_spaces: model.space.tokenizer.needs_spaces(),
        with_rejects,
        parts,
        observer,
        publisher: Publisher::new(publish_to, ended_before),
        before,
    };
    let scanned = match &checkpoints {
        Some(checkpoints) => scan::scan_with_checkpoints(&job, checkpoints, shards, observer)?,
        None => scan::scan(&job, shards, observer)?,
    };
    job.publisher.publish(&job.parts)?;
    if let Some(rejects) = &mut rejects {
        for (shard, _) in shards.iter().zip(&scanned.shards).filter(|(_, tally)| tally.invalid > 0) {
            let path = job.parts.rejects_of(shard);
            let failed = |source| writer::Error::Temporary { folder: job.parts.folder.clone(), source };
            rejects.append(File::open(path).map_err(failed)?)?;
        }
    }
    let groups = job.groups(scanned.threads.iter());
    let overlaps = shards.iter().map(|shard| job.parts.overlaps_of(shard));
    // What another run has left there is none of this one's.
    let overlaps = overlaps.filter(|path| decontamination.is_some() && path.exists()).collect();
    Ok(WeighedPart { tallies: scanned.shards, groups, overlaps, bytes_before })
}

struct Weigh<'a> {
    featurizers: Featurizers,
    log_ratios: &'a LogRatios,
    filter: Filter,
    decontamination: Option<&'a Decontamination>,
    documents: Documents<'a>,
    needs_spaces: bool,
    with_rejects: bool,
    parts: Parts<'a>,
    observer: &'a Observer,
    publisher: Publisher<'a>,
    before: Option<EarlierWeights>,
}

struct WeighThread<'a> {
    weigher: Weigher<'a>,
    candidates: CandidatesThread,
    texts: TextReader<'a>,
    filter: FilterThread,
}

/// The rows of one block, what was taken out of it, and its records that may be selected.
struct WeighedBlock {
    rows: Vec<u8>,
    taken: Taken,
    candidates: Vec<u8>,
    overlaps: Vec<u8>,
}

impl<'a> Job for Weigh<'a> {
    type Thread = WeighThread<'a>;
    type Made = WeighedBlock;
    type Gathered = ShardFiles;
    type Ended = Tally;

    fn thread(&self) -> WeighThread<'a> {
        let weigher = Weigher::new(&self.featurizers, self.log_ratios);
        WeighThread {
            weigher: if self.decontamination.is_some() { weigher.with_token_hashes() } else { weigher },
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
        match self.before.as_ref().and_then(|before| before.under_way.get(&shard)) {
            Some(part) => Ok(self.parts.resume(shard, part)?),
            None => self.parts.create(shard, reader.reread()),
        }
    }

    fn make(&self, thread: &mut WeighThread<'a>, shard: usize, block: &Block) -> Result<WeighedBlock, Error> {
        let WeighThread { weigher, candidates: keep, texts, filter } = thread;
        let none = || std::iter::repeat_n(f64::NEG_INFINITY, self.log_ratios.targets());
        let mut rows = Vec::new();
        let mut overlaps = Vec::new();
        let mut few_spaces = 0;
        let mut taken = self.documents.each(texts, shard, block, |record, text| {
            let id = self.filter.id(record, text);
            let Some(text) = text else {
                push_row(&mut rows, none(), id, 0, self.filter.no_group());
                return Ok(());
            };
            let Verdict { is_left_out, group, .. } = self.filter.check(record.bytes, text, filter);
            if is_left_out {
                push_row(&mut rows, none(), id, LEFT_OUT_TOKENS, group);
                return Ok(());
            }
            let (tokens, log_weights) = weigher.weigh(text);
            few_spaces += u64::from(self.needs_spaces && has_few_spaces(text, tokens));
            let Some(with) = self.decontamination else {
                push_row(&mut rows, log_weights, id, tokens, group);
                return Ok(());
            };
            drop(log_weights);
            let place = (self.parts.shards[shard].path(), record.line);
            if with.is_clean(weigher.token_hashes(), place, &mut overlaps) {
                push_row(&mut rows, weigher.log_weights(), id, tokens, group);
            } else {
                push_row(&mut rows, none(), id, LEFT_OUT_TOKENS, group);
            }
            Ok(())
        })?;
        taken.tally.few_spaces = few_spaces;
        let candidates = match self.parts.candidates {
            Some(candidates) => {
                let weighed = weights::rows(&rows, self.parts.layout);
                if let Some(threshold) = candidates.screen().likely_threshold(weighed) {
                    self.observer.set_threshold(threshold);
                }
                candidates.frame(keep, block, &rows, self.parts.layout)?
            }
            None => Vec::new(),
        };
        Ok(WeighedBlock { rows, taken, candidates, overlaps })
    }

    fn gather(&self, files: &mut ShardFiles, made: WeighedBlock) -> Result<(), Error> {
        files.append(made, &self.parts)
    }

    fn end(&self, files: ShardFiles) -> Result<Tally, Error> {
        let shard = files.shard;
        let tally = files.finish()?;
        self.publisher.add(shard);
        Ok(tally)
    }
}

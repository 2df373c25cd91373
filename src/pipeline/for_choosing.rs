//! Which options to select with: six ways to weigh are tried on a sample of the raw texts and on halves of the targets.

use std::time::Instant;

use super::admission::AdmissionThread;
use super::documents::{Documents, ReadReport, Taken, Tally};
use super::for_refining::{Eligible, count_target_and_half};
use super::scan::{self, Job};
use super::{ReadOptions, TargetShards};
use crate::density::{Counts, Target};
use crate::error::Error;
use crate::featurizer::{FeatureSpace, Featurizer, Featurizers};
use crate::progress::Progress;
use crate::reader::{Block, BlockReader, Record, Shards, TextReader, content_hash};
use crate::refine::{
    Aim, Candidate, Choice, Expectation, JUDGE, SampledTexts, TextSampler, TextSamplerThread, expect,
    featurize, judge,
};
use crate::resample::{DrawOptions, target_shares};
use crate::weights::TargetSize;

/// For what is chosen.
#[derive(Clone, Copy)]
pub struct ChooseOptions<'a> {
    /// The feature space; its n-grams are of no account, those of the candidates are tried.
    pub space: FeatureSpace,
    /// What is added to every count in the targets.
    pub smoothing: f64,
    /// What is going to be drawn.
    pub draw: &'a DrawOptions,
    /// Which raw documents may be drawn.
    pub eligible: &'a Eligible,
    /// How records become documents.
    pub read: &'a ReadOptions,
}

/// What was chosen.
#[derive(Debug)]
pub struct Chosen {
    /// One choice for all targets.
    pub choice: Choice,
    /// How the raw corpus was read; invalid records are not counted.
    pub report: ReadReport,
    /// How long everything else took.
    pub seconds: f64,
}

/// Reads the raw corpus once and the targets three times, and chooses the [`Candidate`] with which what is expected to be selected by one half of a target
/// comes closest to the other. Streams must be kept ([`Shards::keep_streams`]). Invalid raw records are passed over: who selects reads
/// them again.
///
/// # Errors
/// Shards that cannot be read; targets without a document; proportions that do not fit the targets.
pub fn choose(
    raw: &Shards,
    targets: &[TargetShards],
    options: ChooseOptions<'_>,
    progress: &Progress,
) -> Result<Chosen, Error> {
    let ChooseOptions { space, smoothing, draw, read, .. } = options;
    // What the targets lack is found out before the raw corpus is read.
    let start = Instant::now();
    let count = |space| -> Result<Vec<(Target, Counts)>, Error> {
        let each = targets.iter().map(|target| {
            count_target_and_half(target, space, read, None, progress).map(|(target, half, _)| (target, half))
        });
        each.collect()
    };
    let in_judge = count(JUDGE)?;
    let spaces = Candidate::NGRAMS.map(|ngrams| FeatureSpace { ngrams, ..space });
    let mut in_spaces = Vec::new();
    for space in spaces {
        in_spaces.push((space, count(space)?));
    }
    let before = start.elapsed();
    let (texts, report) = sample_texts(raw, options, progress)?;

    progress.begin("judge", None);
    let start = Instant::now();
    let mut expectations: Vec<Vec<Option<Expectation>>> = targets.iter().map(|_| Vec::new()).collect();
    for (space, counted) in in_spaces {
        let sample = featurize(&texts, &read.featurizers(space)?);
        let sizes: Vec<TargetSize> = counted.iter().map(|(target, _)| size(target)).collect();
        let shares = target_shares(draw, &sizes)?;
        let aim = Aim::new(draw.budget, &sample);
        for (((target, half), share), expectations) in counted.iter().zip(shares).zip(&mut expectations) {
            let aim = Aim { share: aim.share * share, ..aim };
            expectations.push(expect((space.hash, smoothing), &target.counts, half, &sample, &aim));
        }
    }
    let featurizers = read.featurizers(JUDGE)?;
    let judged = expectations.into_iter().zip(in_judge).map(|(expectations, (target, half))| {
        let all: Vec<Expectation> = expectations.into_iter().collect::<Option<_>>()?;
        judge(&texts, &featurizers, all.first_chunk()?, &target.counts, &half)
    });
    let choice = Choice::new(&judged.collect::<Vec<_>>());
    let seconds = (before + start.elapsed()).as_secs_f64();
    Ok(Chosen { choice, report, seconds })
}

fn size(target: &Target) -> TargetSize {
    TargetSize { name: target.name.clone(), tokens: target.counts.tokens, refined: false }
}

/// Samples the texts of eligible documents. Only those that may be in the sample are looked into, and which these are until the end of the
/// corpus depends on the threads: what is wrong with records is left to the next reading, which looks into all.
fn sample_texts(
    shards: &Shards,
    options: ChooseOptions<'_>,
    progress: &Progress,
) -> Result<(SampledTexts, ReadReport), Error> {
    let ChooseOptions { space, eligible, read, .. } = options;
    let featurizers = read.featurizers(space)?.of_tokens();
    progress.begin("choose", shards.total_bytes());
    let start = Instant::now();
    let read = ReadOptions { skip_invalid: true, ..read.clone() };
    let documents = Documents::new(shards, &read, space.tokenizer.field_kind(), false);
    let job = SampleTexts { featurizers, eligible, sampler: TextSampler::default(), documents };
    let scanned = scan::scan(&job, shards, progress)?;
    let mut report = ReadReport::default();
    for shard in &scanned.shards {
        report.records += shard.records;
        report.bytes += shard.bytes;
    }
    report.seconds = start.elapsed().as_secs_f64();
    let threads = scanned.threads.into_iter().map(|thread| thread.sampled);
    Ok((job.sampler.finish(threads), report))
}

struct SampleTexts<'a> {
    featurizers: Featurizers,
    eligible: &'a Eligible,
    sampler: TextSampler,
    documents: Documents<'a>,
}

struct SampleThread<'a> {
    /// Counts tokens.
    featurizer: Featurizer,
    texts: TextReader<'a>,
    admission: AdmissionThread,
    sampled: TextSamplerThread,
}

impl<'a> Job for SampleTexts<'a> {
    type Thread = SampleThread<'a>;
    type Made = Taken;
    type Gathered = Tally;
    type Ended = Tally;

    fn thread(&self) -> SampleThread<'a> {
        SampleThread {
            featurizer: self.featurizers.featurizer(),
            texts: self.documents.thread(),
            admission: self.eligible.admission.thread(),
            sampled: self.sampler.thread(),
        }
    }

    fn begin(&self, _: usize, _: &BlockReader) -> Result<Tally, Error> {
        Ok(Tally::default())
    }

    fn make(&self, thread: &mut SampleThread<'a>, shard: usize, block: &Block) -> Result<Taken, Error> {
        let SampleThread { featurizer, texts, admission, sampled } = thread;
        // It does not rise within a block.
        let floor = sampled.floor();
        let wanted = |record: Record<'_>| content_hash(record.bytes).leading_zeros() >= floor;
        let taken = self.documents.each_of(texts, shard, block, wanted, |record, text| {
            let Some(text) = text else { return Ok(()) };
            let admitted = self.eligible.admission.admit(record.bytes, text, admission);
            if admitted.is_left_out || admitted.is_mixed_in {
                return Ok(());
            }
            let tokens = featurizer.featurize(text, |_| {});
            if tokens >= self.eligible.min_tokens.into() {
                let (hash, bytes) = (content_hash(record.bytes), record.bytes.len() as u64 + 1);
                sampled.document(&self.sampler, hash, (tokens, bytes), text);
            }
            Ok(())
        });
        sampled.raise_floor(&self.sampler);
        taken
    }

    fn gather(&self, tally: &mut Tally, taken: Taken) -> Result<(), Error> {
        tally.add(taken.tally);
        Ok(())
    }

    fn end(&self, tally: Tally) -> Result<Tally, Error> {
        Ok(tally)
    }
}

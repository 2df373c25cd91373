//! Learning a classifier for every target of a model.

use std::time::Instant;

use super::refine::Of;
use super::report::{Report, StageReport};
use super::run::Run;
use crate::density::{Error as DensityError, Learned, Model};
use crate::error::Error;
use crate::featurizer::FeatureSpace;
use crate::passes::{Eligible, ReadOptions, Rejects, check_documents, featurize_texts, sample_texts};
use crate::reader::Shards;
use crate::refine::{Classification, HalvedSample, TextSample, TextSampler, classify};
use crate::warning::Warning;

/// What a classifier tells documents of a target from.
#[derive(Debug, Default)]
pub struct Against(pub Option<Shards>);

impl Against {
    pub(super) fn shards(&self) -> impl Iterator<Item = &Shards> {
        self.0.iter()
    }
}

/// Keeps what is read of streams, since all is read again.
pub(super) fn keep_streams<'a>(all: impl Iterator<Item = &'a Shards>, run: &Run) {
    all.for_each(|shards| shards.keep_streams(run.temp_dir()));
}

/// A classifier with a larger log loss on held-out text than this hardly knows anything: to know nothing is ln 2.
const DOUBTFUL: f64 = 0.68;

/// Finds what is wrong with the others, before the raw corpus is counted.
///
/// # Errors
/// Shards that cannot be read, or without a document.
pub(super) fn check(
    against: &Against,
    space: FeatureSpace,
    read: &ReadOptions,
    rejects: &mut Option<Rejects>,
    run: &Run,
    report: &mut Report,
) -> Result<(), Error> {
    for shards in against.shards() {
        let was_read = check_documents(shards, "against", space, read, rejects.as_mut(), &run.observer)?;
        report.read("against", &was_read);
    }
    Ok(())
}

/// Learns to tell documents of each target of `model` from others: those of `against`, or raw ones that may be drawn.
///
/// # Errors
/// Shards that cannot be read; no document to learn from.
pub(super) fn learn(
    model: &mut Model,
    of: &Of<'_>,
    against: &Against,
    read: &ReadOptions,
    run: &Run,
    report: &mut Report,
) -> Result<(), Error> {
    let Of { targets, raw, eligible, elsewhere } = *of;
    let (space, observer) = (model.space, &run.observer);
    let halved = |texts: TextSample| -> Result<HalvedSample, Error> {
        let in_first_half = texts.in_first_half();
        Ok(HalvedSample { sample: featurize_texts(&texts, space, read, observer)?, in_first_half })
    };
    // Only raw records need ids.
    let (all, without_ids) = (Eligible::default(), read.without_ids());
    let sampler = || TextSampler::new(space.buckets);
    let sample = |shards: &Shards| sample_texts(shards, space, &without_ids, &all, sampler(), None, observer);
    let (others, was_read) = match &against.0 {
        Some(shards) => sample(shards)?,
        None => sample_texts(raw, space, read, eligible, sampler(), elsewhere, observer)?,
    };
    report.stages.push(StageReport::sampling("sample", &was_read));
    let others = halved(others)?;
    let mut classifications = Vec::new();
    for (target, shards) in model.targets.iter_mut().zip(targets) {
        let (texts, _) = sample(&shards.shards)?;
        let start = Instant::now();
        observer.begin("classify", None);
        let found = classify(space.hash, &halved(texts)?, &others, space.buckets as usize, observer);
        observer.check()?;
        let classifier =
            found.ok_or_else(|| DensityError::NothingToClassify { name: target.name.clone() })?;
        if classifier.held_out.is_none_or(|held_out| held_out.log_loss > DOUBTFUL) {
            let target = (targets.len() > 1).then(|| target.name.clone());
            observer.warn(Warning::DoubtfulClassifier { target, held_out: classifier.held_out });
        }
        classifications.push(Classification {
            target: target.name.clone(),
            documents: classifier.documents,
            penalty: classifier.penalty,
            held_out: classifier.held_out,
        });
        target.learned = Some(Learned::Classifier(classifier));
        report.computed("classify", start);
    }
    report.classified = Some(classifications);
    Ok(())
}

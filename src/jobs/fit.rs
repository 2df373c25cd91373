//! Counting raw shards and targets into a model.

use std::path::{Path, PathBuf};

use super::classify::{self, Against};
use super::count_options::CountOptions;
use super::draw::paths;
use super::outputs::{self, Output};
use super::refine::{self, KeptRejects};
use super::report::{RawReport, Report};
use super::run::{Run, RunOptions};
use crate::density::{Model, Target};
use crate::error::Error;
use crate::featurizer::Tokenizer;
use crate::invalid_options::{InvalidOptions, OutputKind};
use crate::observer::Observer;
use crate::passes::{
    Eligible, Elsewhere, RawCorpus, ReadOptions, ReadReport, Rejects, TargetShards, TextHashes, count_raw,
    count_target,
};
use crate::reader::Shards;
use crate::refine::Aim;
use crate::resample::{Budget, DrawOptions, Totals};
use crate::storage::{self, ResumableDir};
use crate::warning::Warning;

/// What [`fit`] counts, and where the model goes.
#[derive(Debug)]
pub struct FitOptions {
    /// The raw shards; `None` for a model of targets alone.
    pub raw: Option<Shards>,
    /// The targets; none for a model of the raw corpus alone.
    pub targets: Vec<TargetShards>,
    /// How they are counted.
    pub count: CountOptions,
    /// What is learned beside the counts.
    pub learn: FitLearn,
    /// How records become documents.
    pub read: ReadOptions,
    /// Whether the sentence model was named, and is an error if nothing uses it.
    pub punkt_is_named: bool,
    /// Where the records go that are skipped as invalid.
    pub rejects: Option<PathBuf>,
    /// Where the model goes.
    pub output: PathBuf,
    /// How the job runs.
    pub run: RunOptions,
}

impl FitOptions {
    /// Counts `raw` and these targets into the model `output`; all else is as by default.
    pub fn new(raw: Shards, targets: Vec<TargetShards>, output: impl Into<PathBuf>) -> Self {
        FitOptions {
            raw: Some(raw),
            targets,
            count: CountOptions::default(),
            learn: FitLearn::Plain,
            read: ReadOptions::default(),
            punkt_is_named: false,
            rejects: None,
            output: output.into(),
            run: RunOptions::default(),
        }
    }
}

/// How log weights come from counts, in a model for later draws.
#[derive(Debug, Default)]
pub enum FitLearn {
    /// As published.
    #[default]
    Plain,
    /// With log-ratios with which a selection as a whole comes closest to the target.
    RefinedFor {
        /// The share of the eligible tokens that is drawn, above 0 and up to 1.
        share: f64,
        /// The least number of tokens of an eligible record.
        min_tokens: u32,
    },
    /// With log-ratios that tell documents of a target from others.
    Classifier {
        /// The others.
        against: Against,
        /// The least number of tokens of the raw documents that it learns from.
        min_tokens: u32,
    },
}

/// Counts the n-grams of raw shards and of targets into a model, and writes it.
///
/// # Errors
/// Options that make no sense, shards that cannot be read or without a document, an output that cannot be written;
/// [`Observer::cancel`].
pub fn fit(options: FitOptions, observer: &Observer) -> Result<Report, Error> {
    let FitOptions { raw, targets, count, learn, read, rejects, output, run: run_options, .. } = options;
    if raw.is_none() && targets.is_empty() && !count.rare {
        return Err(InvalidOptions::NothingToCount.into());
    }
    check_punkt(options.punkt_is_named, false, count.space.tokenizer)?;
    let learns = !matches!(learn, FitLearn::Plain);
    if learns && count.rare {
        return Err(InvalidOptions::RareLearned.into());
    }
    if learns && raw.is_none() {
        return Err(InvalidOptions::LearnWithoutRaw.into());
    }
    let against = match &learn {
        FitLearn::Classifier { against, .. } => against.shards().next(),
        _ => None,
    };
    let all_shards = || raw.iter().chain(targets.iter().map(|target| &target.shards)).chain(against);
    let run = Run::new(&run_options, observer, all_shards())?;
    let mut outputs = vec![Output::new(OutputKind::Model, &output)];
    outputs.extend(run_options.summary.iter().map(|path| Output::new(OutputKind::Summary, path)));
    outputs.extend(rejects.iter().map(|path| Output::new(OutputKind::Rejects, path)));
    let inputs = all_shards().flat_map(paths).chain(run_options.also_read.iter().map(PathBuf::as_path));
    outputs::check(&outputs, false, inputs, &run)?;
    if let Some(shards) = &raw {
        outputs::refuse_inside(&outputs, shards)?;
    }
    if let Some(shards) = all_shards().next() {
        run.warn_of_unused(shards.exclude());
    }

    run.work(Report::new(run.threads()), |report| {
        let mut rejects = create_rejects(rejects.as_deref(), &run)?;
        let model = match (&raw, &learn) {
            (Some(raw), &FitLearn::RefinedFor { share, min_tokens }) => {
                let eligible = Eligible { min_tokens, ..Eligible::default() };
                // Of tokens; how many does not matter.
                let aim = |_: &Totals| Aim { budget: Budget::Tokens(0), share };
                let of = refine::Of { targets: &targets, raw, eligible: &eligible, elsewhere: None };
                let (aimed, kept) = (
                    (&aim as _, &DrawOptions::default()),
                    KeptRejects { rejects: &mut rejects, of_raw: true },
                );
                let counted = refine::count(&count, of, aimed, &read, kept, &run, report)?;
                report.raw = Some(RawReport::new(raw, &counted.report));
                counted.refine(&run, report)?
            }
            (raw, learn) => {
                if learns {
                    classify::keep_streams(all_shards(), &run);
                }
                let (mut model, _) = count_targets(&count, &targets, &read, &mut rejects, &run, report)?;
                if let FitLearn::Classifier { against, .. } = learn {
                    classify::check(against, count.space, &read, &mut rejects, &run, report)?;
                }
                if let Some(raw) = raw {
                    let was_read =
                        add_raw(&mut model, &count, raw, &read, rejects.as_mut(), None, None, &run, report)?;
                    report.raw = Some(RawReport::new(raw, &was_read));
                    if let FitLearn::Classifier { against, min_tokens } = learn {
                        let eligible = Eligible { min_tokens: *min_tokens, ..Eligible::default() };
                        let of = refine::Of { targets: &targets, raw, eligible: &eligible, elsewhere: None };
                        classify::learn(&mut model, &of, against, &read, &run, report)?;
                    }
                }
                model
            }
        };
        write_model(&model, &output, &run)?;
        rejects.map_or(Ok(()), Rejects::finish)?;
        tell_of_model(&model, true, report, &run);
        Ok(())
    })
}

pub(super) fn create_rejects(path: Option<&Path>, run: &Run) -> Result<Option<Rejects>, Error> {
    path.map(|path| Rejects::create(path, &run.storage)).transpose()
}

/// Completes the rejects of records that were `read`, also if all were rejected, and nothing else is made of them.
pub(super) fn finish_rejects<T>(rejects: Option<Rejects>, read: Result<T, Error>) -> Result<T, Error> {
    if matches!(read, Ok(_) | Err(Error::NoDocument { .. })) {
        rejects.map_or(Ok(()), Rejects::finish)?;
    }
    read
}

/// A model of the targets alone, and the hashes of their texts.
pub(super) fn count_targets(
    count: &CountOptions,
    targets: &[TargetShards],
    read: &ReadOptions,
    rejects: &mut Option<Rejects>,
    run: &Run,
    report: &mut Report,
) -> Result<(Model, TextHashes), Error> {
    let CountOptions { space, smoothing, .. } = *count;
    let mut model = Model { space, smoothing, raw: None, targets: Vec::new() };
    let texts = add_targets(&mut model, targets, read, rejects, run, report)?;
    if count.rare {
        if model.targets.iter().any(|target| target.name == Target::RARE) {
            return Err(InvalidOptions::RareTwice.into());
        }
        model.targets.push(Target::rare(space));
    }
    Ok((model, texts))
}

/// Adds targets to `model`, counted in its feature space; gives the hashes of their texts.
pub(super) fn add_targets(
    model: &mut Model,
    targets: &[TargetShards],
    read: &ReadOptions,
    rejects: &mut Option<Rejects>,
    run: &Run,
    report: &mut Report,
) -> Result<TextHashes, Error> {
    let mut all_texts = TextHashes::default();
    for target in targets {
        let (target, texts, was_read) =
            count_target(target, model.space, read, rejects.as_mut(), &run.observer)?;
        // An empty target is found out now, not after the raw corpus has been counted.
        model.target_density(&target)?;
        report.read("target", &was_read);
        all_texts.join(&texts);
        model.targets.push(target);
    }
    Ok(all_texts)
}

/// Adds the counts of the raw corpus to `model`.
#[expect(clippy::too_many_arguments, reason = "all that counting needs, in two jobs")]
pub(super) fn add_raw(
    model: &mut Model,
    count: &CountOptions,
    raw: &Shards,
    read: &ReadOptions,
    rejects: Option<&mut Rejects>,
    work_dir: Option<&ResumableDir>,
    elsewhere: Option<&Elsewhere>,
    run: &Run,
    report: &mut Report,
) -> Result<ReadReport, Error> {
    let corpus = RawCorpus { shards: raw, space: model.space, budget: count.budget, read, elsewhere };
    let (counts, was_read) = count_raw(corpus, rejects, work_dir, &run.observer)?;
    report.read("fit", &was_read);
    model.raw = Some(counts);
    // Raw text without a token is found out now.
    model.raw_density()?;
    Ok(was_read)
}

pub(super) fn write_model(model: &Model, path: &Path, run: &Run) -> Result<(), Error> {
    let mut file = run.storage.create(path)?;
    let mut buffer = std::io::BufWriter::new(&mut file);
    let written = model.write(&mut buffer).and_then(|()| std::io::Write::flush(&mut buffer));
    drop(buffer);
    written.map_err(|source| storage::Error::new(path, source))?;
    Ok(file.finish()?)
}

/// From this share of n-grams alone in their bucket on, a target is small.
const MOST_LONE: f64 = 0.15;
/// With fewer documents it is small, whatever they are like.
const FEWEST_DOCUMENTS: u64 = 20;

/// Tells what the model was fitted on, and warns if it says little: of a small target only if a selection
/// `draws_by_it`, and nothing was learned, for which held-out text tells.
pub(super) fn tell_of_model(model: &Model, draws_by_it: bool, report: &mut Report, run: &Run) {
    report.model(model);
    for target in model.targets.iter().filter(|target| draws_by_it && target.learned.is_none()) {
        let (documents, lone) = (target.counts.documents, crate::density::lone_share(&target.counts));
        if lone > MOST_LONE || documents < FEWEST_DOCUMENTS {
            let target = (model.targets.len() > 1).then(|| target.name.clone());
            run.observer.warn(Warning::TargetTooSmall { target, documents, lone });
        }
    }
    warn_of_missed_copies(model, &run.observer);
}

/// Warns of raw counts of a sample in which all copies of some record are missing or too many.
pub(super) fn warn_of_missed_copies(model: &Model, observer: &Observer) {
    if let Some(raw) = model.raw.as_ref().filter(|raw| raw.may_miss_copies()) {
        let (copies, documents) = (raw.copies, raw.documents_read);
        observer.warn(Warning::ManyCopies { copies, documents, sampled: true });
    }
}

/// Refuses a sentence model that nothing would use, and quality that is asked of numbers. `is_named` says whether a
/// sentence model was named.
pub(super) fn check_punkt(
    is_named: bool,
    measures_quality: bool,
    tokenizer: Tokenizer,
) -> Result<(), InvalidOptions> {
    if tokenizer == Tokenizer::Ids && measures_quality {
        return Err(InvalidOptions::QualityOfIds);
    }
    if is_named && tokenizer != Tokenizer::WordTokenize && !measures_quality {
        return Err(InvalidOptions::PunktUnused { tokenizer });
    }
    Ok(())
}

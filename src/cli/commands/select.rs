use std::path::{Path, PathBuf};

use crate::cli::args::{CombineArg, FitTokens, ReportArgs, ReportByArgs, Select};
use crate::cli::failure::Failure;
use crate::cli::host::{Host, Outcome, shards_told};
use crate::cli::options::{FilterArgs, field_path, refuse_dash};
use crate::cli::page::Page;
use crate::cli::rehearsal;
use crate::cli::summary;
use crate::jobs::{self, Learn, ModelSource, OutputOptions, Report, ReviewOptions, SelectOptions};
use crate::reader::FieldPath;
use crate::refine::REFINING_BUCKETS;

pub(crate) fn select(mut args: Select, host: Host<'_>) -> Result<Outcome, Failure> {
    args.imply();
    let options = args.options(host)?;
    if args.dry.dry_run {
        let rehearsal = host.run_short(|observer| jobs::rehearse(&options, observer))?;
        return Ok(Outcome::printed(rehearsal::in_words(&rehearsal)));
    }
    let destination = options.output.destination.clone();
    let shards = shards_told(&options.raw, &destination);
    let mut report = host.run(&args.run, Some(&destination), |observer| jobs::select(options, observer))?;
    let outcome = summary::finish(&report, "select", &args, &args.run)?;
    if let Some(path) = &args.report.report {
        write_page(&report, &outcome, path, host)?;
    }
    Ok(outcome.with_selected(&mut report, shards))
}

/// Writes the page about a selection.
pub(super) fn write_page(
    report: &Report,
    outcome: &Outcome,
    path: &Path,
    host: Host<'_>,
) -> Result<(), Failure> {
    if let Some(review) = &report.review {
        let page = Page { report, review, summary: &outcome.report, typed: host.typed };
        jobs::write_whole(path, page.html().as_bytes())?;
    }
    Ok(())
}

/// As many n-grams as are counted for 10 000 buckets: with more, counting would take its time of large corpora.
const COUNTED_BY_AUTO: u64 = 1_000_000_000;

impl Select {
    /// What is asked of several targets keeps them apart, and --auto stands for other options.
    fn imply(&mut self) {
        let Select { draw, fit, method, refine, .. } = self;
        if std::mem::take(&mut refine.auto) {
            refine.refine = true;
            fit.count.buckets = REFINING_BUCKETS;
            if fit.fit_tokens == FitTokens::Auto {
                fit.fit_tokens = FitTokens::AtMost(COUNTED_BY_AUTO);
            }
        }
        draw.method = (*method).into();
        fit.count.separate_targets |= draw.proportions.is_some()
            || draw.proportions_temperature != 1.0
            || draw.combine == CombineArg::Product;
    }

    fn options(&self, host: Host<'_>) -> Result<SelectOptions, Failure> {
        self.input.refuse_shared_stdin(&self.fit, &self.learn)?;
        self.model.iter().try_for_each(|path| refuse_dash("--model", path))?;
        let exclude = self.input.exclude();
        let raw = self.input.shards(&exclude)?;
        let targets = self.fit.count.targets(&exclude)?;
        let read = self.ids.of(self.records.options(&self.punkt)?)?;
        let draw = self.draw.options()?;
        let asked = FilterArgs(&self.r#where, &self.quality, &self.punkt);
        let filter = self.draw.filter(asked, &self.unique)?;
        let against = self.learn.against(&exclude)?;
        let model = match &self.model {
            Some(path) => ModelSource::File(path.clone()),
            None => ModelSource::Fit {
                targets,
                count: self.fit.options(read.punkt.as_deref())?,
                learn: match against {
                    Some(against) => Learn::Classifier(against),
                    None if self.refine.refine => Learn::Refined,
                    None => Learn::Plain,
                },
            },
        };
        Ok(SelectOptions {
            raw,
            model,
            draw,
            filter,
            mix_in: self.draw.files_mixed_in()?,
            read,
            punkt_is_named: self.punkt.punkt.is_some(),
            decontaminate: self.decontaminate.options(&exclude)?,
            rejects: self.records.rejects.clone(),
            output: OutputOptions {
                destination: host.destination(self.output.output.as_deref()),
                shuffle: self.output.shuffle,
                annotate: self.output.annotate,
                epochs: self.draw.draws.is_some(),
                review: self.report.options()?,
            },
            work_dir: self.work.work.clone(),
            run: host.run_options(self.run.options(Some(&self.input))),
        })
    }
}

impl ReportArgs {
    /// How the selection is reviewed, if a page is to be written of it.
    fn options(&self) -> Result<Option<ReviewOptions>, Failure> {
        let by = self.by.field()?;
        if self.report.is_none() && by.is_some() {
            return Err(Failure::usage("--report-by is for --report"));
        }
        let review =
            |page: &PathBuf| ReviewOptions { page: Some(page.clone()), by, ..ReviewOptions::default() };
        Ok(self.report.as_ref().map(review))
    }
}

impl ReportByArgs {
    pub(super) fn field(&self) -> Result<Option<FieldPath>, Failure> {
        self.report_by.as_ref().map(|field| field_path("--report-by", field)).transpose()
    }
}

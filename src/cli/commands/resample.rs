use std::path::Path;

use crate::cli::args::{DrawnByArgs, MethodArg, Resample};
use crate::cli::failure::Failure;
use crate::cli::host::{Host, Outcome, shards_told};
use crate::cli::options::{FilterArgs, field_path, refuse_dash};
use crate::cli::{summary, usage};
use crate::jobs::{self, DrawBy, OutputOptions, PartOptions, ResampleOptions};
use crate::resample::InvalidDraw;
use crate::weights::Scale;
use crate::writer::Destination;

pub(crate) fn resample(mut args: Resample, host: Host<'_>) -> Result<Outcome, Failure> {
    args.draw.method = args.drawn_by.method;
    let mut shards = Vec::new();
    let mut report = match (&args.plan, &args.plan_only) {
        (Some(plan), _) => {
            let options = args.part(plan, host)?;
            let destination = options.output.destination.clone();
            if destination == Destination::Nowhere {
                return Err(Failure::usage("what was planned is written: name its place with -o"));
            }
            host.run(&args.run, Some(&destination), |observer| jobs::write_part(options, observer))?
        }
        (_, Some(plan)) => {
            refuse_dash("--plan-only", plan)?;
            let options = args.options(host)?;
            host.run(&args.run, None, |observer| jobs::plan(options, plan, observer))?
        }
        (None, None) => {
            let options = args.options(host)?;
            let destination = options.output.destination.clone();
            shards = shards_told(&options.raw, &destination);
            host.run(&args.run, Some(&destination), |observer| jobs::resample(options, observer))?
        }
    };
    Ok(summary::finish(&report, "resample", &args, &args.run)?.with_selected(&mut report, shards))
}

impl Resample {
    fn options(&self, host: Host<'_>) -> Result<ResampleOptions, Failure> {
        let exclude = self.input.exclude();
        let raw = self.input.shards(&exclude)?;
        let read = self.ids.of(self.records.options(&self.punkt)?)?;
        let draw = self.draw.options()?;
        let asked = FilterArgs(&self.r#where, &self.quality, &self.punkt);
        let filter = self.draw.filter(asked, &self.unique)?;
        if self.records.rejects.is_some() {
            return Err(Failure::usage("--rejects belongs to weigh: it keeps what was skipped there"));
        }
        let space =
            self.drawn_by.tokenizer.map(|tokenizer| tokenizer.space(read.punkt.as_deref())).transpose()?;
        Ok(ResampleOptions {
            raw,
            by: self.drawn_by.by()?,
            space,
            draw,
            filter,
            mix_in: self.draw.files_mixed_in()?,
            read,
            punkt_is_named: self.punkt.punkt.is_some(),
            output: self.output(host),
            run: self.run.options(Some(&self.input)),
        })
    }

    /// A part of what was planned.
    fn part(&self, plan: &Path, host: Host<'_>) -> Result<PartOptions, Failure> {
        refuse_dash("--plan", plan)?;
        let exclude = self.input.exclude();
        Ok(PartOptions {
            plan: plan.into(),
            shards: self.input.shards(&exclude)?,
            by: self.drawn_by.weights.clone().or_else(|| self.drawn_by.scores.clone()),
            punkt: self.punkt.folder(),
            output: self.output(host),
            run: self.run.options(Some(&self.input)),
        })
    }

    fn output(&self, host: Host<'_>) -> OutputOptions {
        OutputOptions {
            destination: host.destination(self.output.output.as_deref()),
            shuffle: self.output.shuffle,
            annotate: self.output.annotate,
            epochs: self.draw.draws.is_some(),
            review: None,
        }
    }
}

impl DrawnByArgs {
    /// What records are drawn by.
    pub(super) fn by(&self) -> Result<DrawBy, Failure> {
        let scale = match (self.method, self.log_scores) {
            (MethodArg::Pareto, true) => {
                return Err(Failure::usage("--method pareto takes scores from 0 to 1, not --log-scores"));
            }
            (MethodArg::Pareto, false) => Scale::Probability,
            (_, true) => Scale::Log,
            (_, false) => Scale::Weight,
        };
        if self.log_scores && self.scores.is_none() && self.score_field.is_none() {
            return Err(Failure::usage("--log-scores says what scores are: pass --scores or --score-field"));
        }
        match (&self.score_field, &self.scores, &self.weights, self.method) {
            (Some(field), ..) => Ok(DrawBy::Field(field_path("--score-field", field)?, scale)),
            (_, Some(path), ..) => Ok(DrawBy::Scores(path.clone(), scale)),
            (.., MethodArg::Pareto) => Err(usage::words_of_draw(&InvalidDraw::ParetoOfNoScores)),
            (_, _, Some(path), _) => Ok(DrawBy::Weights(path.clone())),
            (.., MethodArg::Random) => Ok(DrawBy::Nothing),
            _ => {
                Err(Failure::usage("by what? Pass --weights, --scores or --score-field, or --method random"))
            }
        }
    }
}

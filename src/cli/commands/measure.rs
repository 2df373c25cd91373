use serde_json::Map;

use crate::cli::args::Measure;
use crate::cli::failure::Failure;
use crate::cli::host::{Host, Outcome};
use crate::cli::options::refuse_dash;
use crate::cli::{measurement, summary};
use crate::jobs::{self, MeasureIn, MeasureOptions, WeightsToSurvey};

pub(crate) fn measure(args: &Measure, host: Host<'_>) -> Result<Outcome, Failure> {
    args.refuse_shared_stdin()?;
    args.model.iter().try_for_each(|path| refuse_dash("--model", path))?;
    args.weights.iter().try_for_each(|path| refuse_dash("--weights", path))?;
    let options = args.options()?;
    host.check_stdout()?;
    let (measured, report) = host.run(&args.run, None, |observer| jobs::measure(options, observer))?;
    let json = measurement::json(&measured);
    let text =
        if args.json { format!("{json:#}\n") } else { measurement::words(&measured, args.joined_targets()) };
    let more = Map::from_iter([("measured".to_owned(), json)]);
    Ok(Outcome { printed: text, ..summary::finish_with(&report, "measure", args, &args.run, more)? })
}

impl Measure {
    fn options(&self) -> Result<MeasureOptions, Failure> {
        let exclude = self.input.exclude();
        let raw = match self.model {
            None => Some(self.input.shards(&exclude)?),
            Some(_) => self.input.shards_if_any(&exclude)?,
        };
        let (targets, selections) = (self.count.targets(&exclude)?, self.selections(&exclude)?);
        let read = self.records.options(&self.punkt)?;
        let space = match &self.model {
            Some(path) => MeasureIn::Model(path.clone()),
            None => MeasureIn::Space(self.count.space(read.punkt.as_deref())?, self.count.smoothing),
        };
        let (min_tokens, temperature) = (self.min_tokens, self.temperature);
        Ok(MeasureOptions {
            raw,
            targets,
            selections,
            space,
            epsilon: self.epsilon,
            sample: self.sample,
            seed: self.seed,
            weights: self.weights.clone().map(|path| WeightsToSurvey { path, min_tokens, temperature }),
            read,
            punkt_is_named: self.punkt.punkt.is_some(),
            rejects: self.records.rejects.clone(),
            run: self.run.options(Some(&self.input)),
        })
    }

    /// How many targets count as one.
    fn joined_targets(&self) -> usize {
        let separate = self.model.is_some() && self.count.target.is_empty() || self.count.separate_targets;
        if separate { 0 } else { self.count.target.len() }
    }
}

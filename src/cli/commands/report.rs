use std::path::Path;

use serde_json::Value;

use super::select::write_page;
use crate::cli::args::Report;
use crate::cli::failure::Failure;
use crate::cli::host::{Host, Outcome};
use crate::cli::options::{FilterArgs, refuse_dash};
use crate::cli::summary;
use crate::jobs::{self, OutputOptions, ResampleOptions, ReviewOptions};
use crate::storage;
use crate::writer::Destination;

pub(crate) fn report(mut args: Report, host: Host<'_>) -> Result<Outcome, Failure> {
    args.draw.method = args.drawn_by.method;
    let options = args.options()?;
    let report = host.run(&args.run, None, |observer| jobs::resample(options, observer))?;
    let outcome = summary::finish(&report, "report", &args, &args.run)?;
    if let Some(path) = &args.run.config {
        refuse_other_selection(path, &outcome.report)?;
    }
    write_page(&report, &outcome, &args.output, host)?;
    Ok(outcome)
}

/// Makes sure that what was drawn is the selection that a summary tells of, if the options are from one.
fn refuse_other_selection(config: &Path, report: &Value) -> Result<(), Failure> {
    let told = storage::read(config).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    let Some(told) = told.filter(|told| told["dsir_summary"].is_u64() && told["selected"].is_object()) else {
        return Ok(());
    };
    if told["selected"] == report["selected"] {
        return Ok(());
    }
    let records = |of: &Value| of["selected"]["records"].to_string();
    Err(Failure::usage(format!(
        "{}: the selection that it tells of has {} documents, and this one {}, or others: the weights, the model, the \
         shards or the options are not those of that run",
        config.display(),
        records(&told),
        records(report)
    )))
}

impl Report {
    fn options(&self) -> Result<ResampleOptions, Failure> {
        refuse_dash("-o", &self.output)?;
        let exclude = self.input.exclude();
        let read = self.ids.of(self.records.options(&self.punkt)?)?;
        let tokenizer = self.drawn_by.tokenizer;
        let space = tokenizer.map(|tokenizer| tokenizer.space(read.punkt.as_deref())).transpose()?;
        Ok(ResampleOptions {
            raw: self.input.shards(&exclude)?,
            by: self.drawn_by.by()?,
            space,
            draw: self.draw.options()?,
            filter: self.draw.filter(FilterArgs(&self.r#where, &self.quality, &self.punkt), &self.unique)?,
            mix_in: self.draw.files_mixed_in()?,
            read,
            punkt_is_named: self.punkt.punkt.is_some(),
            output: OutputOptions {
                destination: Destination::Nowhere,
                review: Some(ReviewOptions {
                    page: Some(self.output.clone()),
                    by: self.by.field()?,
                    model: self.model.clone(),
                    alone: true,
                }),
                ..OutputOptions::default()
            },
            run: self.run.options(Some(&self.input)),
        })
    }
}

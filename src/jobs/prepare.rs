//! Cutting, filtering and joining records.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::draw::paths;
use super::fit::{create_rejects, finish_rejects};
use super::outputs::{self, Output};
use super::report::{RawReport, Report};
use super::run::{Run, RunOptions};
use crate::error::Error;
use crate::invalid_options::{InvalidOptions, OutputKind};
use crate::observer::Observer;
use crate::passes::{self, ReadOptions, fields_of, look_for_fields};
use crate::prepare::{Chunk, Packing, Steps};
use crate::reader::Shards;
use crate::warning::Warning;
use crate::writer::{self, Destination};

/// What [`prepare`] does, with what, and where it goes.
pub struct PrepareOptions {
    /// The raw shards.
    pub raw: Shards,
    /// What is done with each record by itself.
    pub steps: Steps,
    /// How the records that are kept are joined at the end, if they are.
    pub packing: Option<Packing>,
    /// How records become documents.
    pub read: ReadOptions,
    /// Where the records go that are skipped as invalid.
    pub rejects: Option<PathBuf>,
    /// Where the records go.
    pub destination: Destination,
    /// How the job runs.
    pub run: RunOptions,
}

/// Does the steps on all records and writes what is made of them, in input order.
///
/// # Errors
/// Options that make no sense, shards that cannot be read or without a document, an output that cannot be written;
/// [`Observer::cancel`].
pub fn prepare(options: PrepareOptions, observer: &Observer) -> Result<Report, Error> {
    let PrepareOptions { raw, steps, packing, read, rejects, destination, run: run_options } = options;
    refuse_one_field_for_two(&steps)?;
    if steps.are_none() && packing.is_none() {
        return Err(InvalidOptions::NothingToPrepare.into());
    }
    let run = Run::new(&run_options, observer, [&raw])?;
    let also_read = run_options.also_read.iter().map(PathBuf::as_path);
    let inputs: Vec<&Path> = paths(&raw).chain(also_read).collect();
    writer::refuse_overwriting(destination.files(&raw), inputs.iter().copied())?;
    let summary = run_options.summary.iter().map(|path| Output::new(OutputKind::Summary, path));
    let mut outputs: Vec<Output<'_>> =
        summary.chain(rejects.iter().map(|path| Output::new(OutputKind::Rejects, path))).collect();
    if let Destination::File(path) = &destination {
        outputs.push(Output::new(OutputKind::Records, path));
    }
    outputs::check(&outputs, destination == Destination::Stdout, inputs, &run)?;
    let first = destination.files(&raw).next();
    outputs.extend(first.iter().map(|path| Output::new(OutputKind::Records, path)));
    outputs::refuse_inside(&outputs, &raw)?;
    run.warn_of_unused(raw.exclude());
    outputs::warn_of_files(&destination, None, destination.files(&raw), false, &run.observer);
    look_for_fields(&raw, &fields_of(&steps.conditions).collect::<Vec<_>>(), &run.observer);

    run.work(Report::new(run.threads()), |report| {
        let mut rejects = create_rejects(rejects.as_deref(), &run)?;
        let options = passes::PreparingOptions {
            steps: &steps,
            packing: packing.map(Arc::new),
            destination: &destination,
            storage: &run.storage,
            rejects: rejects.as_mut(),
        };
        let prepared = passes::prepare(&raw, &read, options, &run.observer);
        let (was_read, prepared) = finish_rejects(rejects, prepared)?;
        report.read("prepare", &was_read);
        report.raw = Some(RawReport::new(&raw, &was_read));
        if prepared.records == 0 {
            run.observer.warn(Warning::NothingKept);
        }
        report.prepared = Some(prepared);
        Ok(())
    })
}

fn refuse_one_field_for_two(steps: &Steps) -> Result<(), InvalidOptions> {
    let keep_whole = steps.chunk.as_ref().is_some_and(|chunk| chunk.keep_whole);
    let field = steps.quality.as_ref().and_then(|step| step.field.as_deref());
    match field.filter(|field| keep_whole && Chunk::FIELDS.contains(field)) {
        Some(field) => Err(InvalidOptions::FieldTwice { field: field.to_owned() }),
        None => Ok(()),
    }
}

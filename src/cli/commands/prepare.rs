use std::path::Path;
use std::sync::Arc;

use dsir::passes::{self, PrepareOptions, ReadOptions};
use dsir::prepare::{Chunk, Packing, QualityStep, Steps};
use dsir::quality::QualityBounds;
use dsir::reader::FieldPath;
use dsir::writer::{self, Destination};

use super::fit::{finish_rejects, rejects};
use crate::cli::args::{ChunkArgs, Prepare};
use crate::cli::drawing::fields_of;
use crate::cli::failure::Failure;
use crate::cli::options::Run;
use crate::cli::outputs::{self, Output};
use crate::cli::summary::Summary;

pub(crate) fn prepare(args: &Prepare) -> Result<(), Failure> {
    let exclude = args.input.exclude();
    let raw = args.input.shards(&exclude)?;
    let read = args.records.options(&args.punkt)?;
    let steps = Steps {
        chunk: args.chunk.step(&read)?,
        quality: quality(args)?,
        conditions: args.conditions.conditions(),
    };
    refuse_one_field_for_two(&steps)?;
    let packing = packing(args, &read)?;
    if steps.are_none() && packing.is_none() {
        return Err(Failure::usage(
            "nothing to do: pass --chunk-words, --quality, --quality-field, --where, --where-not or --pack",
        ));
    }
    let run = Run::new(&args.run, [&raw])?.printing_to(args.output.as_deref());
    let destination = Destination::new(args.output.as_deref());
    let inputs: Vec<&Path> = args.input.inputs(&raw).collect();
    writer::refuse_overwriting(destination.files(&raw), inputs.iter().copied())?;
    let mut outputs: Vec<Output<'_>> = args.run.outputs().chain(args.records.outputs()).collect();
    if let Destination::File(path) = &destination {
        outputs.push(Output::records("-o", path));
    }
    outputs::check(&outputs, destination == Destination::Stdout, inputs)?;

    let written = destination.files(&raw).next().map(|path| ("-o", path));
    outputs::refuse_inside(outputs.iter().map(Output::named).chain(written), &raw, &exclude)?;
    run.warn_of_unused(&exclude);
    outputs::warn_of_files(&destination, None, destination.files(&raw), false, &run.observer);
    passes::look_for_fields(&raw, &fields_of(&steps.conditions).collect::<Vec<_>>(), &run.observer);

    let mut summary = Summary::new("prepare", args, &run);
    run.work(|| {
        let mut rejects = rejects(args.records.rejects.as_deref(), &run)?;
        let options = PrepareOptions {
            steps: &steps,
            packing,
            destination: &destination,
            temp_dir: &run.temp_dir,
            rejects: rejects.as_mut(),
        };
        let prepared = passes::prepare(&raw, &read, options, &run.observer);
        let (report, prepared) = finish_rejects(rejects, prepared)?;
        summary.stage("prepare", &report);
        summary.raw(raw.len(), raw.passed_over(), &report);
        summary.prepared(&prepared, args.chunk.chunk_words.is_some());
        Ok(())
    })?;
    summary.finish(args.run.summary.as_deref(), args.run.quiet)
}

impl ChunkArgs {
    fn step(&self, read: &ReadOptions) -> Result<Option<Chunk>, Failure> {
        let Some(words) = self.chunk_words else { return Ok(None) };
        let field = the_one_field(read, "--chunk-words")?;
        Ok(Some(Chunk { words: words as usize, field, keep_whole: self.keep_whole }))
    }
}

fn quality(args: &Prepare) -> Result<Option<QualityStep>, Failure> {
    let field = args.quality_field.quality_field.clone();
    let bounds = match (args.quality.bounds(), &field) {
        (Some(bounds), _) => bounds,
        (None, Some(_)) => QualityBounds::default(),
        (None, None) => {
            return match args.punkt.punkt {
                Some(_) => Err(Failure::usage("--punkt is for --quality: pass that too")),
                None => Ok(None),
            };
        }
    };
    Ok(Some(QualityStep { punkt: args.punkt.read()?, bounds, field }))
}

fn packing(args: &Prepare, read: &ReadOptions) -> Result<Option<Arc<Packing>>, Failure> {
    let Some(records) = args.pack.pack else { return Ok(None) };
    let separator = args.pack.pack_separator.as_deref().unwrap_or(" ");
    Ok(Some(Arc::new(Packing::new(the_one_field(read, "--pack")?, records as usize, separator))))
}

/// The field with the text; there must be one only, for a step that writes it.
fn the_one_field(read: &ReadOptions, option: &str) -> Result<FieldPath, Failure> {
    let field = read.fields.only();
    field.ok_or_else(|| Failure::usage(format!("{option} writes into the text: name one --text-field only")))
}

fn refuse_one_field_for_two(steps: &Steps) -> Result<(), Failure> {
    let keep_whole = steps.chunk.as_ref().is_some_and(|chunk| chunk.keep_whole);
    let field = steps.quality.as_ref().and_then(|step| step.field.as_deref());
    match field.filter(|field| keep_whole && Chunk::FIELDS.contains(field)) {
        Some(field) => Err(Failure::usage(format!(
            "--quality-field: --keep-whole writes a field `{field}`; choose another name"
        ))),
        None => Ok(()),
    }
}

use crate::cli::args::{ChunkArgs, Prepare};
use crate::cli::failure::Failure;
use crate::cli::host::{Host, Outcome};
use crate::cli::summary;
use crate::jobs::{self, PrepareOptions, ReadOptions};
use crate::prepare::{Chunk, Packing, QualityStep, Steps};
use crate::quality::QualityBounds;
use crate::reader::FieldPath;
use crate::writer::Destination;

pub(crate) fn prepare(args: &Prepare, host: Host<'_>) -> Result<Outcome, Failure> {
    let exclude = args.input.exclude();
    let raw = args.input.shards(&exclude)?;
    let read = args.records.options(&args.punkt)?;
    let steps = Steps {
        chunk: args.chunk.step(&read)?,
        quality: quality(args)?,
        conditions: args.conditions.conditions(),
    };
    let destination = Destination::new(args.output.as_deref());
    let options = PrepareOptions {
        raw,
        steps,
        packing: packing(args, &read)?,
        read,
        rejects: args.records.rejects.clone(),
        destination: destination.clone(),
        run: args.run.options(Some(&args.input)),
    };
    let report = host.run(&args.run, Some(&destination), |observer| jobs::prepare(options, observer))?;
    summary::finish(&report, "prepare", args, &args.run)
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

fn packing(args: &Prepare, read: &ReadOptions) -> Result<Option<Packing>, Failure> {
    let Some(records) = args.pack.pack else { return Ok(None) };
    let separator = args.pack.pack_separator.as_deref().unwrap_or(" ");
    Ok(Some(Packing::new(the_one_field(read, "--pack")?, records as usize, separator)))
}

/// The field with the text; there must be one only, for a step that writes it.
fn the_one_field(read: &ReadOptions, option: &str) -> Result<FieldPath, Failure> {
    let field = read.fields.only();
    field.ok_or_else(|| Failure::usage(format!("{option} writes into the text: name one --text-field only")))
}

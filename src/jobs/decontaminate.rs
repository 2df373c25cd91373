//! Evaluation sets that a selection is kept clean of.

use std::path::Path;

use super::draw::paths;
use super::outputs::Output;
use super::run::Run;
use crate::density::Model;
use crate::error::Error;
use crate::featurizer::Tokenizer;
use crate::invalid_options::{InvalidOptions, OutputKind};
use crate::passes::{DecontaminateOptions, Decontamination, ReadOptions};
use crate::warning::Warning;

/// More items than one in so many that cannot be looked for are warned of.
const ONE_IN: u64 = 20;

/// Reads the sets, if there are any, and warns of those of which hardly anything can be looked for.
pub(super) fn read(
    asked: Option<&DecontaminateOptions>,
    model: &Model,
    read: &ReadOptions,
    run: &Run,
) -> Result<Option<Decontamination>, Error> {
    let Some(asked) = asked else { return Ok(None) };
    if model.space.tokenizer == Tokenizer::Bytes {
        return Err(InvalidOptions::DecontaminateBytes.into());
    }
    let sets = Decontamination::read(asked, model.space, read, &run.observer)?;
    for (name, told) in sets.sets() {
        let passed_over = told.too_short + told.untold;
        if passed_over * ONE_IN > told.items {
            let (set, items, ngrams) = (name.to_owned(), told.items, asked.ngrams);
            run.observer.warn(Warning::ItemsPassedOver { set, passed_over, items, ngrams });
        }
    }
    Ok(Some(sets))
}

/// The files that they are in.
pub(super) fn inputs(asked: Option<&DecontaminateOptions>) -> impl Iterator<Item = &Path> {
    asked.into_iter().flat_map(|asked| &asked.sets).flat_map(|(_, shards)| paths(shards))
}

/// Where it is told of what was left out.
pub(super) fn output(asked: Option<&DecontaminateOptions>) -> Option<Output<'_>> {
    let path = asked?.report.as_deref()?;
    Some(Output::new(OutputKind::LeftOut, path))
}

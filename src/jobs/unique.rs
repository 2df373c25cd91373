//! Of the records with the same text, one alone.

use std::time::Instant;

use super::report::Report;
use super::run::Run;
use crate::error::Error;
use crate::passes;
use crate::weights::WeightsFile;

/// Leaves out, if that is asked for, all but one of the records with the same text, and tells how many.
pub(super) fn make_unique(
    is_asked_for: bool,
    weights: Vec<WeightsFile>,
    run: &Run,
    report: &mut Report,
) -> Result<Vec<WeightsFile>, Error> {
    if !is_asked_for {
        return Ok(weights);
    }
    run.observer.begin("unique", None);
    let start = Instant::now();
    let (weights, repeated) = passes::make_unique(&weights, &run.storage, &run.observer)?;
    report.computed("unique", start);
    report.repeated_texts = Some(repeated);
    Ok(weights)
}

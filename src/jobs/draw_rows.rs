//! Drawing from weights files, until the job is told to stop.

use crate::error::Error;
use crate::observer::Observer;
use crate::resample::{self, Draw, DrawOptions, SelectedRecord};
use crate::weights::{self, TargetSize, UntilCancelled, WeightsFile};

/// Draws from weights files, one for each shard.
///
/// # Errors
/// As [`Draw::new`]; [`Observer::cancel`].
pub(super) fn draw_rows(
    files: &[WeightsFile],
    targets: Option<&[TargetSize]>,
    options: &DrawOptions,
    observer: &Observer,
) -> Result<Draw, Error> {
    Draw::new(&UntilCancelled { rows: files, observer }, targets, options).map_err(or_cancelled)
}

/// What finished draws have selected, for each draw.
///
/// # Errors
/// As [`Draw::selected`]; [`Observer::cancel`].
pub(super) fn selected_rows(
    draw: &Draw,
    files: &[WeightsFile],
    observer: &Observer,
) -> Result<Vec<Vec<SelectedRecord>>, Error> {
    draw.selected(&UntilCancelled { rows: files, observer }).map_err(or_cancelled)
}

/// For each draw, how many records came once, twice and so on; nothing if none may come twice.
///
/// # Errors
/// Rows that cannot be read; [`Observer::cancel`].
pub(super) fn repeats(
    draw: &Draw,
    files: &[WeightsFile],
    options: &DrawOptions,
    observer: &Observer,
) -> Result<Vec<Vec<u64>>, Error> {
    if options.repeat == 1 {
        return Ok(Vec::new());
    }
    resample::times_drawn(&UntilCancelled { rows: files, observer }, draw.plan()).map_err(or_cancelled)
}

fn or_cancelled(error: resample::Error) -> Error {
    match error {
        resample::Error::Weights(weights::Error::Cancelled) => Error::Cancelled,
        other => other.into(),
    }
}

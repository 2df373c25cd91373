//! Drawing from weights files, until the job is told to stop.

use crate::error::Error;
use crate::observer::Observer;
use crate::resample::{self, Draw, DrawOptions, SelectedRecord};
use crate::weights::{self, RowBlock, RowSource, TargetSize, WeightsFile};

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
    Draw::new(&UntilCancelled { files, observer }, targets, options).map_err(or_cancelled)
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
    draw.selected(&UntilCancelled { files, observer }).map_err(or_cancelled)
}

fn or_cancelled(error: resample::Error) -> Error {
    match error {
        resample::Error::Weights(weights::Error::Cancelled) => Error::Cancelled,
        other => other.into(),
    }
}

/// Rows that cannot be read any more once the job is told to stop.
struct UntilCancelled<'a> {
    files: &'a [WeightsFile],
    observer: &'a Observer,
}

impl RowSource for UntilCancelled<'_> {
    fn shards(&self) -> usize {
        self.files.shards()
    }

    fn rows(&self, shard: usize) -> u64 {
        RowSource::rows(self.files, shard)
    }

    fn targets(&self) -> usize {
        self.files.targets()
    }

    fn read(
        &self,
        shard: usize,
        first: u64,
        count: usize,
        block: &mut RowBlock,
    ) -> Result<(), weights::Error> {
        if self.observer.is_cancelled() {
            return Err(weights::Error::Cancelled);
        }
        RowSource::read(self.files, shard, first, count, block)
    }
}

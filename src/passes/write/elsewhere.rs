//! Has the machines that weighed a corpus write what is selected of it.

use std::path::{Path, PathBuf};

use super::{Measuring, Source, WriteOptions, WrittenPart};
use crate::error::Error;
use crate::observer::Observer;
use crate::passes::documents::Tally;
use crate::passes::elsewhere::{Elsewhere, Floors, PathOf, StoredReading, WriteTask};
use crate::passes::keep::keep;
use crate::passes::{Eligible, check_rows};
use crate::weights::WeightsFile;

/// A corpus that other machines have weighed.
pub(crate) struct WeighedElsewhere {
    /// The weights of each shard.
    pub(crate) weights: Vec<WeightsFile>,
    /// Its pieces, with their weights.
    pub(in crate::passes) elsewhere: Elsewhere,
}

/// A file, and where it goes.
pub(super) type Move = (PathBuf, PathBuf);

impl WeighedElsewhere {
    /// Has them keep the selected records of all shards or, if `in_spans`, of those that are read in spans: then these
    /// are the source's candidates. Returns what was read.
    pub(super) fn keep(
        &self,
        source: &mut Source<'_>,
        in_spans: bool,
        observer: &Observer,
    ) -> Result<Tally, Error> {
        let only_spans = in_spans.then(|| self.elsewhere.only_spans());
        let elsewhere = only_spans.as_ref().unwrap_or(&self.elsewhere);
        let kept = keep(source.plan, source.shards, elsewhere, observer)?;
        let mut read = Tally::default();
        for (shard, tally) in kept.tallies {
            check_rows(&source.weights[shard], &source.shards[shard], tally.records)?;
            read.add(tally);
        }
        source.candidates = Some(kept.files);
        source.was_kept_elsewhere = true;
        Ok(read)
    }

    /// Has them write a file for each shard, and gives where each is and where it goes.
    pub(super) fn write(
        &self,
        source: &Source<'_>,
        options: &WriteOptions<'_>,
        measuring: Option<Measuring<'_>>,
        observer: &Observer,
    ) -> Result<(WrittenPart, Vec<Move>), Error> {
        let whole = self.elsewhere.of_whole_shards(&source.kept());
        let model = measuring.map(|with| whole.write_model(with.model)).transpose()?;
        let task = WriteTask {
            plan: source.plan.clone(),
            draws: options.destinations.len(),
            annotate: options.annotate && source.is_weighed,
            model: model.map(PathOf),
            reading: measuring.map(|with| StoredReading::new(with.read, &Eligible::default())),
            target: measuring.and_then(|with| with.target.cloned()),
        };
        let mut part = WrittenPart::new(options.destinations.len(), measuring);
        let mut folders = vec![PathBuf::new(); whole.pieces().len()];
        let take = |piece: usize, own: &Path, more| {
            part.add(more)?;
            folders[piece] = own.into();
            Ok(Floors::default())
        };
        whole.run(&task, take, observer)?;
        let mut files = Vec::new();
        for (draw, destination) in options.destinations.iter().enumerate() {
            let written = |own: &Path, name: &Path| WriteTask::written(own, draw).join(name);
            let from = whole.files_of_shards(&folders, written).into_values().flatten();
            files.extend(from.zip(destination.files(source.shards)));
        }
        // When they have moved, they are no longer there for a run that resumes this one.
        whole.forget(&task)?;
        Ok((part, files))
    }
}

//! Has the machines that weighed a corpus write what is selected of it.

use std::path::{Path, PathBuf};

use super::{Forms, Measuring, Source, WriteOptions, WrittenPart};
use crate::error::Error;
use crate::observer::Observer;
use crate::passes::documents::Tally;
use crate::passes::elsewhere::{Elsewhere, Floors, PathOf, StoredReading, WriteTask};
use crate::passes::keep::keep;
use crate::passes::{Eligible, check_rows};
use crate::weights::WeightsFile;
use crate::writer;

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
    /// are the source's candidates. Rows of tables that stay rows are not kept. Returns what was read.
    pub(super) fn keep(
        &self,
        source: &mut Source<'_>,
        in_spans: bool,
        forms: &Forms,
        observer: &Observer,
    ) -> Result<Tally, Error> {
        let as_lines = self
            .elsewhere
            .only(|shard, span| forms.of_shard(shard).is_none() && (span.is_some() || !in_spans));
        let kept = keep(source.plan, source.shards, &as_lines, observer)?;
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
            ids: source.ids.names(),
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
            let written =
                |own: &Path, name: &Path| WriteTask::written(own, draw).join(writer::output_name(name));
            let from = whole.files_of_shards(&folders, written).into_values().flatten();
            files.extend(from.zip(destination.files(source.shards)));
        }
        // When they have moved, they are no longer there for a run that resumes this one.
        whole.forget(&task)?;
        Ok((part, files))
    }
}

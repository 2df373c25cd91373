//! Has the machines that weighed a corpus write what is selected of it.

use std::path::PathBuf;

use super::{Measuring, Source, WriteOptions, WrittenPart};
use crate::error::Error;
use crate::observer::Observer;
use crate::passes::documents::Tally;
use crate::passes::elsewhere::{Elsewhere, Floors, KeepTask, StoredReading, WriteTask};
use crate::passes::keep::keep;
use crate::passes::{Eligible, check_rows};
use crate::resample::Plan;
use crate::weights::WeightsFolder;
use crate::writer::Destination;

/// A corpus that other machines have weighed.
pub(crate) struct WeighedElsewhere {
    /// Where the weights are.
    pub(crate) weights: WeightsFolder,
    /// Its pieces, in which the records of spans are numbered as those of their shards.
    pub(in crate::passes) elsewhere: Elsewhere,
}

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
        let kept = keep(source.plan, source.shards, &self.weights, elsewhere, observer)?;
        let mut read = Tally::default();
        for (shard, tally) in kept.tallies {
            check_rows(&source.weights[shard], &source.shards[shard], tally.records)?;
            read.add(tally);
        }
        source.candidates = Some(kept.files);
        source.was_kept_elsewhere = true;
        Ok(read)
    }

    /// The folder of what is kept of shards that are read in spans.
    fn kept(&self, plan: &Plan) -> Result<PathBuf, Error> {
        let task = KeepTask { plan: plan.clone(), weights: self.weights.path().into() };
        Ok(KeepTask::kept(&self.elsewhere.folder_of(&task)?))
    }

    /// Has them write a file for each shard, and gives where each is and where it goes.
    pub(super) fn write(
        &self,
        source: &Source<'_>,
        options: &WriteOptions<'_>,
        measuring: Option<Measuring<'_>>,
        observer: &Observer,
    ) -> Result<(WrittenPart, Vec<(PathBuf, PathBuf)>), Error> {
        let whole = self.elsewhere.of_whole_shards();
        let model = measuring.map(|with| whole.write_model(with.model)).transpose()?;
        let task = WriteTask {
            plan: source.plan.clone(),
            weights: self.weights.path().into(),
            kept: self.kept(source.plan)?,
            draws: options.destinations.len(),
            annotate: options.annotate && source.is_weighed,
            model,
            reading: measuring.map(|with| StoredReading::new(with.read, &Eligible::default())),
            target: measuring.and_then(|with| with.target.cloned()),
        };
        let mut part = WrittenPart::new(options.destinations.len(), measuring);
        let take = |_, more| {
            part.add(more)?;
            Ok(Floors::default())
        };
        whole.run(&task, take, observer)?;
        let folder = whole.folder_of(&task)?;
        let mut files = Vec::new();
        for (draw, destination) in options.destinations.iter().enumerate() {
            let from = Destination::Folder(WriteTask::written(&folder, draw));
            files.extend(from.files(source.shards).zip(destination.files(source.shards)));
        }
        Ok((part, files))
    }
}

//! What is done on a piece: the reading of a pass, by the same functions that do it on one machine.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::piece::{At, Task, beside};
use crate::density::{CountsSoFar, FitBudget, Model};
use crate::error::Error;
use crate::featurizer::FeatureSpace;
use crate::passes::candidates;
use crate::passes::count_raw::{CountExtras, Counted, count_part};
use crate::passes::documents::Tally;
use crate::passes::eligible::Eligible;
use crate::passes::keep::{KeepTo, keep_part};
use crate::passes::oversampled::Oversampled;
use crate::passes::rejects::Rejects;
use crate::passes::selected::TextHashes;
use crate::passes::stored_filter::{StoredFilter, StoredFilterError};
use crate::passes::texts::sample_part;
use crate::passes::weigh::{WeighingOptions, weigh_part};
use crate::passes::write::{DrawOutputs, WrittenPart, write_source};
use crate::passes::{Measuring, RawCorpus, ReadOptions, Source, WriteOptions};
use crate::reader::{Shard, Shards, TextFields, plain_path};
use crate::refine::{DocumentBlocks, DocumentSampler, TextSampler, TextsOfLevel};
use crate::resample::{Groups, Plan};
use crate::sampling::Levels;
use crate::storage::{self, WorkDir};
use crate::weights::WeightsFolder;
use crate::writer::Destination;

/// Values that are JSON among those that are not: their formats leave out what is not there.
mod json {
    use serde::de::{DeserializeOwned, Error as _};
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serde_json::to_string(value).map_err(S::Error::custom)?.serialize(serializer)
    }

    pub(super) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        serde_json::from_str(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// How records become documents, and which may be drawn.
#[derive(Serialize, Deserialize)]
pub(in crate::passes) struct StoredReading {
    fields: Vec<String>,
    skip_invalid: bool,
    punkt: Option<PathBuf>,
    #[serde(with = "json")]
    filter: StoredFilter,
    min_tokens: u32,
}

impl StoredReading {
    pub(in crate::passes) fn new(read: &ReadOptions, eligible: &Eligible) -> Self {
        StoredReading {
            fields: read.fields.names().collect(),
            skip_invalid: read.skip_invalid,
            punkt: read.punkt.as_deref().map(plain_path),
            filter: StoredFilter::of(&eligible.filter),
            min_tokens: eligible.min_tokens,
        }
    }

    fn open(&self) -> Result<(ReadOptions, Eligible), Error> {
        // Fields that there were are fields.
        let fields = TextFields::new(&self.fields).unwrap_or_default();
        let filter = self.filter.filter(self.punkt.as_deref()).map_err(|error| match error {
            StoredFilterError::Other(error) => error,
            StoredFilterError::Words(words) => crate::engine::EngineError(words).into(),
        })?;
        let read = ReadOptions { fields, skip_invalid: self.skip_invalid, punkt: self.punkt.clone() };
        Ok((read, Eligible { min_tokens: self.min_tokens, filter }))
    }
}

/// Samples the texts of eligible documents.
#[derive(Serialize, Deserialize)]
pub(in crate::passes) struct SampleTask {
    #[serde(with = "json")]
    pub(in crate::passes) space: FeatureSpace,
    pub(in crate::passes) reading: StoredReading,
    pub(in crate::passes) sampler: TextSampler,
}

impl Task for SampleTask {
    const NAME: &'static str = "sample";
    type Done = (Vec<Tally>, Vec<Levels<TextsOfLevel>>);

    fn work(&self, shards: &Shards, at: &At<'_>) -> Result<Self::Done, Error> {
        let (read, eligible) = self.reading.open()?;
        let sampler = self.sampler.with_floor(at.floors.sampled);
        sample_part(shards, self.space, &read, &eligible, &sampler, at.observer)
    }
}

/// Counts documents, and samples them with their features if that is asked for.
#[derive(Serialize, Deserialize)]
pub(in crate::passes) struct CountTask {
    #[serde(with = "json")]
    pub(in crate::passes) space: FeatureSpace,
    pub(in crate::passes) budget: FitBudget,
    pub(in crate::passes) reading: StoredReading,
    pub(in crate::passes) sampler: Option<DocumentSampler>,
}

/// What a piece has counted.
#[derive(Serialize, Deserialize)]
pub(in crate::passes) struct CountedPiece {
    pub(in crate::passes) tallies: Vec<Tally>,
    #[serde(with = "json")]
    pub(in crate::passes) counts: CountsSoFar,
    pub(in crate::passes) sampled: Vec<Levels<DocumentBlocks>>,
}

impl Task for CountTask {
    const NAME: &'static str = "count";
    type Done = CountedPiece;

    fn work(&self, shards: &Shards, at: &At<'_>) -> Result<CountedPiece, Error> {
        let (read, eligible) = self.reading.open()?;
        let sampler = self.sampler.as_ref().map(|sampler| sampler.with_floor(at.floors.sampled));
        let oversampled = sampler.as_ref().map(|sampler| Oversampled { eligible: &eligible, sampler });
        let corpus =
            RawCorpus { shards, space: self.space, budget: self.budget, read: &read, elsewhere: None };
        let extras = CountExtras { oversampled, floor: at.floors.counted, ..CountExtras::default() };
        let Counted { tallies, counts, sampled, .. } = count_part(corpus, extras, None, at.observer)?;
        Ok(CountedPiece { tallies, counts, sampled })
    }
}

/// Weighs records.
#[derive(Serialize, Deserialize)]
pub(in crate::passes) struct WeighTask {
    /// Its name is of its content.
    pub(in crate::passes) model: PathBuf,
    pub(in crate::passes) reading: StoredReading,
    pub(in crate::passes) with_rejects: bool,
}

impl WeighTask {
    /// Where the weights go, from the folder of the task.
    pub(in crate::passes) fn weights(folder: &Path) -> PathBuf {
        folder.join("weights")
    }

    /// The records that a piece has rejected.
    pub(in crate::passes) fn rejects(piece: &Path) -> PathBuf {
        beside(piece, "rejects")
    }
}

impl Task for WeighTask {
    const NAME: &'static str = "weigh";
    type Done = (Vec<Tally>, Groups);

    fn work(&self, shards: &Shards, at: &At<'_>) -> Result<Self::Done, Error> {
        let (read, Eligible { filter, .. }) = self.reading.open()?;
        let model = Model::read(&self.model)?;
        let folder = at.beside.parent().unwrap_or(Path::new(""));
        let weights = WeightsFolder::new(&Self::weights(folder));
        // Of a piece that is tried again before its first try has ended, each has files of its own.
        let failed = |source| storage::Error::new(folder, source);
        let work_dir = WorkDir::Temporary(at.storage.temporary_folder_in(folder).map_err(failed)?);
        let rejects = Self::rejects(at.beside);
        let mut rejects = self.with_rejects.then(|| Rejects::create(&rejects, at.storage)).transpose()?;
        let options = WeighingOptions {
            rejects: rejects.as_mut(),
            candidates: None,
            publish_to: Some(&weights),
            filter,
            elsewhere: None,
        };
        let weighed = weigh_part(&model, shards, &read, &work_dir, options, at.storage, at.observer)?;
        rejects.map_or(Ok(()), Rejects::finish)?;
        Ok((weighed.tallies, weighed.groups))
    }
}

/// Keeps the records that were selected.
#[derive(Serialize, Deserialize)]
pub(in crate::passes) struct KeepTask {
    #[serde(with = "json")]
    pub(in crate::passes) plan: Plan,
    /// The folder of the weights.
    pub(in crate::passes) weights: PathBuf,
}

impl KeepTask {
    /// Where the selected records of a piece's shards go, from the folder of the task.
    pub(in crate::passes) fn kept(folder: &Path) -> PathBuf {
        folder.join("kept")
    }
}

impl Task for KeepTask {
    const NAME: &'static str = "keep";
    type Done = Vec<Tally>;

    fn work(&self, shards: &Shards, at: &At<'_>) -> Result<Self::Done, Error> {
        let folder = at.beside.parent().unwrap_or(Path::new(""));
        let to = KeepTo {
            plan: &self.plan,
            numbers: at.numbers,
            folder: &Self::kept(folder),
            storage: at.storage,
        };
        keep_part(shards, &WeightsFolder::new(&self.weights), to, at.observer)
    }
}

/// Writes the selected records of whole shards, each into a file of its own, and measures them.
#[derive(Serialize, Deserialize)]
pub(in crate::passes) struct WriteTask {
    #[serde(with = "json")]
    pub(in crate::passes) plan: Plan,
    /// The folder of the weights.
    pub(in crate::passes) weights: PathBuf,
    /// The folder of the selected records of shards that were read in spans.
    pub(in crate::passes) kept: PathBuf,
    pub(in crate::passes) draws: usize,
    pub(in crate::passes) annotate: bool,
    /// The model that the selection is measured by.
    pub(in crate::passes) model: Option<PathBuf>,
    pub(in crate::passes) reading: Option<StoredReading>,
    /// The texts of the target, if they are known.
    pub(in crate::passes) target: Option<TextHashes>,
}

impl WriteTask {
    /// Where what a draw has selected goes, from the folder of the task.
    pub(in crate::passes) fn written(folder: &Path, draw: usize) -> PathBuf {
        folder.join(format!("draw-{draw}"))
    }
}

impl Task for WriteTask {
    const NAME: &'static str = "write";
    type Done = WrittenPart;

    fn work(&self, shards: &Shards, at: &At<'_>) -> Result<WrittenPart, Error> {
        let folder = at.beside.parent().unwrap_or(Path::new(""));
        let model = self.model.as_deref().map(Model::read).transpose()?;
        let read = self.reading.as_ref().map(StoredReading::open).transpose()?;
        let measuring = model.as_ref().zip(read.as_ref());
        let measuring =
            measuring.map(|(model, (read, _))| Measuring { model, read, target: self.target.as_ref() });
        let weights = WeightsFolder::new(&self.weights).open(shards)?;
        let kept = |shard: &Shard| {
            let path = candidates::path(&self.kept, shard.relative());
            path.exists().then_some(path)
        };
        let destinations: Vec<Destination> =
            (0..self.draws).map(|draw| Destination::Folder(Self::written(folder, draw))).collect();
        let options = WriteOptions {
            destinations: &destinations,
            shuffle: None,
            annotate: self.annotate,
            storage: at.storage,
        };
        let source = Source {
            plan: &self.plan,
            numbers: Some(at.numbers),
            drawn: None,
            eligible: None,
            at_random: false,
            weights: &weights,
            shards,
            candidates: Some(shards.iter().map(kept).collect()),
            was_kept_elsewhere: true,
            is_weighed: true,
        };
        let outputs = DrawOutputs::create(&options)?;
        let mut part = write_source(&source, 0, &outputs, self.annotate, measuring, at.observer)?;
        outputs.finish()?;
        part.looking.renumber(at.numbers);
        Ok(part)
    }
}

//! What is done on a piece: the reading of a pass, by the same functions that do it on one machine.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::piece::{At, Input, PathOf, Task};
use crate::density::{CountsSoFar, FitBudget, Model};
use crate::engine::EngineError;
use crate::error::Error;
use crate::featurizer::FeatureSpace;
use crate::passes::count_raw::{CountExtras, Counted, count_part};
use crate::passes::decontaminate::Decontamination;
use crate::passes::documents::Tally;
use crate::passes::eligible::Eligible;
use crate::passes::keep::{KeepTo, keep_part};
use crate::passes::oversampled::Oversampled;
use crate::passes::rejects::Rejects;
use crate::passes::selected::TextHashes;
use crate::passes::stored_filter::{StoredFilter, StoredFilterError};
use crate::passes::texts::sample_part;
use crate::passes::weigh::{WeighingOptions, weigh_part};
use crate::passes::write::{DrawOutputs, Forms, WrittenPart, write_source};
use crate::passes::{Looks, Measuring, RawCorpus, ReadOptions, Source, WriteOptions};
use crate::reader::{IdFields, Shards, TextFields};
use crate::refine::{DocumentBlocks, DocumentSampler, TextSampler, TextsOfLevel};
use crate::resample::{Groups, Plan};
use crate::sampling::Levels;
use crate::storage;
use crate::weights::WeightsFile;
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

/// Counts by their parts, of which none is left out.
mod counts {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::density::{Cells, CountsSoFar, RawCounts};

    pub(super) fn serialize<S: Serializer>(so_far: &CountsSoFar, serializer: S) -> Result<S::Ok, S::Error> {
        let CountsSoFar { counts: RawCounts { fit_ngrams, documents_read, first_level, levels, .. }, cells } =
            so_far;
        (fit_ngrams, documents_read, first_level, levels, cells).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CountsSoFar, D::Error> {
        let (fit_ngrams, documents_read, first_level, levels, cells): (_, _, _, _, Cells) =
            Deserialize::deserialize(deserializer)?;
        let counts = RawCounts { fit_ngrams, documents_read, first_level, levels, ..RawCounts::default() };
        Ok(CountsSoFar { counts, cells })
    }
}

/// How records become documents, and which may be drawn.
#[derive(Serialize, Deserialize)]
pub(in crate::passes) struct StoredReading {
    fields: Vec<String>,
    skip_invalid: bool,
    ids: Vec<String>,
    punkt: Option<PathOf>,
    #[serde(with = "json")]
    filter: StoredFilter,
    min_tokens: u32,
}

impl StoredReading {
    pub(in crate::passes) fn new(read: &ReadOptions, eligible: &Eligible) -> Self {
        StoredReading {
            fields: read.fields.names().collect(),
            skip_invalid: read.skip_invalid,
            ids: read.ids.names(),
            punkt: read
                .punkt
                .as_ref()
                .map(|punkt| PathOf(std::path::absolute(punkt).unwrap_or_else(|_| punkt.clone()))),
            filter: StoredFilter::of(&eligible.filter),
            min_tokens: eligible.min_tokens,
        }
    }

    fn open(&self) -> Result<(ReadOptions, Eligible), Error> {
        let punkt = self.punkt.as_ref().map(|PathOf(punkt)| punkt.clone());
        let fields = TextFields::new(&self.fields).ok_or_else(|| EngineError("no text fields".into()))?;
        let filter = self.filter.filter(punkt.as_deref()).map_err(|error| match error {
            StoredFilterError::Other(error) => error,
            StoredFilterError::Words(words) => EngineError(words).into(),
        })?;
        let read = ReadOptions { fields, skip_invalid: self.skip_invalid, ids: id_fields(&self.ids)?, punkt };
        Ok((read, Eligible { min_tokens: self.min_tokens, filter }))
    }
}

fn id_fields(names: &[String]) -> Result<IdFields, Error> {
    Ok(IdFields::new(names).ok_or_else(|| EngineError("a field without name".into()))?)
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
    #[serde(with = "counts")]
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
    /// The model's file, whose name is of its content.
    pub(in crate::passes) model: PathOf,
    pub(in crate::passes) reading: StoredReading,
    pub(in crate::passes) with_rejects: bool,
    /// The file of the evaluation sets, whose name is of its content.
    pub(in crate::passes) decontamination: Option<PathOf>,
}

impl WeighTask {
    /// Where it is noted what documents share with evaluation sets, from the folder of the piece.
    pub(in crate::passes) fn overlaps(own: &Path) -> PathBuf {
        own.join(".overlaps")
    }

    /// Where the records go that were rejected, from the folder of the piece.
    pub(in crate::passes) fn rejects(own: &Path) -> PathBuf {
        // Beside the weights, whose names are the shards'.
        own.join(".rejects")
    }
}

impl Task for WeighTask {
    const NAME: &'static str = "weigh";
    type Done = (Vec<Tally>, Groups);

    fn work(&self, shards: &Shards, at: &At<'_>) -> Result<Self::Done, Error> {
        let (read, Eligible { filter, .. }) = self.reading.open()?;
        let model = Model::read(&self.model.0)?;
        let rejects = Self::rejects(&at.own.parts());
        let mut rejects = self.with_rejects.then(|| Rejects::create(&rejects, at.storage)).transpose()?;
        let read_sets = |PathOf(path): &PathOf| -> Result<Decontamination, Error> {
            let bytes = storage::read(path).map_err(|source| storage::Error::new(path, source))?;
            Ok(postcard::from_bytes(&bytes).map_err(|error| EngineError(error.to_string()))?)
        };
        let decontamination = self.decontamination.as_ref().map(read_sets).transpose()?;
        let options = WeighingOptions {
            rejects: rejects.as_mut(),
            candidates: None,
            publish_to: None,
            filter,
            decontamination: decontamination.as_ref(),
            elsewhere: None,
        };
        let weighed = weigh_part(&model, shards, &read, at.own, options, at.storage, at.observer)?;
        rejects.map_or(Ok(()), Rejects::finish)?;
        if !weighed.overlaps.is_empty() {
            let mut all = Rejects::create(&Self::overlaps(&at.own.parts()), at.storage)?;
            for path in &weighed.overlaps {
                all.append(File::open(path).map_err(|source| storage::Error::new(path, source))?)?;
            }
            all.finish()?;
        }
        Ok((weighed.tallies, weighed.groups))
    }
}

impl At<'_> {
    /// The weights of the shards.
    fn weights(&self) -> Result<Vec<WeightsFile>, Error> {
        let open = |input: &Input| match &input.weights {
            Some(PathOf(path)) => Ok(WeightsFile::open(path)?),
            None => Err(EngineError("a piece without weights".into()).into()),
        };
        self.inputs.iter().map(open).collect()
    }

    /// The numbers of the shards in the corpus.
    fn numbers(&self) -> Vec<usize> {
        self.inputs.iter().map(|input| input.number).collect()
    }
}

/// Keeps the records that were selected.
#[derive(Serialize, Deserialize)]
pub(in crate::passes) struct KeepTask {
    #[serde(with = "json")]
    pub(in crate::passes) plan: Plan,
}

impl Task for KeepTask {
    const NAME: &'static str = "keep";
    type Done = Vec<Tally>;

    fn work(&self, shards: &Shards, at: &At<'_>) -> Result<Self::Done, Error> {
        let (numbers, folder) = (at.numbers(), at.own.parts());
        let to = KeepTo { plan: &self.plan, numbers: &numbers, folder: &folder, storage: at.storage };
        keep_part(shards, at.weights()?, to, at.observer)
    }
}

/// Writes the selected records of whole shards, each into a file of its own, and measures them.
#[derive(Serialize, Deserialize)]
pub(in crate::passes) struct WriteTask {
    #[serde(with = "json")]
    pub(in crate::passes) plan: Plan,
    pub(in crate::passes) draws: usize,
    pub(in crate::passes) annotate: bool,
    pub(in crate::passes) ids: Vec<String>,
    /// The model that the selection is measured by.
    pub(in crate::passes) model: Option<PathOf>,
    pub(in crate::passes) reading: Option<StoredReading>,
    /// The texts of the target, if they are known.
    pub(in crate::passes) target: Option<TextHashes>,
}

impl WriteTask {
    /// Where what a draw has selected goes, from the folder of the piece.
    pub(in crate::passes) fn written(own: &Path, draw: usize) -> PathBuf {
        own.join(format!("draw-{draw}"))
    }
}

impl Task for WriteTask {
    const NAME: &'static str = "write";
    type Done = WrittenPart;

    fn work(&self, shards: &Shards, at: &At<'_>) -> Result<WrittenPart, Error> {
        let model = self.model.as_ref().map(|PathOf(model)| Model::read(model)).transpose()?;
        let read = self.reading.as_ref().map(StoredReading::open).transpose()?;
        let measuring = model.as_ref().zip(read.as_ref());
        let measuring =
            measuring.map(|(model, (read, _))| Measuring { model, read, target: self.target.as_ref() });
        let (own, numbers, weights) = (at.own.parts(), at.numbers(), at.weights()?);
        let kept = |input: &Input| input.kept.as_ref().map(|PathOf(kept)| kept.clone());
        let destinations: Vec<Destination> =
            (0..self.draws).map(|draw| Destination::Folder(Self::written(&own, draw))).collect();
        let options = WriteOptions {
            destinations: &destinations,
            shuffle: None,
            annotate: self.annotate,
            storage: at.storage,
        };
        let source = Source {
            plan: &self.plan,
            numbers: Some(&numbers),
            drawn: None,
            eligible: None,
            at_random: false,
            weights: &weights,
            shards,
            candidates: Some(at.inputs.iter().map(kept).collect()),
            was_kept_elsewhere: true,
            is_weighed: true,
            ids: id_fields(&self.ids)?,
        };
        let forms = Forms::of(std::slice::from_ref(&source), &options)?;
        let looks = Looks { measuring, review: None };
        let outputs = DrawOutputs::create(&options, forms)?;
        let mut part = write_source(&source, 0, &outputs, self.annotate, looks, at.observer)?;
        outputs.finish()?;
        part.looking.renumber(&numbers);
        Ok(part)
    }
}

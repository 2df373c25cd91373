//! How far a stage is, kept in the work directory.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::CheckpointTimer;
use crate::error::Error;
use crate::reader::{Bookmark, Shards};
use crate::storage::{self, ResumableDir, Storage};

/// Keeps how far a stage is, and finds out how far an earlier run came that did the same.
pub(crate) struct CheckpointFile {
    path: PathBuf,
    storage: Storage,
    made_with: String,
    pub(crate) timer: CheckpointTimer,
}

/// What is in the file of a stage.
#[derive(Serialize, Deserialize)]
struct State<T, P, W> {
    /// All that the stage depends on, but the shards.
    made_with: String,
    shards: Vec<ShardState<T, P>>,
    whole: W,
}

#[derive(Serialize, Deserialize)]
struct ShardState<T, P> {
    /// The shard's fingerprint.
    shard: u64,
    tally: T,
    /// Where its reading is and what else is to be known; of a shard that has ended, nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    under_way: Option<(Bookmark, P)>,
}

/// How far an earlier run came, by the places of the shards among those of this run.
pub(crate) struct EarlierRun<T, P, W> {
    pub(crate) ended: BTreeMap<usize, T>,
    pub(crate) under_way: BTreeMap<usize, (Bookmark, T, P)>,
    /// How many shards it had that are no more, or have changed.
    pub(crate) others: usize,
    pub(crate) whole: W,
}

impl CheckpointFile {
    /// For the stage called `stage`, with all that it depends on but the shards.
    pub(crate) fn new(work: &ResumableDir, stage: &str, depends_on: &impl Serialize) -> Self {
        // Plain data always make JSON.
        let options = serde_json::to_string(depends_on).unwrap_or_default();
        let made_with = format!("dsir {} {stage} {options}", env!("CARGO_PKG_VERSION"));
        CheckpointFile {
            path: work.state(stage),
            storage: work.storage().clone(),
            made_with,
            timer: CheckpointTimer::new(),
        }
    }

    /// How far an earlier run came that did the same, if there was one.
    pub(crate) fn earlier_run<T: DeserializeOwned, P: DeserializeOwned, W: DeserializeOwned>(
        &self,
        shards: &Shards,
    ) -> Option<EarlierRun<T, P, W>> {
        // A state that cannot be read is none: then all is done again.
        let State { made_with, shards: states, whole } =
            serde_json::from_slice(&fs::read(&self.path).ok()?).ok()?;
        if made_with != self.made_with {
            return None;
        }
        let places: HashMap<u64, usize> = shards
            .iter()
            .enumerate()
            .filter_map(|(place, shard)| Some((shard.fingerprint()?, place)))
            .collect();
        let mut before = EarlierRun { ended: BTreeMap::new(), under_way: BTreeMap::new(), others: 0, whole };
        for ShardState { shard, tally, under_way } in states {
            match (places.get(&shard), under_way) {
                (None, _) => before.others += 1,
                (Some(place), None) => {
                    before.ended.insert(*place, tally);
                }
                (Some(place), Some((at, part))) => {
                    before.under_way.insert(*place, (at, tally, part));
                }
            }
        }
        Some(before)
    }

    /// Writes which shards of `shards` have ended and which are under way. Those that were under way in an earlier run,
    /// by `before`, and that this one has not come to yet, stay so. A stream cannot be resumed: it is left out.
    pub(crate) fn write<'t, T: Serialize + Clone + 't, P: Serialize + Clone, W: Serialize>(
        &self,
        shards: &Shards,
        ended: impl Iterator<Item = (usize, &'t T)>,
        under_way: impl Iterator<Item = (usize, Bookmark, T, P)>,
        before: Option<&EarlierRun<T, P, W>>,
        whole: W,
    ) -> Result<(), Error> {
        let mut places: BTreeMap<usize, (T, Option<(Bookmark, P)>)> = BTreeMap::new();
        if let Some(before) = before {
            let left = before.under_way.iter();
            places.extend(
                left.map(|(place, (at, tally, part))| (*place, (tally.clone(), Some((*at, part.clone()))))),
            );
        }
        places.extend(under_way.map(|(place, at, tally, part)| (place, (tally, Some((at, part))))));
        places.extend(ended.map(|(place, tally)| (place, (tally.clone(), None))));
        let states = places.into_iter().filter_map(|(place, (tally, under_way))| {
            Some(ShardState { shard: shards[place].fingerprint()?, tally, under_way })
        });
        let state = State { made_with: self.made_with.clone(), shards: states.collect(), whole };
        let mut file = self.storage.create(&self.path)?;
        let mut buffer = BufWriter::new(&mut file);
        let written = serde_json::to_writer(&mut buffer, &state).map_err(std::io::Error::from);
        let written = written.and_then(|()| buffer.flush());
        drop(buffer);
        written.map_err(|source| storage::Error::new(&self.path, source))?;
        Ok(file.finish_soon()?)
    }
}

impl<T, P, W> EarlierRun<T, P, W> {
    /// What the shards that it has finished, and those that it was in the middle of, have come to.
    pub(crate) fn tallies(&self) -> impl Iterator<Item = &T> {
        self.ended.values().chain(self.under_way.values().map(|(_, tally, _)| tally))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_run_was_at_is_kept_until_it_is_come_to() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = (0..4).map(|n| folder.path().join(format!("{n}.jsonl"))).collect();
        paths.iter().for_each(|path| fs::write(path, "{}\n").unwrap());
        let shards = Shards::find(paths).unwrap();
        let storage = Storage::default();
        let work = storage.work_dir(&folder.path().join("work")).unwrap();
        let checkpoints = CheckpointFile::new(&work, "fit", &"options");

        // The first run was at shards 0, 1 and 2.
        let at = |n: usize| (n, Bookmark::START, 10 + n as u64, ());
        checkpoints.write(&shards, std::iter::empty(), (0..3).map(at), None, "first".to_owned()).unwrap();
        // The second ends shard 0 and is further in shard 1 when it keeps what it has; shard 2 has to wait.
        let before = checkpoints.earlier_run::<u64, (), String>(&shards).unwrap();
        let further = std::iter::once((1, Bookmark::START, 21, ()));
        let ended = 20;
        checkpoints
            .write(&shards, std::iter::once((0, &ended)), further, Some(&before), "second".to_owned())
            .unwrap();

        let before = checkpoints.earlier_run::<u64, (), String>(&shards).unwrap();
        let records = |(place, (_, tally, ())): (&usize, &(Bookmark, u64, ()))| (*place, *tally);
        assert_eq!(before.ended.keys().collect::<Vec<_>>(), [&0]);
        assert_eq!(before.under_way.iter().map(records).collect::<Vec<_>>(), [(1, 21), (2, 12)]);
        assert_eq!(before.whole, "second");
    }
}

//! How far a stage is, kept in the work folder.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::documents::Tally;
use super::scan::Rhythm;
use crate::error::Error;
use crate::reader::{Bookmark, Shards};
use crate::whole_file::{self, WholeFile};
use crate::work::Work;

/// Keeps how far a stage is, and finds out how far an earlier run came that did the same.
pub(super) struct Keeper {
    path: PathBuf,
    made_with: String,
    pub(super) rhythm: Rhythm,
}

/// What is in the file of a stage.
#[derive(Serialize, Deserialize)]
struct State<P, W> {
    /// All that the stage depends on, but the shards.
    made_with: String,
    shards: Vec<ShardState<P>>,
    whole: W,
}

#[derive(Serialize, Deserialize)]
struct ShardState<P> {
    /// The shard's fingerprint.
    shard: u64,
    tally: Tally,
    /// Where its reading is and what else is to be known; of a shard that has ended, nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    under_way: Option<(Bookmark, P)>,
}

/// How far an earlier run came, by the places of the shards among those of this run.
pub(super) struct Before<P, W> {
    pub(super) ended: BTreeMap<usize, Tally>,
    pub(super) under_way: BTreeMap<usize, (Bookmark, Tally, P)>,
    /// How many shards it had that are no more, or have changed.
    pub(super) others: usize,
    pub(super) whole: W,
}

impl Keeper {
    /// For the stage called `stage`, with all that it depends on but the shards.
    pub(super) fn new(work: &Work, stage: &str, depends_on: &impl Serialize) -> Self {
        // Plain data always make JSON.
        let options = serde_json::to_string(depends_on).unwrap_or_default();
        let made_with = format!("dsir {} {stage} {options}", env!("CARGO_PKG_VERSION"));
        Keeper { path: work.state(stage), made_with, rhythm: Rhythm::new() }
    }

    /// How far an earlier run came that did the same, if there was one.
    pub(super) fn before<P: DeserializeOwned, W: DeserializeOwned>(
        &self,
        shards: &Shards,
    ) -> Option<Before<P, W>> {
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
        let mut before = Before { ended: BTreeMap::new(), under_way: BTreeMap::new(), others: 0, whole };
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

    /// Keeps that these shards of `shards` have ended and these are under way; so are those that an earlier run was at, by `before`, and
    /// this one has not come to yet. A stream cannot be gone on with: it is left out.
    pub(super) fn keep<'t, P: Serialize + Clone, W: Serialize>(
        &self,
        shards: &Shards,
        ended: impl Iterator<Item = (usize, &'t Tally)>,
        under_way: impl Iterator<Item = (usize, Bookmark, Tally, P)>,
        before: Option<&Before<P, W>>,
        whole: W,
    ) -> Result<(), Error> {
        let mut places: BTreeMap<usize, (Tally, Option<(Bookmark, P)>)> = BTreeMap::new();
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
        let mut file = WholeFile::create(&self.path)?;
        let mut buffer = BufWriter::new(&mut file);
        let written = serde_json::to_writer(&mut buffer, &state).map_err(std::io::Error::from);
        let written = written.and_then(|()| buffer.flush());
        drop(buffer);
        written.map_err(|source| whole_file::Error::new(&self.path, source))?;
        Ok(file.finish_soon()?)
    }
}

impl<P, W> Before<P, W> {
    /// Bytes of content that need not be read again.
    pub(super) fn bytes(&self) -> u64 {
        let ended = self.ended.values().map(|tally| tally.bytes);
        ended.chain(self.under_way.values().map(|(_, tally, _)| tally.bytes)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of the `n`-th shard, so that it can be recognised.
    fn tally(n: u64) -> Tally {
        serde_json::from_str(&format!(
            r#"{{"records": {n}, "invalid": 0, "bytes": {n}, "hashes": 0, "few_spaces": 0, "first": null}}"#
        ))
        .unwrap()
    }

    #[test]
    fn what_an_earlier_run_was_at_is_kept_until_it_is_come_to() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = (0..4).map(|n| folder.path().join(format!("{n}.jsonl"))).collect();
        paths.iter().for_each(|path| fs::write(path, "{}\n").unwrap());
        let shards = Shards::find(paths).unwrap();
        let work = Work::open(&folder.path().join("work")).unwrap();
        let keeper = Keeper::new(&work, "fit", &"options");

        // The first run was at shards 0, 1 and 2.
        let at = |n: usize| (n, Bookmark::START, tally(10 + n as u64), ());
        keeper.keep(&shards, std::iter::empty(), (0..3).map(at), None, "first".to_owned()).unwrap();
        // The second ends shard 0 and is further in shard 1 when it keeps what it has; shard 2 has to wait.
        let before = keeper.before::<(), String>(&shards).unwrap();
        let further = std::iter::once((1, Bookmark::START, tally(21), ()));
        let ended = tally(20);
        keeper
            .keep(&shards, std::iter::once((0, &ended)), further, Some(&before), "second".to_owned())
            .unwrap();

        let before = keeper.before::<(), String>(&shards).unwrap();
        let records = |(place, (_, tally, ())): (&usize, &(Bookmark, Tally, ()))| (*place, tally.records);
        assert_eq!(before.ended.keys().collect::<Vec<_>>(), [&0]);
        assert_eq!(before.under_way.iter().map(records).collect::<Vec<_>>(), [(1, 21), (2, 12)]);
        assert_eq!(before.whole, "second");
    }
}

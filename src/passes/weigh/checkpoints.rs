//! What weighing keeps for a later run, and what it finds of an earlier one.

use std::collections::BTreeMap;
use std::fs;

use serde::{Deserialize, Serialize};

use super::shard_files::{PartState, Parts, removed};
use super::{Weigh, WeighThread};
use crate::error::Error;
use crate::passes::documents::Tally;
use crate::resample::{Groups, ScreenState};
use crate::scan::checkpoint_file::{CheckpointFile, EarlierRun};
use crate::scan::{CheckpointTimer, Checkpoints, Done};
use crate::weights::WeightsFolder;

/// What an earlier run had done.
pub(super) type EarlierWeights = EarlierRun<Tally, PartState, WholeState>;

#[derive(Serialize, Deserialize)]
pub(super) struct WholeState {
    with_rejects: bool,
    screen: Option<ScreenState>,
    groups: Groups,
}

/// What this run asks of an earlier one.
pub(super) struct Wanted<'a> {
    pub(super) skip_invalid: bool,
    pub(super) with_rejects: bool,
    pub(super) published: Option<&'a WeightsFolder>,
}

/// What an earlier run has left that this one can use; the files of another are removed.
pub(super) fn find_earlier(
    checkpoints: &CheckpointFile,
    parts: &Parts<'_>,
    wanted: &Wanted<'_>,
) -> Result<Option<EarlierWeights>, Error> {
    let Some(mut before) = checkpoints.earlier_run(parts.shards) else {
        removed(&parts.folder, fs::remove_dir_all(&parts.folder))?;
        return Ok(None);
    };
    let WholeState { with_rejects, screen, .. } = &before.whole;
    let rejects_fit =
        |tally: &Tally| tally.invalid == 0 || wanted.skip_invalid && (*with_rejects || !wanted.with_rejects);
    let is_there = |shard, tally: &Tally| parts.is_there(shard, tally.records, wanted.published);
    before.ended.retain(|shard, tally| rejects_fit(tally) && is_there(*shard, tally));
    before
        .under_way
        .retain(|shard, (at, tally, part)| rejects_fit(tally) && parts.is_under_way(*shard, *at, part));
    if let Some(candidates) = parts.candidates
        && !screen.as_ref().is_some_and(|screen| candidates.screen().resume(screen))
    {
        // Kept for another draw: they would lack some.
        for shard in before.ended.keys().chain(before.under_way.keys()) {
            let path = candidates.path_of(&parts.shards[*shard]);
            removed(&path, fs::remove_file(&path))?;
        }
        before.under_way.values_mut().for_each(|(.., part)| part.candidates = None);
    }
    Ok(Some(before))
}

impl Weigh<'_> {
    /// The names of all groups met, by an earlier run too.
    pub(super) fn groups<'t>(&self, threads: impl Iterator<Item = &'t WeighThread<'t>>) -> Groups {
        let mut groups = self.before.as_ref().map(|before| before.whole.groups.clone()).unwrap_or_default();
        threads.for_each(|thread| groups.extend(thread.filter.groups.clone()));
        groups
    }
}

impl<'a> Checkpoints<Weigh<'a>> for CheckpointFile {
    fn ended_before(&self, job: &Weigh<'a>) -> BTreeMap<usize, Tally> {
        job.before.as_ref().map(|before| before.ended.clone()).unwrap_or_default()
    }

    fn timer(&self) -> &CheckpointTimer {
        &self.timer
    }

    fn save(&self, job: &Weigh<'a>, done: Done<'_, Weigh<'a>>) -> Result<(), Error> {
        let mut under_way = Vec::new();
        for (shard, at, files) in done.under_way {
            let state = files.state()?;
            under_way.push((shard, at, files.tally.clone(), state));
        }
        let ended = done.ended.iter().map(|(shard, tally)| (*shard, tally));
        let screen = job.parts.candidates.map(|candidates| candidates.screen().state());
        let groups = job.groups(done.threads.iter().map(|thread| &**thread));
        let whole = WholeState { with_rejects: job.with_rejects, screen, groups };
        self.write(job.parts.shards, ended, under_way.into_iter(), job.before.as_ref(), whole)?;
        // Only now: had they been moved before, and the run been killed, they would have been missed.
        job.publisher.publish(&job.parts)
    }
}

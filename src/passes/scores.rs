//! Scores of another tool, put into weights that have everything else.

use crate::error::Error;
use crate::reader::Shards;
use crate::resample::is_mix_in;
use crate::storage::Storage;
use crate::weights::{self, RowBlock, Scale, ScoresFile, WeightsFile, WeightsFolder, WeightsWriter};

/// So many rows are rewritten at a time.
const PIECE: u64 = 1 << 14;

/// Gives the records of all shards, whose weights are in `folder`, the scores in `files`: one file for each shard, or
/// one for all.
///
/// # Errors
/// Other numbers of scores than of records; a score that makes no sense.
pub(super) fn put_in(
    files: &[ScoresFile],
    scale: Scale,
    shards: &Shards,
    folder: &WeightsFolder,
    storage: &Storage,
) -> Result<(), Error> {
    let weights = folder.open(shards)?;
    let refuse = |file: &ScoresFile, records| {
        Err(weights::Error::Scores { path: file.path().into(), scores: file.rows(), records }.into())
    };
    if let [one] = files {
        let records = weights.iter().map(WeightsFile::rows).sum();
        if one.rows() != records {
            return refuse(one, records);
        }
        let mut first = 0;
        for of_shard in &weights {
            put(one, first, scale, of_shard, storage)?;
            first += of_shard.rows();
        }
        return Ok(());
    }
    for (file, of_shard) in files.iter().zip(&weights) {
        if file.rows() != of_shard.rows() {
            return refuse(file, of_shard.rows());
        }
        put(file, 0, scale, of_shard, storage)?;
    }
    Ok(())
}

/// Gives the records of one shard the scores from number `first` on.
fn put(
    file: &ScoresFile,
    first: u64,
    scale: Scale,
    weights: &WeightsFile,
    storage: &Storage,
) -> Result<(), Error> {
    let scored = weights.path().with_extension("scored");
    let mut writer = WeightsWriter::create_in(storage, &scored, weights.layout())?;
    let (mut block, mut scores, mut rows) = (RowBlock::default(), Vec::new(), Vec::new());
    for at in (0..weights.rows()).step_by(PIECE as usize) {
        let count = (weights.rows() - at).min(PIECE) as usize;
        weights.read(at, count, &mut block)?;
        file.read(first + at, count, &mut scores)?;
        rows.clear();
        for (row, (number, score)) in block.rows().zip((first + at..).zip(&scores)) {
            // What is mixed in has no score, and what was skipped or left out stays so.
            let keeps = row.group().is_some_and(is_mix_in) || row.log_weight(0) == f64::NEG_INFINITY;
            if keeps {
                row.push_with(row.log_weight(0), &mut rows);
                continue;
            }
            let Some(log_weight) = scale.log_weight(*score) else {
                let (path, must) = (file.path().into(), scale.range());
                return Err(weights::Error::Score { path, row: number, value: *score, must }.into());
            };
            row.push_with(log_weight, &mut rows);
        }
        writer.write(&rows)?;
    }
    writer.finish()?;
    Ok(storage.move_to(&scored, weights.path())?)
}

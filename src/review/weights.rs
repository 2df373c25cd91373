//! What weights are like in each source, whatever is drawn from them.

use super::bins::Bins;
use super::rows::{Glance, bins_of, glance};
use super::sources::{ReadSources, SourceKind, SourceNames, SourceReview, SourceRows, Sources};
use crate::resample::{PieceRows, Position, Survey, Visit, visit_rows};
use crate::weights::{Error, Row, RowSource};

/// What sources are, and where records come from, with the quantiles of their log weights for each target; the source
/// with most tokens comes first. Records of fewer tokens than `min_tokens` are not eligible, as in `survey`, which is of
/// the same rows.
///
/// # Errors
/// Rows that cannot be read.
pub fn sources_of_weights<S: RowSource + ?Sized>(
    rows: &S,
    survey: &Survey,
    min_tokens: u32,
    names: &SourceNames,
) -> Result<(SourceKind, Vec<SourceReview>), Error> {
    let of_row = |row: &Row<'_>, samples: &mut [Vec<f64>]| {
        if row.tokens() >= min_tokens {
            let log_weights = samples.iter_mut().zip(row.log_weights());
            log_weights.for_each(|(sample, log_weight)| sample.push(log_weight));
        }
    };
    let Glance { log_weights, groups } = glance(&rows, survey.log_weights.len(), of_row)?;
    let bins = bins_of(log_weights, survey);
    let sources = Sources::new(names, groups);
    let visit = ReadWeights { bins: &bins, sources: &sources, min_tokens };
    let mut sum = visit.state();
    for thread in visit_rows(&rows, 0, &visit)? {
        sum.iter_mut().zip(thread).for_each(|(sum, more)| sum.join(more));
    }
    let kind = sources.kind;
    Ok((kind, ReadSources { kind, sources, rows: sum, bins: bins.clone() }.review()))
}

struct ReadWeights<'a> {
    bins: &'a [Bins],
    sources: &'a Sources,
    min_tokens: u32,
}

impl Visit for ReadWeights<'_> {
    type State = Vec<SourceRows>;

    fn state(&self) -> Vec<SourceRows> {
        vec![SourceRows::new(self.bins); self.sources.len()]
    }

    fn piece<'a>(&self, thread: &mut Vec<SourceRows>, _: Position, rows: impl PieceRows<'a>) {
        for (position, row) in rows {
            let is_weighed = row.log_weights().any(|log_weight| log_weight > f64::NEG_INFINITY);
            let Some(source) = self.sources.of(position.shard, &row).filter(|_| is_weighed) else { continue };
            let source = &mut thread[source];
            source.there.add_row(&row);
            if row.tokens() < self.min_tokens {
                continue;
            }
            source.eligible.add_row(&row);
            for (target, log_weight) in row.log_weights().enumerate() {
                if let Some(bins) = self.bins.get(target).filter(|_| log_weight > f64::NEG_INFINITY) {
                    source.add(target, log_weight, bins.place(log_weight));
                }
            }
        }
    }
}

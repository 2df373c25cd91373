//! How many records were drawn how often.

use super::groups::is_mix_in;
use super::plan::Plan;
use super::scan::{PieceRows, Visit};
use super::{Error, Position, scan};
use crate::weights::RowSource;

/// For each draw, how many records it has selected once, twice and so on, without what is mixed in. One reading of the
/// rows.
///
/// # Errors
/// Rows that cannot be read.
pub(crate) fn times_drawn<S: RowSource + ?Sized>(rows: &S, plan: &Plan) -> Result<Vec<Vec<u64>>, Error> {
    let mut sum: Vec<Vec<u64>> = vec![Vec::new(); plan.draws()];
    for thread in scan::scan(&rows, 0, &TimesVisit(plan))? {
        for (sum, more) in sum.iter_mut().zip(thread) {
            sum.resize(sum.len().max(more.len()), 0);
            sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
    }
    Ok(sum)
}

struct TimesVisit<'a>(&'a Plan);

impl Visit for TimesVisit<'_> {
    type State = Vec<Vec<u64>>;

    fn state(&self) -> Self::State {
        vec![Vec::new(); self.0.draws()]
    }

    fn piece<'a>(&self, sums: &mut Self::State, _: Position, rows: impl PieceRows<'a>) {
        let mut times = vec![0; self.0.draws()];
        for (position, row) in rows.filter(|(_, row)| !row.group().is_some_and(is_mix_in)) {
            times.fill(0);
            self.0.selected_by(position, &row).for_each(|(draw, _)| times[draw] += 1);
            for (sum, times) in sums.iter_mut().zip(&times).filter(|(_, times)| **times > 0) {
                sum.resize(sum.len().max(*times), 0);
                sum[times - 1] += 1;
            }
        }
    }
}

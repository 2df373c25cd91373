//! What the eligible records are worth at other temperatures.

use super::groups::is_mix_in;
use super::moments::Moments;
use super::plan::Plan;
use super::scan::{PieceRows, Visit};
use super::{Error, Position, scan};
use crate::weights::RowSource;

/// The effective sample sizes at these temperatures, which are above 0, of all that `plan` may draw from, by the log
/// weights that decide for the first target. One reading of the rows.
///
/// # Errors
/// Rows that cannot be read.
pub(crate) fn effective_sample_sizes<S: RowSource + ?Sized>(
    rows: &S,
    plan: &Plan,
    temperatures: &[f64],
) -> Result<Vec<Option<f64>>, Error> {
    let visit = SizesVisit { plan, temperatures };
    let mut pieces: Vec<(Position, Vec<Moments>)> =
        scan::scan(&rows, 0, &visit)?.into_iter().flatten().collect();
    // Floating-point sums depend on their order.
    pieces.sort_unstable_by_key(|(start, _)| *start);
    let mut sums = vec![Moments::NONE; temperatures.len()];
    for (_, moments) in &pieces {
        for ((sum, moments), temperature) in sums.iter_mut().zip(moments).zip(temperatures) {
            *sum = sum.join(moments, *temperature);
        }
    }
    let size = |(sum, temperature): (&Moments, &f64)| sum.log_weights(*temperature).effective_sample_size;
    Ok(sums.iter().zip(temperatures).map(size).collect())
}

struct SizesVisit<'a> {
    plan: &'a Plan,
    temperatures: &'a [f64],
}

impl Visit for SizesVisit<'_> {
    /// For each piece, where it begins, and its moments at each temperature.
    type State = Vec<(Position, Vec<Moments>)>;

    fn state(&self) -> Self::State {
        Vec::new()
    }

    fn piece<'a>(&self, pieces: &mut Self::State, start: Position, rows: impl PieceRows<'a>) {
        let is_drawn =
            |row: &crate::weights::Row<'_>| self.plan.is_eligible(row) && !row.group().is_some_and(is_mix_in);
        let log_weights = rows.filter(|(_, row)| is_drawn(row)).map(|(_, row)| self.plan.log_weight(&row, 0));
        let log_weights: Vec<f64> =
            log_weights.filter(|log_weight| *log_weight > f64::NEG_INFINITY).collect();
        let moments = self.temperatures.iter().map(|temperature| Moments::of(&log_weights, *temperature));
        pieces.push((start, moments.collect()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resample::{Budget, Draw, DrawOptions};
    use crate::weights::{RowFields, Rows};

    #[test]
    fn at_the_temperature_of_the_draw_it_is_that_of_the_survey() {
        let mut rows = Rows::new(1);
        for number in 0..40_000u64 {
            let fields =
                RowFields { record: number, tokens: 50 + (number % 100) as u32, bytes: 9, group: None };
            rows.push(&[(number % 977) as f64 / 10.0], fields).unwrap();
        }
        let options =
            DrawOptions { budget: Budget::Records(10), temperatures: vec![7.0], ..DrawOptions::default() };
        let draw = Draw::new(&rows, None, &options).unwrap();
        let sizes = effective_sample_sizes(&rows, draw.plan(), &[7.0, 1e9]).unwrap();
        assert_eq!(sizes[0], draw.survey.log_weights[0].effective_sample_size);
        assert!((sizes[1].unwrap() / draw.survey.eligible.records as f64 - 1.0).abs() < 1e-6);
    }
}

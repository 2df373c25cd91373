//! What other budgets would give: the same draw goes on, or ends earlier.

use super::gather::{Gathered, Sums};
use super::rows::RowsReview;
use crate::density::{Closeness, Evaluator};

/// What a budget gives.
#[derive(Clone, Debug, PartialEq)]
pub struct CurvePoint {
    /// How many documents.
    pub records: u64,
    /// Their tokens.
    pub tokens: u64,
    /// The KL reduction for each target.
    pub reductions: Vec<f64>,
    /// What random selections of this size would come to, for each target; `None` if the corpus is too small to tell.
    pub random: Vec<Option<f64>>,
    /// (Σ v)² / Σ v² over the documents, with v = exp(log weight / T): how many of equal weight they are worth. `None`
    /// if nothing was drawn by weights.
    pub effective_size: Option<f64>,
    /// Whether it is told by a sample of the documents that the draw did not select.
    pub is_estimate: bool,
    /// Whether it is the budget that was asked for.
    pub is_asked: bool,
}

/// In rising order of budgets, of records that one key ranks.
pub(super) fn curve(rows: &RowsReview, gathered: &Gathered, evaluator: &Evaluator) -> Vec<CurvePoint> {
    let measure = |sums: &Sums| evaluator.measure("", &sums.counts).ok();
    let point = |sums: &Sums, measured: &[Closeness]| CurvePoint {
        records: sums.counts.documents,
        tokens: sums.counts.tokens,
        reductions: measured.iter().map(|closeness| closeness.reduction).collect(),
        random: measured.iter().map(|closeness| closeness.random).collect(),
        effective_size: effective_size(sums).filter(|_| rows.temperature > 0.0),
        is_estimate: false,
        is_asked: false,
    };
    let mut points = Vec::new();
    let buckets = gathered.levels.first().map_or(0, |level| level.counts.counts.len() as u32);
    let mut selected = Sums::none(buckets);
    for (number, level) in gathered.levels.iter().enumerate() {
        selected.join(level);
        if let Some(measured) = measure(&selected) {
            let is_asked = number + 1 == gathered.levels.len();
            points.push(CurvePoint { is_asked, ..point(&selected, &measured) });
        }
    }
    // Each sampled document stands for so many.
    let left = rows.eligible.saturating_sub(rows.selected_records) as f64;
    let stands_for = left / rows.others.len().max(1) as f64;
    let mut halves = [Sums::none(buckets), Sums::none(buckets)];
    for band in &gathered.bands {
        halves.iter_mut().zip(band).for_each(|(sum, half)| sum.join(half));
        let mut both = halves[0].clone();
        both.join(&halves[1]);
        let with = |others: &Sums, times: f64| joined(&selected, others, times);
        let whole = with(&both, stands_for);
        let Some(of_whole) = measure(&whole) else { continue };
        let of_halves: Option<Vec<Vec<Closeness>>> =
            halves.iter().map(|half| measure(&with(half, 2.0 * stands_for))).collect();
        let Some(of_halves) = of_halves else { continue };
        let mut estimate = CurvePoint { is_estimate: true, ..point(&whole, &of_whole) };
        // A sample is further from everything than what it is of, and its halves are twice as far: what they tell
        // beyond the whole is taken off.
        for (target, reduction) in estimate.reductions.iter_mut().enumerate() {
            let mean = of_halves.iter().map(|of_half| of_half[target].reduction).sum::<f64>() / 2.0;
            *reduction = 2.0 * *reduction - mean;
        }
        points.push(estimate);
    }
    points
}

/// The sums over some documents and over others, each of which counts so many times.
fn joined(selected: &Sums, others: &Sums, times: f64) -> Sums {
    let add = |sum: &mut u64, more: u64| *sum += (more as f64 * times).round() as u64;
    let mut sums = selected.clone();
    add(&mut sums.counts.documents, others.counts.documents);
    add(&mut sums.counts.tokens, others.counts.tokens);
    sums.counts.counts.iter_mut().zip(&others.counts.counts).for_each(|(sum, more)| add(sum, *more));
    sums.exps.iter_mut().zip(others.exps).for_each(|(sum, more)| *sum += more * times);
    sums
}

fn effective_size(sums: &Sums) -> Option<f64> {
    let [sum, squares] = sums.exps;
    (squares > 0.0).then(|| sum * sum / squares)
}

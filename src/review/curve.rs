//! What other budgets would give: the same draw goes on, or ends earlier.

use super::gather::{Gathered, POINT, Sums};
use super::picks::Pick;
use super::rows::RowsReview;
use crate::density::{Closeness, Counts, Evaluator};

/// The budget is halved and doubled so many times.
pub(super) const HALVINGS: u32 = 5;
pub(super) const DOUBLINGS: u32 = 6;
/// From fewer sampled documents, nothing is told of a larger budget.
const LEAST_DOCUMENTS: usize = 100;
/// A budget of fewer documents is not told.
const FEWEST: usize = 16;
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
    let measure = |counts: &Counts| evaluator.measure("", counts).ok();
    let point = |counts: &Counts, measured: &[Closeness]| CurvePoint {
        records: counts.documents,
        tokens: counts.tokens,
        reductions: measured.iter().map(|closeness| closeness.reduction).collect(),
        random: measured.iter().map(|closeness| closeness.random).collect(),
        effective_size: None,
        is_estimate: false,
        is_asked: false,
    };
    let mut points = Vec::new();
    let buckets = gathered.levels.first().map_or(0, |level| level.counts.counts.len() as u32);
    let mut selected = Sums::none(buckets);
    for (number, level) in gathered.levels.iter().enumerate() {
        selected.join(level);
        if let Some(measured) = measure(&selected.counts) {
            let is_asked = number + 1 == gathered.levels.len();
            let effective_size = effective_size(&selected, [0; 2], 0.0);
            points.push(CurvePoint { is_asked, effective_size, ..point(&selected.counts, &measured) });
        }
    }
    // Each sampled document stands for so many.
    let stands_for = left(rows) / rows.others.len().max(1) as f64;
    let sampled = if stands_for > 0.0 { 1.0 / stands_for } else { 1.0 };
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
        let effective_size = effective_size(&selected, both.exps, stands_for);
        let mut estimate =
            CurvePoint { is_estimate: sampled < 1.0, effective_size, ..point(&whole, &of_whole) };
        // A sample is further from everything than what it is of, and its halves are further by as much again: that is
        // taken off, but for the part of the sample in what it is of.
        for (target, reduction) in estimate.reductions.iter_mut().enumerate() {
            let mean = of_halves.iter().map(|of_half| of_half[target].reduction).sum::<f64>() / 2.0;
            *reduction += (*reduction - mean) * (1.0 - sampled);
        }
        points.push(estimate);
    }
    points
}

/// The counts of some documents and of others, each of which counts so many times.
fn joined(selected: &Sums, others: &Sums, times: f64) -> Counts {
    let add = |sum: &mut u64, more: u64| *sum += (more as f64 * times).round() as u64;
    let mut counts = selected.counts.clone();
    add(&mut counts.documents, others.counts.documents);
    add(&mut counts.tokens, others.counts.tokens);
    counts.counts.iter_mut().zip(&others.counts.counts).for_each(|(sum, more)| add(sum, *more));
    counts
}

/// How many documents of equal weight some documents and others are worth, each of which counts so many times; `None`
/// without weights.
fn effective_size(selected: &Sums, others: [u128; 2], times: f64) -> Option<f64> {
    let sum = |place: usize| (selected.exps[place] as f64 + times * others[place] as f64) / POINT;
    (sum(1) > 0.0).then(|| sum(0) * sum(0) / sum(1))
}

/// How many are eligible and were not selected.
fn left(rows: &RowsReview) -> f64 {
    rows.eligible.records.saturating_sub(rows.selected_totals.records) as f64
}

/// The margins above which there are, of the selected, a half, a fourth and so on, the smallest part first; above the
/// last of them are all.
pub(super) fn levels(rows: &RowsReview) -> Vec<f64> {
    let mut margins: Vec<f64> = rows.selected.iter().map(|pick| pick.margin).collect();
    margins.sort_by(|a, b| b.total_cmp(a));
    let part = |halvings: u32| {
        let at = margins.len() >> halvings;
        (at >= FEWEST).then(|| margins[at - 1])
    };
    let mut levels: Vec<f64> = (1..=HALVINGS).rev().filter_map(part).collect();
    levels.push(f64::NEG_INFINITY);
    levels
}

/// The sampled documents that were not selected, in falling order of their keys, each with the smallest number such
/// that the budget, doubled so many times and once more, would select it; no bands of too few documents.
pub(super) fn bands_of_others(rows: &RowsReview) -> Vec<(Pick, usize)> {
    let mut others = rows.others.clone();
    others.sort_by(|a, b| b.margin.total_cmp(&a.margin).then(a.hash.cmp(&b.hash)));
    let left = left(rows).max(1.0);
    let mut ends: Vec<usize> = Vec::new();
    for doublings in 1..=DOUBLINGS {
        let more = ((1u64 << doublings) - 1) as f64 * rows.selected_totals.records as f64;
        let end = (more / left * others.len() as f64) as usize;
        if end >= others.len() {
            break;
        }
        if end >= LEAST_DOCUMENTS {
            ends.push(end);
        }
    }
    if others.len() >= LEAST_DOCUMENTS {
        ends.push(others.len());
    }
    let last = ends.last().copied().unwrap_or(0);
    let band = |place: usize| ends.partition_point(|end| *end <= place);
    others.into_iter().take(last).enumerate().map(|(place, pick)| (pick, band(place))).collect()
}

//! What the rows of weights tell of a draw: one reading of all of them, in an amount of memory that does not depend on
//! their number.

use ahash::AHashMap;

use super::picks::{Pick, Smallest};
use super::sources::{ReadSources, SourceNames, SourceRows, Sources};
use crate::resample::{
    Draw, DrawOptions, Method, PieceRows, Plan, Position, Survey, Visit, order, visit_rows,
};
use crate::weights::{Error, Row, RowBlock, RowSource};

/// Of more targets, the first are reviewed.
const MOST_TARGETS: usize = 6;
/// Documents are sampled by their content hashes: so many of those selected, and so many of all that are eligible.
pub(super) const SAMPLE: usize = 4096;
/// So many with the largest log weights, and so many next to the threshold, are looked at.
pub(super) const NOTABLE: usize = 6;

/// What the rows tell.
pub(crate) struct RowsReview {
    pub(super) targets: Vec<TargetRows>,
    pub(super) sources: ReadSources,
    /// How many documents have so many tokens, by [`length_bin`]: those there are and those selected.
    lengths: [Vec<u64>; 2],
    /// Of the selected, those with the smallest content hashes.
    pub(super) selected: Vec<Pick>,
    /// Of the eligible with the smallest content hashes, those that were not selected.
    pub(super) others: Vec<Pick>,
    /// The selected with the largest log weights.
    pub(super) top: Vec<Pick>,
    /// The selected next to the threshold.
    pub(super) last: Vec<Pick>,
    /// How many are eligible, and how many selected.
    pub(super) eligible: u64,
    pub(super) selected_records: u64,
    /// Whether one key ranks all records.
    pub(super) ranks_all: bool,
    /// What makes importance weights of log weights; 0 if nothing does.
    pub(super) temperature: f64,
}

/// The log weights for one target.
pub(super) struct TargetRows {
    bins: Bins,
    eligible: Vec<u64>,
    selected: Vec<u64>,
    pub(super) largest: f64,
    /// The log weight whose key without noise is at the threshold.
    pub(super) threshold: Option<f64>,
}

/// A bin of a histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HistogramBin {
    /// Where it begins; the first bin has all that is below, too.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// How many eligible documents are in it.
    pub eligible: u64,
    /// How many selected ones.
    pub selected: u64,
}

/// Documents of about one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LengthBin {
    /// The least number of tokens.
    pub from: u64,
    /// The number of tokens that is too many.
    pub to: u64,
    /// How many documents there are.
    pub there: u64,
    /// How many of them were selected.
    pub selected: u64,
}

impl RowsReview {
    /// The part of the eligible that was selected.
    pub(super) fn selected_share(&self) -> f64 {
        self.selected_records as f64 / self.eligible.max(1) as f64
    }

    /// The part of the selected that is in the sample of them.
    pub(super) fn sampled_part(&self) -> f64 {
        self.selected.len() as f64 / self.selected_records.max(1) as f64
    }

    /// Lengths, from the shortest to the longest that there is.
    pub(super) fn lengths(&self) -> Vec<LengthBin> {
        let [there, selected] = &self.lengths;
        let is_there = |bin: &usize| there[*bin] > 0;
        let first = (0..LENGTH_BINS).find(is_there).unwrap_or(0);
        let last = (0..LENGTH_BINS).rev().find(is_there).map_or(0, |last| last + 1);
        let bin = |bin: usize| LengthBin {
            from: length_from(bin),
            to: length_from(bin + 1),
            there: there[bin],
            selected: selected[bin],
        };
        (first..last).map(bin).filter(|bin| bin.from < bin.to).collect()
    }
}

/// Four bins for each doubling of the number of tokens and one more: the bits of its floating-point form tell it.
const LENGTH_BINS: usize = 33 * 4;

#[inline]
fn length_bin(tokens: u32) -> usize {
    ((f64::from(tokens) + 1.0).to_bits() >> 50) as usize - (1023 << 2)
}

/// The least number of tokens in a bin; a bin that begins where the next does is empty.
fn length_from(bin: usize) -> u64 {
    f64::from_bits(((1023 << 2) + bin as u64) << 50).ceil() as u64 - 1
}

/// Bins of numbers, by their edges.
#[derive(Clone, Debug)]
pub(super) struct Bins {
    /// In rising order: a bin between two of them, one below all and one above all.
    edges: Vec<f64>,
    least: f64,
    most: f64,
    /// Those edges that bins of one width have, which are shown.
    shown: Vec<f64>,
}

/// Bins of about as many documents, by which quantiles are told, and bins of one width.
const EVEN_BINS: usize = 256;
const SHOWN_BINS: usize = 60;
/// The part of all documents that may be below the bins that are shown.
const BELOW: f64 = 0.005;

impl Bins {
    /// For numbers between `least` and `most`, of which these are a sample.
    fn new(mut sample: Vec<f64>, least: f64, most: f64) -> Self {
        if least >= most {
            // All the same, or none.
            let only = if least == most { least } else { 0.0 };
            return Bins { edges: Vec::new(), least: only, most: only, shown: vec![only, only] };
        }
        sample.retain(|value| (least..=most).contains(value));
        sample.sort_unstable_by(f64::total_cmp);
        let at = |part: f64| sample.get((part * sample.len() as f64) as usize).copied().unwrap_or(most);
        let mut edges: Vec<f64> = (1..EVEN_BINS)
            .map(|bin| at(bin as f64 / EVEN_BINS as f64))
            .filter(|edge| *edge > least)
            .collect();
        let low = at(BELOW).max(least);
        let width = (most - low) / SHOWN_BINS as f64;
        let mut shown: Vec<f64> = (0..=SHOWN_BINS).map(|bin| low + bin as f64 * width).collect();
        shown.dedup();
        edges.extend(shown.iter().copied().filter(|edge| *edge > least));
        edges.sort_unstable_by(f64::total_cmp);
        edges.dedup();
        Bins { edges, least, most, shown }
    }

    pub(super) fn none(&self) -> Vec<u64> {
        vec![0; self.edges.len() + 1]
    }

    #[inline]
    pub(super) fn place(&self, value: f64) -> usize {
        self.edges.partition_point(|edge| *edge <= value)
    }

    /// Where a bin begins and ends.
    fn range(&self, bin: usize) -> (f64, f64) {
        let before = bin.checked_sub(1).and_then(|before| self.edges.get(before));
        (before.copied().unwrap_or(self.least), self.edges.get(bin).copied().unwrap_or(self.most))
    }

    /// The values that these parts of all that was counted do not pass; within a bin, evenly spread.
    pub(super) fn quantiles<const N: usize>(&self, counts: &[u64], parts: [f64; N]) -> Option<[f64; N]> {
        let all: u64 = counts.iter().sum();
        (all > 0).then(|| {
            parts.map(|part| {
                let mut left = part * all as f64;
                for (bin, count) in counts.iter().enumerate() {
                    let count = *count as f64;
                    if count > 0.0 && left <= count {
                        let (from, to) = self.range(bin);
                        return from + (to - from) * (left / count);
                    }
                    left -= count;
                }
                self.most
            })
        })
    }
}

impl TargetRows {
    /// In bins of one width.
    pub(super) fn histogram(&self) -> Vec<HistogramBin> {
        let TargetRows { bins, eligible, selected, .. } = self;
        let between = |counts: &[u64], from: f64, to: f64, first: bool, last: bool| {
            let start = if first { 0 } else { bins.place(from) };
            let end = if last { counts.len() } else { bins.place(to) };
            counts.get(start..end).map_or(0, |counts| counts.iter().sum())
        };
        let count = bins.shown.len().saturating_sub(1);
        let bin = |(number, ends): (usize, &[f64])| {
            let (from, to) = (ends[0], ends[1]);
            let (first, last) = (number == 0, number + 1 == count);
            let of = |counts: &[u64]| between(counts, from, to, first, last);
            HistogramBin { from, to, eligible: of(eligible), selected: of(selected) }
        };
        bins.shown.windows(2).enumerate().map(bin).collect()
    }
}

/// Reads all rows once more.
///
/// # Errors
/// Rows that cannot be read.
pub(crate) fn read<S: RowSource + ?Sized>(
    rows: &S,
    draw: &Draw,
    names: &SourceNames,
    options: &DrawOptions,
) -> Result<RowsReview, Error> {
    let temperature = options.spread_temperature();
    let plan = draw.plan();
    let targets = plan.drawing_targets().min(MOST_TARGETS);
    let of_row = |row: &Row<'_>, log_weights: &mut [Vec<f64>]| {
        if plan.is_eligible(row) {
            let sample = log_weights.iter_mut().enumerate();
            sample.for_each(|(target, sample)| sample.push(plan.log_weight(row, target)));
        }
    };
    let Glance { log_weights, groups } = glance(&rows, targets, of_row)?;
    let bins = bins_of(log_weights, &draw.survey);
    let sources = Sources::new(names, groups);
    let visit = ReadRows { plan, bins: &bins, sources: &sources };
    let mut sum = visit.state();
    for thread in visit_rows(&rows, 0, &visit)? {
        sum.join(thread);
    }
    let ThreadRows { targets, sources: source_rows, lengths, selected, eligible, top, last } = sum;
    // Without noise a key is the log weight over the temperature, or the log weight itself.
    let scale = match options.method {
        Method::Gumbel => Some(if temperature > 0.0 { temperature } else { 1.0 }),
        _ => None,
    };
    let first = draw.selections.first().map_or(&[][..], Vec::as_slice);
    let targets = targets.into_iter().zip(&bins).enumerate().map(|(target, ([eligible, selected], bins))| {
        let threshold = first.get(target).and_then(|selection| selection.threshold).zip(scale);
        TargetRows {
            bins: bins.clone(),
            eligible,
            selected,
            largest: draw.survey.log_weights[target].max,
            threshold: threshold.map(|(key, scale)| key * scale),
        }
    });
    let selected_records =
        draw.selections.first().map_or(0, |of| of.iter().map(|selection| selection.totals.records).sum());
    Ok(RowsReview {
        targets: targets.collect(),
        sources: ReadSources { kind: sources.kind, sources, rows: source_rows, bins: bins.clone() },
        lengths,
        selected: selected.finish(),
        others: eligible.finish().into_iter().filter(|pick| !pick.is_selected).collect(),
        top: top.finish(),
        last: last.finish(),
        eligible: draw.survey.eligible.records,
        selected_records,
        ranks_all: plan.ranks_all(),
        temperature,
    })
}

/// The bins for log weights of which these are samples.
pub(super) fn bins_of(samples: Vec<Vec<f64>>, survey: &Survey) -> Vec<Bins> {
    let both = samples.into_iter().zip(&survey.log_weights);
    both.map(|(sample, there)| Bins::new(sample, there.min, there.max)).collect()
}

/// What a few rows tell beforehand.
pub(super) struct Glance {
    /// Log weights of eligible rows, for each target.
    pub(super) log_weights: Vec<Vec<f64>>,
    /// Groups, and how often they were seen.
    pub(super) groups: AHashMap<u64, u64>,
}

/// Rows are glanced at in so many places, and so many in each.
const PLACES: u64 = 64;
const ROWS_AT_A_PLACE: u64 = 512;

/// Has `of_row` take log weights from a few rows, spread evenly.
pub(super) fn glance(
    rows: &dyn RowSource,
    targets: usize,
    of_row: impl Fn(&Row<'_>, &mut [Vec<f64>]),
) -> Result<Glance, Error> {
    let mut glance = Glance { log_weights: vec![Vec::new(); targets], groups: AHashMap::new() };
    let every = rows.total_rows().div_ceil(PLACES).max(1);
    let (mut block, mut before) = (RowBlock::default(), 0);
    for shard in 0..rows.shards() {
        let count = rows.rows(shard);
        // The places that begin in this shard.
        let mut first = (every - before % every) % every;
        while first < count {
            rows.read(shard, first, (count - first).min(every).min(ROWS_AT_A_PLACE) as usize, &mut block)?;
            for row in block.rows() {
                if let Some(group) = row.group() {
                    *glance.groups.entry(group).or_default() += 1;
                }
                of_row(&row, &mut glance.log_weights);
            }
            first += every;
        }
        before += count;
    }
    Ok(glance)
}

struct ReadRows<'a> {
    plan: &'a Plan,
    bins: &'a [Bins],
    sources: &'a Sources,
}

/// What one thread has read.
struct ThreadRows {
    /// For each target, how many eligible and how many selected documents are in each bin.
    targets: Vec<[Vec<u64>; 2]>,
    sources: Vec<SourceRows>,
    lengths: [Vec<u64>; 2],
    selected: Smallest,
    eligible: Smallest,
    top: Smallest,
    last: Smallest,
}

impl ThreadRows {
    fn join(&mut self, other: ThreadRows) {
        let add = |sum: &mut Vec<u64>, more: Vec<u64>| {
            sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        };
        for (sums, more) in self.targets.iter_mut().zip(other.targets) {
            sums.iter_mut().zip(more).for_each(|(sum, more)| add(sum, more));
        }
        self.sources.iter_mut().zip(other.sources).for_each(|(sum, more)| sum.join(more));
        self.lengths.iter_mut().zip(other.lengths).for_each(|(sum, more)| add(sum, more));
        self.selected.join(other.selected);
        self.eligible.join(other.eligible);
        self.top.join(other.top);
        self.last.join(other.last);
    }
}

impl Visit for ReadRows<'_> {
    type State = ThreadRows;

    fn state(&self) -> ThreadRows {
        ThreadRows {
            targets: self.bins.iter().map(|bins| [bins.none(), bins.none()]).collect(),
            sources: vec![SourceRows::new(self.bins); self.sources.len()],
            lengths: [vec![0; LENGTH_BINS], vec![0; LENGTH_BINS]],
            selected: Smallest::new(SAMPLE),
            eligible: Smallest::new(SAMPLE),
            top: Smallest::new(NOTABLE),
            last: Smallest::new(NOTABLE),
        }
    }

    fn piece<'a>(&self, thread: &mut ThreadRows, _: Position, rows: impl PieceRows<'a>) {
        let ReadRows { plan, bins, sources } = self;
        for (position, row) in rows {
            let Some(source) = sources.of(position.shard, &row).filter(|_| plan.is_weighed(&row)) else {
                continue;
            };
            let source = &mut thread.sources[source];
            source.there.add_row(&row);
            let length = length_bin(row.tokens());
            thread.lengths[0][length] += 1;
            if !plan.is_eligible(&row) {
                continue;
            }
            source.eligible.add_row(&row);
            let is_selected = !plan.is_below(&row)
                && plan.selected_by(position, &row).next().is_some_and(|(draw, _)| draw == 0);
            for (target, bins) in bins.iter().enumerate() {
                let log_weight = plan.log_weight(&row, target);
                if log_weight == f64::NEG_INFINITY {
                    continue;
                }
                let place = bins.place(log_weight);
                source.log_weights[target][place] += 1;
                thread.targets[target][0][place] += 1;
                thread.targets[target][1][place] += u64::from(is_selected);
            }
            let hash = row.record();
            if is_selected {
                source.selected.add_row(&row);
                thread.lengths[1][length] += 1;
            } else if !thread.eligible.wants(hash) {
                continue;
            }
            let Some(pick) = pick(plan, position, &row, is_selected) else { continue };
            thread.eligible.add(hash, pick);
            if !is_selected {
                continue;
            }
            thread.selected.add(hash, pick);
            thread.top.add(!order(pick.log_weight), pick);
            thread.last.add(order(pick.margin), pick);
        }
    }
}

fn pick(plan: &Plan, position: Position, row: &Row<'_>, is_selected: bool) -> Option<Pick> {
    let (target, margin) = plan.margin(row)?;
    let log_weight = plan.log_weight(row, target);
    Some(Pick { position, hash: row.record(), tokens: row.tokens(), is_selected, target, log_weight, margin })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_in_the_bin_that_begins_before_and_ends_after_them() {
        for tokens in (0..5000).chain([1 << 20, u32::MAX - 1, u32::MAX]) {
            let bin = length_bin(tokens);
            assert!(bin < LENGTH_BINS);
            assert!(
                length_from(bin) <= tokens.into() && u64::from(tokens) < length_from(bin + 1),
                "{tokens}"
            );
        }
    }

    #[test]
    fn quantiles_are_near_and_the_histogram_counts_everything_once() {
        // The squares of 0 to 999: half of them are up to 499², 5% up to 49².
        let values: Vec<f64> = (0..1000).map(|i| f64::from(i * i)).collect();
        let bins = Bins::new(values.clone(), 0.0, 998_001.0);
        let mut counts = bins.none();
        values.iter().for_each(|value| counts[bins.place(*value)] += 1);
        let [low, half, high] = bins.quantiles(&counts, [0.05, 0.5, 1.0]).unwrap();
        assert!((low / 2401.0 - 1.0).abs() < 0.1 && (half / 249_001.0 - 1.0).abs() < 0.02, "{low} {half}");
        assert_eq!(high, 998_001.0);
        let rows = TargetRows {
            bins,
            eligible: counts.clone(),
            selected: counts,
            largest: 998_001.0,
            threshold: None,
        };
        let histogram = rows.histogram();
        assert_eq!(histogram.iter().map(|bin| bin.eligible).sum::<u64>(), 1000);
        assert!(histogram.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert_eq!(histogram.len(), SHOWN_BINS);
        // All the same.
        let bins = Bins::new(vec![2.0; 9], 2.0, 2.0);
        let mut counts = bins.none();
        counts[bins.place(2.0)] += 9;
        assert_eq!(bins.quantiles(&counts, [0.5]), Some([2.0]));
        let rows = TargetRows { bins, eligible: counts, selected: vec![0], largest: 2.0, threshold: None };
        assert_eq!(rows.histogram(), [HistogramBin { from: 2.0, to: 2.0, eligible: 9, selected: 0 }]);
        assert_eq!(Bins::new(vec![], f64::INFINITY, f64::NEG_INFINITY).quantiles(&[0], [0.5]), None);
    }
}

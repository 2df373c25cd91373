//! What the rows of weights tell of a draw: one reading of all of them, in an amount of memory that does not depend on
//! their number.

use ahash::AHashMap;

use super::bins::Bins;
use super::lengths;
use super::picks::{Pick, Smallest, next_below};
use super::sources::{ReadSources, SourceNames, SourceRows, Sources};
use crate::resample::{
    Draw, DrawOptions, Method, PieceRows, Plan, Position, Survey, Totals, Visit, order, visit_rows,
};
use crate::weights::{Error, Row, RowBlock, RowSource};

/// Of more targets, the first are reviewed.
const MOST_TARGETS: usize = 6;
/// Documents are sampled by their content hashes: so many of those selected, and so many of all that are eligible.
pub(super) const SAMPLE: usize = 4096;
/// So many of each kind are looked at; twice as many are picked, since some are of two kinds.
pub(super) const NOTABLE: usize = 6;

/// What the rows tell.
pub(crate) struct RowsReview {
    pub(super) targets: Vec<TargetRows>,
    pub(super) sources: ReadSources,
    /// How many documents are in each [bin](super::lengths::bin) of lengths: those there are, and those selected.
    pub(super) lengths: [Vec<u64>; 2],
    /// Of the selected, those with the smallest content hashes.
    pub(super) selected: Vec<Pick>,
    /// Of the eligible with the smallest content hashes, those that were not selected.
    pub(super) others: Vec<Pick>,
    /// The selected with the largest log weights.
    pub(super) top: Vec<Pick>,
    /// The selected next to the threshold.
    pub(super) last: Vec<Pick>,
    /// Of `others`, those next to it.
    pub(super) next: Vec<Pick>,
    /// What is eligible, and what was selected of it, without what is mixed in.
    pub(super) eligible: Totals,
    pub(super) selected_totals: Totals,
    /// The same, with records that were selected several times counted once.
    pub(super) different: Totals,
    /// Whether records are mixed in that were not drawn by their weights.
    pub(super) has_mixed_in: bool,
    /// Whether one key ranks all records.
    pub(super) ranks_all: bool,
    /// What makes importance weights of log weights; 0 if nothing does.
    pub(super) temperature: f64,
    pub(super) drawn_by: DrawnBy,
    /// Whether the weights for several targets are combined to one, which n-grams do not add up to.
    pub(super) is_combined: bool,
}

/// What decided which records were selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrawnBy {
    /// The log weight over the temperature, with Gumbel noise.
    Noise,
    /// The log weight alone.
    LogWeight,
    /// The rank among the others, by a curve.
    Rank,
    /// Nothing but chance.
    Chance,
    /// Scores, with Pareto noise.
    Pareto,
}

/// The log weights for one target.
pub(super) struct TargetRows {
    pub(super) bins: Bins,
    pub(super) eligible: Vec<u64>,
    pub(super) selected: Vec<u64>,
    pub(super) largest: f64,
    /// The log weight whose key without noise is at the threshold.
    pub(super) threshold: Option<f64>,
}

impl RowsReview {
    /// Of a draw beside which records of other files are mixed in, or not.
    pub(crate) fn beside_mixed_in(self, is_beside: bool) -> Self {
        RowsReview { has_mixed_in: self.has_mixed_in || is_beside, ..self }
    }

    /// The part of the eligible tokens that was selected.
    pub(super) fn selected_share(&self) -> f64 {
        self.different.tokens as f64 / self.eligible.tokens.max(1) as f64
    }

    /// The part of the selected that is in the sample of them.
    pub(super) fn sampled_part(&self) -> f64 {
        (self.selected.len() as f64 / self.different.records.max(1) as f64).min(1.0)
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
    let drawn_at = draw.temperatures().first().copied().unwrap_or(0.0);
    let drawn_by = match options.method {
        _ if options.curve.is_some() => DrawnBy::Rank,
        Method::Gumbel if drawn_at > 0.0 => DrawnBy::Noise,
        Method::Gumbel => DrawnBy::LogWeight,
        Method::Random => DrawnBy::Chance,
        Method::Pareto => DrawnBy::Pareto,
    };
    // Without noise a key is the log weight over the temperature, or the log weight itself.
    let (temperature, scale) = match drawn_by {
        DrawnBy::Noise => (drawn_at, Some(drawn_at)),
        DrawnBy::LogWeight => (0.0, Some(1.0)),
        _ => (0.0, None),
    };
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
    let ThreadRows { targets, sources: source_rows, lengths, different, selected, eligible, top, last } = sum;
    // Groups have thresholds of their own.
    let is_one = options.groups.is_none();
    let first = draw.selections.first().map_or(&[][..], Vec::as_slice);
    let targets = targets.into_iter().zip(&bins).enumerate().map(|(target, ([eligible, selected], bins))| {
        let threshold =
            first.get(target).and_then(|selection| selection.threshold).zip(scale.filter(|_| is_one));
        TargetRows {
            bins: bins.clone(),
            eligible,
            selected,
            largest: draw.survey.log_weights[target].max,
            threshold: threshold.map(|(key, scale)| key * scale),
        }
    });
    let mut selected_totals = Totals::default();
    first.iter().for_each(|selection| selected_totals.add(selection.totals));
    let others: Vec<Pick> = eligible.finish().into_iter().filter(|pick| !pick.is_selected).collect();
    Ok(RowsReview {
        targets: targets.collect(),
        sources: ReadSources { kind: sources.kind, sources, rows: source_rows, bins: bins.clone() },
        lengths,
        selected: selected.finish(),
        next: next_below(&others, 2 * NOTABLE),
        others,
        top: top.finish(),
        last: last.finish(),
        eligible: draw.survey.eligible,
        selected_totals,
        different,
        has_mixed_in: draw.groups.iter().any(|group| group.is_mixed_in),
        ranks_all: plan.ranks_all(),
        temperature,
        drawn_by,
        is_combined: plan.drawing_targets() != plan.targets(),
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
                if let Some(group) = row.group().filter(|_| row.log_weights().any(f64::is_finite)) {
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
    different: Totals,
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
        self.different.add(other.different);
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
            lengths: lengths::none(),
            different: Totals::default(),
            selected: Smallest::new(SAMPLE),
            eligible: Smallest::new(SAMPLE),
            top: Smallest::distinct(2 * NOTABLE),
            last: Smallest::distinct(2 * NOTABLE),
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
            let length = lengths::bin(row.tokens());
            thread.lengths[0][length] += 1;
            if !plan.is_eligible(&row) {
                continue;
            }
            source.eligible.add_row(&row);
            let times = plan.selected_by(position, &row).filter(|(draw, _)| *draw == 0).count() as u64;
            for (target, bins) in bins.iter().enumerate() {
                let log_weight = plan.log_weight(&row, target);
                if log_weight == f64::NEG_INFINITY {
                    continue;
                }
                let place = bins.place(log_weight);
                source.add(target, log_weight, place);
                thread.targets[target][0][place] += 1;
                thread.targets[target][1][place] += times;
            }
            let hash = row.record();
            let is_selected = times > 0;
            if is_selected {
                (0..times).for_each(|_| source.selected.add_row(&row));
                thread.lengths[1][length] += times;
                thread.different.add_row(&row);
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

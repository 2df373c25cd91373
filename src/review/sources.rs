//! Where documents come from: groups of a field, or shards.

use ahash::AHashMap;

use super::bins::Bins;
use crate::resample::{Groups, Totals, is_mix_in};
use crate::weights::Row;

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A value of the field that was asked for.
    Group,
    /// A shard.
    Shard,
    /// A folder of shards.
    Folder,
    /// Shards that follow each other.
    Shards,
}

/// What comes from one source.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceReview {
    /// What it is called.
    pub name: String,
    /// Its documents that were neither invalid nor left out by conditions.
    pub there: Totals,
    /// Those of them that may be drawn.
    pub eligible: Totals,
    /// Those that the first draw has selected.
    pub selected: Totals,
    /// For each target, the log weights of the eligible that a twentieth, a quarter, a half, three quarters and
    /// nineteen twentieths of them do not pass; of many documents about, `None` if there are none.
    pub quantiles: Vec<Option<[f64; 5]>>,
}

/// The parts of the eligible that do not pass a quantile.
const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// So many sources are told apart, and all others are one.
const MOST: usize = 40;

/// The names that sources have.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceNames {
    /// Of groups.
    Groups(Groups),
    /// The relative paths of shards, in their order.
    Shards(Vec<String>),
}

/// Which source a row is of.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    pub(super) kind: SourceKind,
    names: Vec<String>,
    of_group: AHashMap<u64, usize>,
    of_shard: Vec<usize>,
}

impl Sources {
    /// Tells apart the sources that these are the names of; of groups, those that were seen most often.
    pub(super) fn new(names: &SourceNames, seen: AHashMap<u64, u64>) -> Self {
        match names {
            SourceNames::Groups(names) => Self::of_groups(names, seen),
            SourceNames::Shards(paths) => Self::of_shards(paths),
        }
    }

    fn of_groups(names: &Groups, seen: AHashMap<u64, u64>) -> Self {
        let mut seen: Vec<(u64, u64)> = seen.into_iter().map(|(group, times)| (times, group)).collect();
        // Names are kept of those with the smaller ids.
        seen.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        seen.truncate(MOST);
        let name = |group: u64| match names.get(&group) {
            Some(name) if name.trim().is_empty() => "(blank)".to_owned(),
            Some(name) => name.clone(),
            None => format!("#{group:x}"),
        };
        let of_group = seen.iter().enumerate().map(|(place, (_, group))| (*group, place)).collect();
        let mut named: Vec<String> = seen.iter().map(|(_, group)| name(*group)).collect();
        named.push("(all others)".into());
        Sources { kind: SourceKind::Group, names: named, of_group, of_shard: Vec::new() }
    }

    fn of_shards(paths: &[String]) -> Self {
        if paths.len() <= MOST {
            let of_shard = (0..paths.len()).collect();
            let names = paths.to_vec();
            return Sources { kind: SourceKind::Shard, names, of_group: AHashMap::new(), of_shard };
        }
        let folder = |path: &String| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let mut folders: Vec<String> = paths.iter().map(folder).collect();
        folders.sort_unstable();
        folders.dedup();
        if (2..=MOST).contains(&folders.len()) {
            let of_shard = paths.iter().map(|path| folders.binary_search(&folder(path)).unwrap_or(0));
            let of_shard = of_shard.collect();
            let named = |folder: &String| if folder.is_empty() { ".".to_owned() } else { folder.clone() };
            let names = folders.iter().map(named).collect();
            return Sources { kind: SourceKind::Folder, names, of_group: AHashMap::new(), of_shard };
        }
        let each = paths.len().div_ceil(MOST);
        let names = paths.chunks(each).map(|of| match of {
            [only] => only.clone(),
            [first, .., last] => format!("{first} … {last}"),
            [] => String::new(),
        });
        Sources {
            kind: SourceKind::Shards,
            names: names.collect(),
            of_group: AHashMap::new(),
            of_shard: (0..paths.len()).map(|shard| shard / each).collect(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// The source of a row of a shard; `None` if it is of a set that is mixed in.
    #[inline]
    pub(super) fn of(&self, shard: usize, row: &Row<'_>) -> Option<usize> {
        if row.group().is_some_and(is_mix_in) {
            return None;
        }
        match row.group().filter(|_| self.kind == SourceKind::Group) {
            Some(group) => Some(self.of_group.get(&group).copied().unwrap_or(self.names.len() - 1)),
            None => self.of_shard.get(shard).copied().or(Some(0)).filter(|_| !self.names.is_empty()),
        }
    }

    pub(super) fn name(&self, source: usize) -> &str {
        self.names.get(source).map_or("", String::as_str)
    }
}

/// What was read of one source.
#[derive(Clone, Debug)]
pub(super) struct SourceRows {
    pub(super) there: Totals,
    pub(super) eligible: Totals,
    pub(super) selected: Totals,
    /// For each target, how many eligible documents have a log weight in each bin.
    log_weights: Vec<Vec<u64>>,
    /// For each target, the log weights themselves, as long as they are few.
    few: Vec<Vec<f64>>,
}

/// Of so many documents, quantiles are exact.
const FEW: usize = 1000;

impl SourceRows {
    pub(super) fn new(bins: &[Bins]) -> Self {
        let none = Totals::default();
        let log_weights = bins.iter().map(Bins::none).collect();
        let few = vec![Vec::new(); bins.len()];
        SourceRows { there: none, eligible: none, selected: none, log_weights, few }
    }

    /// Notes a log weight of an eligible document, which is in this bin.
    #[inline]
    pub(super) fn add(&mut self, target: usize, log_weight: f64, bin: usize) {
        self.log_weights[target][bin] += 1;
        let few = &mut self.few[target];
        if few.len() <= FEW {
            few.push(log_weight);
        }
    }

    fn quantiles(&self, bins: &[Bins]) -> Vec<Option<[f64; 5]>> {
        let of_target = |(target, bins): (usize, &Bins)| match self.few[target].len() {
            0..=FEW => exact_quantiles(self.few[target].clone()),
            _ => bins.quantiles(&self.log_weights[target], QUANTILES),
        };
        bins.iter().enumerate().map(of_target).collect()
    }

    pub(super) fn join(&mut self, other: SourceRows) {
        self.there.add(other.there);
        self.eligible.add(other.eligible);
        self.selected.add(other.selected);
        for (sum, more) in self.log_weights.iter_mut().zip(other.log_weights) {
            sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
        for (few, more) in self.few.iter_mut().zip(other.few) {
            few.extend(more);
            few.truncate(FEW + 1);
        }
    }
}

/// Quantiles between the values next to them, as NumPy has them.
fn exact_quantiles(mut values: Vec<f64>) -> Option<[f64; 5]> {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    Some(QUANTILES.map(|part| {
        let place = part * last as f64;
        let (below, beyond) = (place.floor() as usize, place.fract());
        values[below] * (1.0 - beyond) + values[(below + 1).min(last)] * beyond
    }))
}

/// All sources, with what was read of them.
pub(crate) struct ReadSources {
    pub(super) kind: SourceKind,
    pub(super) sources: Sources,
    pub(super) rows: Vec<SourceRows>,
    pub(super) bins: Vec<Bins>,
}

impl ReadSources {
    /// Sources of which there is something; those with most tokens selected, and then with most there, first.
    pub(super) fn review(&self) -> Vec<SourceReview> {
        let mut reviews: Vec<SourceReview> = self
            .rows
            .iter()
            .enumerate()
            .filter(|(_, rows)| rows.there.records > 0)
            .map(|(source, rows)| SourceReview {
                name: self.sources.name(source).to_owned(),
                there: rows.there,
                eligible: rows.eligible,
                selected: rows.selected,
                quantiles: rows.quantiles(&self.bins),
            })
            .collect();
        reviews.sort_by(|a, b| {
            let size = |review: &SourceReview| (review.selected.tokens, review.there.tokens);
            size(b).cmp(&size(a)).then(a.name.cmp(&b.name))
        });
        reviews
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_few_are_those_of_numpy() {
        // numpy.quantile([1, 2, 4, 8], [.05, .25, .5, .75, .95])
        let found = exact_quantiles(vec![8.0, 1.0, 4.0, 2.0]).unwrap();
        let expected = [1.15, 1.75, 3.0, 5.0, 7.4];
        assert!(
            found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12),
            "{found:?}"
        );
        assert_eq!(exact_quantiles(vec![3.0]), Some([3.0; 5]));
        assert_eq!(exact_quantiles(vec![]), None);
    }

    fn shards(count: usize, name: impl Fn(usize) -> String) -> (SourceKind, Vec<String>, Vec<usize>) {
        let sources = Sources::of_shards(&(0..count).map(name).collect::<Vec<_>>());
        (sources.kind, sources.names, sources.of_shard)
    }

    #[test]
    fn few_shards_are_told_apart_and_many_are_put_together() {
        let (kind, names, of_shard) = shards(2, |shard| format!("{shard}.jsonl"));
        assert_eq!((kind, of_shard), (SourceKind::Shard, vec![0, 1]));
        assert_eq!(names, ["0.jsonl", "1.jsonl"]);
        let (kind, names, of_shard) = shards(90, |shard| format!("{}/{shard}", ["web", "books"][shard % 2]));
        assert_eq!((kind, &of_shard[..3]), (SourceKind::Folder, &[1, 0, 1][..]));
        assert_eq!(names, ["books", "web"]);
        let (kind, names, of_shard) = shards(90, |shard| shard.to_string());
        assert_eq!((kind, names.len(), of_shard[89]), (SourceKind::Shards, 30, 29));
        assert_eq!(names[0], "0 … 2");
    }
}

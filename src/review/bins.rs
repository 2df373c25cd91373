//! Bins of log weights, by which histograms and quantiles are told.

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
    pub(super) fn new(mut sample: Vec<f64>, least: f64, most: f64) -> Self {
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
        // Halves, since the difference of two numbers may be none.
        let part = |bin: usize| bin as f64 / SHOWN_BINS as f64;
        let mut shown: Vec<f64> =
            (0..=SHOWN_BINS).map(|bin| low * (1.0 - part(bin)) + most * part(bin)).collect();
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
                        let part = left / count;
                        return from * (1.0 - part) + to * part;
                    }
                    left -= count;
                }
                self.most
            })
        })
    }

    /// In bins of one width, of these numbers of eligible and of selected documents.
    pub(super) fn histogram(&self, eligible: &[u64], selected: &[u64]) -> Vec<HistogramBin> {
        let between = |counts: &[u64], from: f64, to: f64, first: bool, last: bool| {
            let start = if first { 0 } else { self.place(from) };
            let end = if last { counts.len() } else { self.place(to) };
            counts.get(start..end).map_or(0, |counts| counts.iter().sum())
        };
        let count = self.shown.len().saturating_sub(1);
        let bin = |(number, ends): (usize, &[f64])| {
            let (from, to) = (ends[0], ends[1]);
            let (first, last) = (number == 0, number + 1 == count);
            let of = |counts: &[u64]| between(counts, from, to, first, last);
            HistogramBin { from, to, eligible: of(eligible), selected: of(selected) }
        };
        self.shown.windows(2).enumerate().map(bin).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let histogram = bins.histogram(&counts, &counts);
        assert_eq!(histogram.iter().map(|bin| bin.eligible).sum::<u64>(), 1000);
        assert!(histogram.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert_eq!(histogram.len(), SHOWN_BINS);
        // All the same.
        let bins = Bins::new(vec![2.0; 9], 2.0, 2.0);
        let mut counts = bins.none();
        counts[bins.place(2.0)] += 9;
        assert_eq!(bins.quantiles(&counts, [0.5]), Some([2.0]));
        assert_eq!(
            bins.histogram(&counts, &[0]),
            [HistogramBin { from: 2.0, to: 2.0, eligible: 9, selected: 0 }]
        );
        let [median] =
            Bins::new(vec![-1e308, 1e308], -1e308, 1e308).quantiles(&[2], [0.5]).unwrap_or([f64::NAN]);
        assert!(median.abs() <= 1e308);
        assert_eq!(Bins::new(vec![], f64::INFINITY, f64::NEG_INFINITY).quantiles(&[0], [0.5]), None);
    }
}

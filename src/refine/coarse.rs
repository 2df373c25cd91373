//! Log-ratios coarse enough that one addition adds those of two tables: whether to boost a document is computed for the
//! whole corpus.

use serde::{Deserialize, Serialize};

use crate::density::{DocumentCounts, LogRatios, sum_of};
use crate::featurizer::Hash;

/// 10 bits after the point: with a sign and 5 bits before it, that is 16 bits.
const ONE: f64 = 1024.0;
/// Sums of this number of log-ratios fit 32 bits.
const RUN: usize = 1 << 16;

/// Log-ratios of pairs of tables, each within 2^-11.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Coarse {
    pairs: usize,
    /// For each bucket and pair, 2^32 times the log-ratio of the first table, and that of the second.
    log_ratios: Vec<i64>,
}

impl Coarse {
    /// Rounds pairs of tables of one length, in the fixed point of log-ratios.
    pub(super) fn of_pairs(hash: Hash, pairs: &[[Vec<i64>; 2]]) -> Self {
        let unit = LogRatios::fixed(hash, ONE.recip());
        let coarse =
            |log_ratio: i64| (log_ratio + unit / 2).div_euclid(unit).clamp(i16::MIN.into(), i16::MAX.into());
        let buckets = pairs.first().map_or(0, |[table, _]| table.len());
        let of_bucket = |bucket: usize| {
            pairs.iter().map(move |[first, second]| (coarse(first[bucket]) << 32) + coarse(second[bucket]))
        };
        Coarse { pairs: pairs.len(), log_ratios: (0..buckets).flat_map(of_bucket).collect() }
    }

    /// Zeros: for each pair, one sum for each of its tables.
    pub(super) fn sums(&self) -> Vec<i64> {
        vec![0; 2 * self.pairs]
    }

    /// Adds the log-ratios of these buckets to the sums.
    pub(super) fn add<B: Copy + Into<u32>>(&self, buckets: &[B], sums: &mut [i64]) {
        for run in buckets.chunks(RUN) {
            if self.pairs == 1 {
                split(sum_of(&self.log_ratios, run), sums);
                continue;
            }
            for (pair, sums) in sums.chunks_exact_mut(2).enumerate() {
                let at = |bucket: &B| (*bucket).into() as usize * self.pairs + pair;
                split(run.iter().map(|bucket| self.log_ratios[at(bucket)]).sum(), sums);
            }
        }
    }

    /// Does the same while these buckets are counted.
    pub(super) fn add_and_count(&self, buckets: &[u32], sums: &mut [i64], counts: &mut DocumentCounts<'_>) {
        if self.pairs == 1 {
            for run in buckets.chunks(RUN) {
                split(counts.add_and_sum(run, &self.log_ratios), sums);
            }
        } else {
            counts.add(buckets);
            self.add(buckets, sums);
        }
    }

    /// The log weight that a sum stands for.
    pub(super) fn log_weight(sum: i64) -> f64 {
        sum as f64 / ONE
    }
}

/// Splits a sum for both tables of a pair, and adds it to their sums.
fn split(sum: i64, sums: &mut [i64]) {
    let second = i64::from(sum as i32);
    sums[0] += (sum - second) >> 32;
    sums[1] += second;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::density::{FitBudget, RawCounter};

    #[test]
    fn sums_are_those_of_each_table_also_of_negative_and_extreme_log_ratios() {
        let hash = Hash::Dsir1;
        let fixed = |numbers: [f64; 3]| numbers.map(|one| LogRatios::fixed(hash, one)).to_vec();
        let first = [fixed([1.5, -2.25, 0.0]), fixed([-31.99, 31.99, 0.25])];
        let second = [fixed([31.99, -31.99, -0.5]), fixed([0.3, 0.001, -0.7])];
        let buckets: Vec<u32> = std::iter::repeat_n(0, RUN + 5).chain([1, 1, 2, 2]).collect();
        for pairs in [&[first.clone()][..], &[first, second]] {
            let coarse = Coarse::of_pairs(hash, pairs);
            let mut sums = coarse.sums();
            coarse.add(&buckets, &mut sums);
            assert_eq!(sums.len(), 2 * pairs.len());
            for (sum, table) in sums.iter().zip(pairs.iter().flatten()) {
                let exact = buckets.iter().map(|bucket| table[*bucket as usize]).sum::<i64>();
                let error = (Coarse::log_weight(*sum) - exact as f64 / 26f64.exp2()).abs();
                assert!(error <= buckets.len() as f64 * 2f64.powi(-11), "{error} of {exact}");
            }
            let (counter, mut while_counted) = (RawCounter::new(FitBudget(None), 3), coarse.sums());
            let mut thread = counter.thread();
            let mut counts = thread.begin(&counter, 0, 1).unwrap();
            coarse.add_and_count(&buckets, &mut while_counted, &mut counts);
            counts.end(1);
            let counted = counter.finish([thread]).unwrap().total(3).unwrap();
            assert_eq!((while_counted, counted.counts), (sums, vec![RUN as u64 + 5, 2, 2]));
        }
    }
}

//! What prospects a raw document has of being selected: by how much it is to be sampled more often than others.
//!
//! Where little is drawn of much, a sample in which all documents are as likely holds next to none of those that matter, and
//! log-ratios would be learned by heart for these few. So a first, small sample tells how rare a log weight is: each document is
//! lifted by as many levels as there are halvings from the whole corpus to the documents of its log weight and above. The sample then has
//! about as many documents of every halving, and all documents of the rarest.

use super::Aim;
use super::coarse::Coarse;
use super::rounds::{Course, prices};
use super::sampled::Sampled;
use crate::density::{DocumentCounts, density};
use crate::featurizer::Hash;
use crate::resample::Normalize;

/// By how many levels documents are lifted.
#[derive(Debug, Default)]
pub struct Prospects {
    /// None if nothing is lifted.
    log_ratios: Option<Coarse>,
    /// For each of the log-ratios, the log weights per token above which are a half, a quarter, an eighth, ... of all tokens.
    halvings: Vec<Vec<f64>>,
    /// Documents whose content hash has fewer leading zeros are left out, whatever their prospects: there are enough.
    pub(super) least_zeros: u32,
}

/// The most levels.
pub(super) const MOST_LIFT: u32 = 24;
/// So many rounds show where log-ratios go; more would learn the first sample by heart.
const ROUNDS: u32 = 4;
/// Counts of few documents have no empty bucket.
const SMOOTHING: f64 = 1.0;
/// A log weight is known to be rare if so many documents of the first sample are above it.
const FEWEST_ABOVE: usize = 8;
/// Documents so many halvings rarer than what is drawn are lifted no further: they are drawn for certain.
const BEYOND: u32 = 2;
/// So many selected documents are enough to learn from. With more, the sample would be taken up by the rarest.
const ENOUGH_SELECTED: f64 = 2000.0;

impl Prospects {
    /// For targets of these densities, of each of which `aims` says how much is drawn. By log weights as published and by those after some
    /// rounds, whichever lifts more: what is rare by the one can be common by the other, and may be selected in the end.
    pub fn new(hash: Hash, targets: &[(Vec<f64>, Aim)], first: &Sampled) -> Self {
        let buckets = targets.first().filter(|_| first.is_part()).map(|(target, _)| target.len());
        let raw = buckets.and_then(|buckets| density(&first.counts(buckets), SMOOTHING));
        let Some(raw) = raw else { return Prospects::default() };
        let (mut pairs, mut mosts) = (Vec::new(), Vec::new());
        for (target, aim) in targets {
            let prices = prices(first, aim);
            let mut course = Course::new(hash, (first, &prices), aim.share_of(first), target, &raw);
            let published = course.log_ratios.clone();
            (0..ROUNDS).for_each(|_| course.step());
            pairs.push([published, course.log_ratios]);
            let halvings = parts().take_while(|part| *part > aim.share).count() as u32;
            mosts.extend([(halvings + BEYOND).min(MOST_LIFT); 2]);
        }
        let log_ratios = Coarse::of_pairs(hash, &pairs);
        let mut log_weights = vec![Vec::new(); mosts.len()];
        for document in &first.documents {
            let mut sums = log_ratios.sums();
            first.add_coarse(document, &log_ratios, &mut sums);
            let stood_for = document.tokens_stood_for();
            for (of_table, one) in log_weights.iter_mut().zip(of_tables(&sums, document.tokens)) {
                of_table.push((one, stood_for));
            }
        }
        let found = log_weights.into_iter().zip(mosts).map(|(of_table, most)| halvings(of_table, most));
        let shares = targets.iter().map(|(_, aim)| aim.share);
        let selected = shares.fold(f64::INFINITY, f64::min) * first.stands_for();
        let enough = parts().skip(1).take_while(|part| part * selected >= ENOUGH_SELECTED).count();
        Prospects { halvings: found.collect(), log_ratios: Some(log_ratios), least_zeros: enough as u32 }
    }

    /// Sums for [`Prospects::add`].
    pub(crate) fn sums(&self) -> Vec<i64> {
        self.log_ratios.as_ref().map(Coarse::sums).unwrap_or_default()
    }

    /// Adds what n-grams of a document come to.
    pub(crate) fn add(&self, features: &[u32], sums: &mut [i64]) {
        if let Some(log_ratios) = &self.log_ratios {
            log_ratios.add(features, sums);
        }
    }

    /// The same, while they are counted.
    pub(crate) fn add_and_count(&self, features: &[u32], sums: &mut [i64], counts: &mut DocumentCounts<'_>) {
        match &self.log_ratios {
            Some(log_ratios) => log_ratios.add_and_count(features, sums, counts),
            None => counts.add(features),
        }
    }

    /// By how many levels the document with these sums is lifted.
    pub(crate) fn lift(&self, sums: &[i64], tokens: u64) -> u32 {
        let tokens = u32::try_from(tokens).unwrap_or(u32::MAX);
        // Of documents that all weigh the same none is rare.
        let lift = |(log_weight, halvings): (f64, &Vec<f64>)| {
            halvings.partition_point(|least| *least < log_weight) as u32
        };
        of_tables(sums, tokens).zip(&self.halvings).map(lift).max().unwrap_or(0)
    }

    /// A document that is lifted so high stands for 2^this like it, in a sample of levels from `floor` on.
    pub(super) fn thinned(&self, floor: usize, lift: u8) -> u8 {
        // One record in 2^k has k zeros.
        floor.saturating_sub(lift.into()).max(self.least_zeros as usize) as u8
    }

    /// Whether a document with this content hash is in such a sample if it is lifted so high.
    pub(crate) fn is_sampled(&self, floor: usize, content_hash: u64, lift: u32) -> bool {
        let zeros = content_hash.leading_zeros();
        zeros >= self.least_zeros && (zeros + lift) as usize >= floor
    }

    /// The most levels that a document can be lifted by.
    pub(crate) fn most(&self) -> u32 {
        self.halvings.iter().map(|halvings| halvings.len() as u32).max().unwrap_or(0)
    }
}

/// 1, ½, ¼, ...: exact, and so the same on every machine.
fn parts() -> impl Iterator<Item = f64> {
    (0..64).map(|halvings| 0.5f64.powi(halvings))
}

/// The log weights per token that a document with these sums has by each table.
fn of_tables(sums: &[i64], tokens: u32) -> impl Iterator<Item = f64> {
    sums.iter().map(move |sum| Normalize::Tokens.apply(Coarse::log_weight(*sum), tokens))
}

/// The log weights above which are 2^-1, 2^-2, ... of all tokens, `most` of them, from the log weights and tokens of documents. Beyond what so few
/// documents can tell, they go on as before.
fn halvings(mut documents: Vec<(f64, u64)>, most: u32) -> Vec<f64> {
    documents.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all: u64 = documents.iter().map(|(_, tokens)| tokens).sum();
    let sums = documents.iter().scan(0, |sum, (_, tokens)| {
        *sum += tokens;
        Some(*sum)
    });
    let sums: Vec<u64> = sums.collect();
    let mut found = Vec::new();
    for halving in 1..=most {
        let index = sums.partition_point(|sum| *sum < all >> halving);
        found.push(match (&found[..], documents.get(index)) {
            (_, Some((log_weight, _))) if index >= FEWEST_ABOVE => *log_weight,
            ([.., before, last], _) => last + (last - before),
            _ => break,
        });
    }
    found
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::sampled::tests::{sample_of, thinned_sample_of};
    use super::*;
    use crate::resample::Budget;

    impl Prospects {
        /// Nothing is lifted, and one record in 2^zeros is looked at.
        pub(in crate::refine) fn of_every(zeros: u32) -> Self {
            Prospects { least_zeros: zeros, ..Prospects::default() }
        }
    }

    const SHARE: Aim = Aim { budget: Budget::Tokens(0), share: 0.01 };

    #[test]
    fn each_halving_of_the_corpus_is_a_level() {
        // 1024 documents of ten tokens each, the heaviest first.
        let documents: Vec<(f64, u64)> = (0..1024).map(|i| (-f64::from(i), 10)).collect();
        assert_eq!(halvings(documents.clone(), 4), [-511.0, -255.0, -127.0, -63.0]);
        // Of eight documents and less nothing is known: it goes on as from 32 to 16 documents.
        assert_eq!(halvings(documents, 9)[4..], [-31.0, -15.0, 1.0, 17.0, 33.0]);
        assert_eq!(halvings(Vec::new(), 4), [] as [f64; 0]);
    }

    /// Nine hundred documents of bucket 0, and a hundred that have more and more of bucket 1.
    fn corpus() -> Vec<Vec<u32>> {
        (0..1000u32)
            .map(|i| (0..100).map(|ngram| u32::from(ngram < i.saturating_sub(900))).collect())
            .collect()
    }

    fn lift(prospects: &Prospects, features: &[u32]) -> u32 {
        let mut sums = prospects.sums();
        prospects.add(features, &mut sums);
        prospects.lift(&sums, features.len() as u64)
    }

    #[test]
    fn the_rarer_the_higher_and_no_higher_than_is_of_use() {
        let target = (vec![0.1, 0.9], SHARE);
        let prospects = Prospects::new(Hash::Dsir1, &[target], &thinned_sample_of(&corpus(), 5));
        let of =
            |ones: u32| lift(&prospects, &(0..100).map(|ngram| u32::from(ngram < ones)).collect::<Vec<_>>());
        assert_eq!(of(0), 0);
        // Of 1000 documents, about 50 and 25 have more of bucket 1.
        assert_eq!((of(50), of(75)), (4, 5));
        assert_eq!(of(100), 6);
        // A hundredth is between six and seven halvings away, and two more make a difference.
        assert_eq!(prospects.most(), 9);
        assert_eq!(prospects.least_zeros, 0, "320 documents are drawn");
    }

    #[test]
    fn nothing_is_lifted_where_the_first_sample_is_all_there_is() {
        let prospects = Prospects::new(Hash::Dsir1, &[(vec![0.1, 0.9], SHARE)], &sample_of(&corpus()));
        assert_eq!((prospects.most(), lift(&prospects, &[1; 100])), (0, 0));
    }

    #[test]
    fn of_a_great_many_that_are_drawn_some_are_enough() {
        let target = (vec![0.1, 0.9], SHARE);
        let prospects = Prospects::new(Hash::Dsir1, &[target], &thinned_sample_of(&corpus(), 10));
        // 10 240 of 1 024 000 documents: one in four of them are 2560.
        assert_eq!(prospects.least_zeros, 2);
    }
}

//! Decides which raw documents are sampled more often than others, and how much.
//!
//! Where little is drawn from much, a uniform sample has almost none of the documents that matter, and log-ratios
//! would be overfitted to these few. So a first, small sample tells how rare a log weight is: each document is boosted
//! by as many levels as there are halvings from the whole corpus to the documents of its log weight and above. The
//! sample then has about as many documents of every halving, and all documents of the rarest.

use serde::{Deserialize, Serialize};

use super::aim::Aim;
use super::coarse::Coarse;
use super::document_sample::DocumentSample;
use super::expected::DrawFromSample;
use super::trajectory::Trajectory;
use crate::density::{DocumentCounts, density};
use crate::featurizer::Hash;
use crate::observer::Observer;
use crate::resample::Normalize;
use crate::sampling::MAX_BOOST;

/// A raw document, as far as sampling needs to know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawDocument {
    /// The content hash of its record.
    pub content_hash: u64,
    /// By how many levels it is raised.
    pub boost: u32,
    /// Its tokens.
    pub tokens: u64,
    /// The bytes of its record.
    pub bytes: u64,
}

/// Decides by how many levels documents are boosted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Oversampling {
    /// `None` if nothing is boosted.
    log_ratios: Option<Coarse>,
    /// For each of the log-ratios, the log weights per token above which are a half, a quarter, an eighth, ... of all
    /// tokens.
    halvings: Vec<Vec<f64>>,
    /// Documents whose content hash has fewer leading zeros are left out, whatever their boost: there are enough.
    min_zeros: u32,
}

/// After this number of rounds, log-ratios show where they go; more rounds would overfit to the first sample.
const ROUNDS: u32 = 4;
/// With this, counts of few documents have no empty bucket.
const SMOOTHING: f64 = 1.0;
/// A log weight is known to be rare if at least this number of documents of the first sample are above it.
const MIN_ABOVE: usize = 8;
/// Documents that are this number of halvings rarer than what is drawn are boosted no further: they are drawn for
/// certain.
const BEYOND: u32 = 2;
/// This number of selected documents is enough to learn from. With more, the rarest would fill the sample.
const ENOUGH_SELECTED: f64 = 2000.0;

impl Oversampling {
    /// For targets of these densities and for the size of the draw for each, decided on a `first` sample. Each document
    /// has two boosts, by the log weights as published and by those after some rounds, and the higher one counts: what
    /// is rare by the one can be common by the other, and may be selected in the end.
    pub(crate) fn new(
        hash: Hash,
        targets: &[(Vec<f64>, Aim)],
        first: &DocumentSample,
        observer: &Observer,
    ) -> Self {
        let buckets = targets.first().filter(|_| first.is_partial()).map(|(target, _)| target.len());
        let raw = buckets.and_then(|buckets| density(&first.counts(buckets), SMOOTHING));
        let Some(raw) = raw else { return Oversampling::default() };
        let (mut pairs, mut max_boosts) = (Vec::new(), Vec::new());
        for (target, aim) in targets {
            let draw = DrawFromSample::new(first, aim, observer);
            let mut trajectory = Trajectory::new(hash, &draw, target, &raw);
            let published = trajectory.log_ratios.clone();
            (0..ROUNDS).for_each(|_| trajectory.step());
            pairs.push([published, trajectory.log_ratios]);
            let halvings = parts().take_while(|part| *part > aim.share).count() as u32;
            max_boosts.extend([(halvings + BEYOND).min(MAX_BOOST); 2]);
        }
        let log_ratios = Coarse::of_pairs(hash, &pairs);
        let mut log_weights = vec![Vec::new(); max_boosts.len()];
        for document in &first.documents {
            let mut sums = log_ratios.sums();
            first.add_coarse(document, &log_ratios, &mut sums);
            let tokens = document.represented_tokens();
            for (of_table, log_weight) in log_weights.iter_mut().zip(of_tables(&sums, document.tokens)) {
                of_table.push((log_weight, tokens));
            }
        }
        let found = log_weights.into_iter().zip(max_boosts).map(|(of_table, max)| halvings(of_table, max));
        let shares = targets.iter().map(|(_, aim)| aim.share);
        let selected = shares.fold(f64::INFINITY, f64::min) * first.represented_documents();
        let enough = parts().skip(1).take_while(|part| part * selected >= ENOUGH_SELECTED).count();
        Oversampling { halvings: found.collect(), log_ratios: Some(log_ratios), min_zeros: enough as u32 }
    }

    /// Zeros to begin [`add`](Oversampling::add) with.
    pub(crate) fn sums(&self) -> Vec<i64> {
        self.log_ratios.as_ref().map(Coarse::sums).unwrap_or_default()
    }

    /// Adds the log-ratios of n-grams of a document.
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

    /// By how many levels the document with these sums is boosted.
    pub(crate) fn boost(&self, sums: &[i64], tokens: u64) -> u32 {
        let tokens = u32::try_from(tokens).unwrap_or(u32::MAX);
        // Where all documents weigh the same, none is rare.
        let boost = |(log_weight, halvings): (f64, &Vec<f64>)| {
            halvings.partition_point(|least| *least < log_weight) as u32
        };
        of_tables(sums, tokens).zip(&self.halvings).map(boost).max().unwrap_or(0)
    }

    /// The highest boost of any document.
    pub(crate) fn max_boost(&self) -> u32 {
        self.halvings.iter().map(|halvings| halvings.len() as u32).max().unwrap_or(0)
    }

    /// The weight, as a power of two, of a document with this boost in a sample of levels from `floor` on.
    pub(super) fn weight_log2(&self, floor: usize, boost: u8) -> u8 {
        // One record in 2^k has k zeros.
        floor.saturating_sub(boost.into()).max(self.min_zeros as usize) as u8
    }

    /// Whether a document with this content hash and boost is in such a sample.
    pub(crate) fn may_sample(&self, floor: usize, content_hash: u64, boost: u32) -> bool {
        let zeros = content_hash.leading_zeros();
        zeros >= self.min_zeros && (zeros + boost) as usize >= floor
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

/// The log weights above which are 2^-1, 2^-2, ... of all tokens, up to `max` of them, from the log weights and tokens
/// of documents. Beyond what so few documents can tell, they are extrapolated.
fn halvings(mut documents: Vec<(f64, u64)>, max: u32) -> Vec<f64> {
    documents.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all: u64 = documents.iter().map(|(_, tokens)| tokens).sum();
    let sums = documents.iter().scan(0, |sum, (_, tokens)| {
        *sum += tokens;
        Some(*sum)
    });
    let sums: Vec<u64> = sums.collect();
    let mut found = Vec::new();
    for halving in 1..=max {
        let index = sums.partition_point(|sum| *sum < all >> halving);
        found.push(match (&found[..], documents.get(index)) {
            (_, Some((log_weight, _))) if index >= MIN_ABOVE => *log_weight,
            ([.., before, last], _) => last + (last - before),
            _ => break,
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::document_sample::tests::{sample_of, weighted_sample_of};
    use super::*;
    use crate::resample::Budget;

    impl Oversampling {
        /// No boosts, and a sample of one document in 2^zeros.
        pub(in crate::refine) fn of_one_in_2_to(zeros: u32) -> Self {
            Oversampling { min_zeros: zeros, ..Oversampling::default() }
        }
    }

    const SHARE: Aim = Aim { budget: Budget::Tokens(0), share: 0.01 };

    #[test]
    fn each_halving_of_the_corpus_is_a_level() {
        // 1024 documents of ten tokens each, the heaviest first.
        let documents: Vec<(f64, u64)> = (0..1024).map(|i| (-f64::from(i), 10)).collect();
        assert_eq!(halvings(documents.clone(), 4), [-511.0, -255.0, -127.0, -63.0]);
        // Nothing is known of eight documents and fewer: this is extrapolated from 32 and 16 documents.
        assert_eq!(halvings(documents, 9)[4..], [-31.0, -15.0, 1.0, 17.0, 33.0]);
        assert_eq!(halvings(Vec::new(), 4), [] as [f64; 0]);
    }

    /// Nine hundred documents of bucket 0, and a hundred that have more and more of bucket 1.
    fn corpus() -> Vec<Vec<u32>> {
        (0..1000u32)
            .map(|i| (0..100).map(|ngram| u32::from(ngram < i.saturating_sub(900))).collect())
            .collect()
    }

    fn boost(oversampling: &Oversampling, features: &[u32]) -> u32 {
        let mut sums = oversampling.sums();
        oversampling.add(features, &mut sums);
        oversampling.boost(&sums, features.len() as u64)
    }

    #[test]
    fn the_rarer_the_higher_the_boost_and_no_higher_than_is_useful() {
        let target = (vec![0.1, 0.9], SHARE);
        let oversampling = Oversampling::new(
            Hash::Dsir1,
            &[target],
            &weighted_sample_of(&corpus(), 5),
            &Observer::default(),
        );
        let of = |ones: u32| {
            boost(&oversampling, &(0..100).map(|ngram| u32::from(ngram < ones)).collect::<Vec<_>>())
        };
        assert_eq!(of(0), 0);
        // Of 1000 documents, about 50 and 25 have more of bucket 1.
        assert_eq!((of(50), of(75)), (4, 5));
        assert_eq!(of(100), 6);
        // A hundredth is between six and seven halvings away, and two more make a difference.
        assert_eq!(oversampling.max_boost(), 9);
        assert_eq!(oversampling.min_zeros, 0, "320 documents are drawn");
    }

    #[test]
    fn nothing_is_boosted_where_the_first_sample_is_all_there_is() {
        let oversampling = Oversampling::new(
            Hash::Dsir1,
            &[(vec![0.1, 0.9], SHARE)],
            &sample_of(&corpus()),
            &Observer::default(),
        );
        assert_eq!((oversampling.max_boost(), boost(&oversampling, &[1; 100])), (0, 0));
    }

    #[test]
    fn where_very_many_are_drawn_some_of_them_are_enough() {
        let target = (vec![0.1, 0.9], SHARE);
        let oversampling = Oversampling::new(
            Hash::Dsir1,
            &[target],
            &weighted_sample_of(&corpus(), 10),
            &Observer::default(),
        );
        // 10 240 of 1 024 000 documents: one in four of them are 2560.
        assert_eq!(oversampling.min_zeros, 2);
    }
}

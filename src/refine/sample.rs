//! Documents of the raw corpus with their features: a sample by content hash, found in one pass within bounded memory.
//!
//! As where n-grams are counted (`density/raw.rs`), a record's level is the number of leading zeros of its content hash, and
//! the sample has all records from some level on: it is the same however the corpus is cut. A document that has prospects of
//! being selected (`prospects.rs`) is lifted by some levels. It is sampled the more often for that, and counts for fewer.

use super::by_bucket::is_short;
use super::levels::{LEVELS, Levels};
use super::prospects::Prospects;
use super::sampled::{Document, Part, Sampled};

/// What a document takes beside its features, in their unit.
const DOCUMENT: u64 = 16;

/// The sampling that the threads reading a corpus share.
#[derive(Debug)]
pub struct Sampler {
    is_short: bool,
    levels: Levels,
    prospects: Prospects,
}

/// What one thread has sampled, by level.
#[derive(Debug)]
pub struct SamplerThread {
    levels: Vec<Option<Part>>,
    /// Levels below this can no longer be in the sample.
    floor: usize,
}

impl Sampler {
    /// 32 MB of features, two bytes each.
    const NGRAMS: u64 = 1 << 24;

    /// Nothing sampled yet, of so many buckets.
    pub fn new(buckets: u32, prospects: Prospects) -> Self {
        let is_short = is_short(buckets);
        Sampler::keeping_within(if is_short { Self::NGRAMS } else { Self::NGRAMS / 2 }, is_short, prospects)
    }

    fn keeping_within(ngrams: u64, is_short: bool, prospects: Prospects) -> Self {
        Sampler { is_short, levels: Levels::keeping_within(ngrams), prospects }
    }

    /// What tells by how much documents are lifted.
    pub fn prospects(&self) -> &Prospects {
        &self.prospects
    }

    /// What one thread samples.
    pub fn thread(&self) -> SamplerThread {
        SamplerThread { levels: (0..LEVELS).map(|_| None).collect(), floor: 0 }
    }

    /// Makes one sample of what the threads have.
    pub fn finish(&self, threads: impl IntoIterator<Item = SamplerThread>) -> Sampled {
        let (floor, floor_of_half) = (self.levels.floor(), self.levels.floor_of_half());
        let parts = threads.into_iter().flat_map(|thread| thread.levels.into_iter().enumerate().skip(floor));
        let (levels, parts): (Vec<usize>, Vec<Part>) =
            parts.filter_map(|(level, part)| Some((level, part?))).unzip();
        let thinned = |floor: usize| move |one: &Document| self.prospects.thinned(floor, one.lift);
        let sampled = Sampled::of(parts, thinned(floor));
        if floor == floor_of_half {
            return sampled;
        }
        sampled.with_fewer(|one| levels[one.part as usize] >= floor_of_half, thinned(floor_of_half))
    }

    /// The most n-grams of a document that can be in the sample: a longer one would be too much of it.
    pub fn most_ngrams(&self) -> usize {
        self.levels.most() as usize
    }
}

impl SamplerThread {
    /// Whether a document with this content hash may be in the sample if it is lifted so high.
    pub fn may_take(&self, sampler: &Sampler, content_hash: u64, lift: u32) -> bool {
        sampler.prospects.is_sampled(self.floor, content_hash, lift)
    }

    /// Takes in an eligible document, if it may be in the sample.
    pub fn document(
        &mut self,
        sampler: &Sampler,
        (content_hash, lift): (u64, u32),
        (tokens, bytes): (u64, u64),
        features: &[u32],
    ) {
        if !self.may_take(sampler, content_hash, lift) || features.len() > sampler.most_ngrams() {
            return;
        }
        let level = (content_hash.leading_zeros() + lift) as usize;
        sampler.levels.take(level, features.len() as u64 + DOCUMENT);
        let part = self.levels[level].get_or_insert_with(|| Part::new(sampler.is_short));
        part.push(lift, (tokens, bytes), features);
    }

    /// Leaves off, from now on, what can no longer be in the sample; worth a call for each block.
    pub fn raise_floor(&mut self, sampler: &Sampler) {
        self.floor = sampler.levels.floor();
        self.levels[..self.floor].fill_with(|| None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hash number `i` of many that are spread evenly.
    fn hash(i: u64) -> u64 {
        (i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    #[test]
    fn keeps_within_its_bound_and_is_the_same_for_any_threads() {
        // 1000 documents of 84 n-grams, at 100 each; a tenth of them fit.
        let sample = |threads: usize, is_short: bool| {
            let sampler = Sampler::keeping_within(10_000, is_short, Prospects::default());
            let mut parts: Vec<_> = (0..threads).map(|_| sampler.thread()).collect();
            for i in 0..1000 {
                let part = &mut parts[i as usize % threads];
                part.document(&sampler, (hash(i), 0), (84, 1), &[(i % 50) as u32; 84]);
                if i % 10 == 0 {
                    part.raise_floor(&sampler);
                }
            }
            let sampled = sampler.finish(parts);
            assert!(sampled.is_part() && sampled.documents.len() <= 100, "{}", sampled.documents.len());
            assert!(sampled.documents.iter().all(|document| document.thinned == 4));
            sampled.counts(50)
        };
        // Those whose hash begins with four zeros: about 1000 / 16.
        let expected = (0..1000).filter(|i| hash(*i).leading_zeros() >= 4).fold(vec![0; 50], |mut sum, i| {
            sum[i as usize % 50] += 84;
            sum
        });
        assert_eq!(sample(1, true), expected);
        assert_eq!(sample(3, true), expected);
        assert_eq!(sample(3, false), expected);
    }

    #[test]
    fn documents_with_prospects_are_all_there_and_stand_for_themselves() {
        // At 100 each, 20 of a good prospect, 100 of a fair one, and 2000 of none; 200 fit.
        let sampler = Sampler::keeping_within(20_000, true, Prospects::default());
        let mut thread = sampler.thread();
        for i in 0..2120 {
            let lift = if i < 20 { 9 } else { u32::from(i < 120) * 3 };
            thread.document(&sampler, (hash(i), lift), (84, 1), &[lift; 84]);
        }
        let sampled = sampler.finish([thread]);
        let thinned = |lift: u8| {
            let alike = sampled.documents.iter().filter(|document| document.lift == lift);
            alike.map(|document| document.thinned).collect::<Vec<_>>()
        };
        assert_eq!(thinned(9), [0; 20]);
        // Every other, and one in sixteen.
        assert_eq!(thinned(3), vec![1; 50]);
        assert_eq!(thinned(0), vec![4; 125]);
        assert_eq!(sampled.stands_for(), 2120.0);
    }

    #[test]
    fn a_large_sample_has_one_in_it_that_takes_half_of_the_room_and_stands_for_as_much() {
        let sample = |documents: u64| {
            let sampler = Sampler::keeping_within(20_000, true, Prospects::default());
            let mut thread = sampler.thread();
            (0..documents).for_each(|i| thread.document(&sampler, (i << 52, 0), (84, 1), &[0; 84]));
            sampler.finish([thread])
        };
        // At 100 each, 200 fit: one in 32 of 4096, and one in 64 where there is half of the room.
        let sampled = sample(4096);
        let standing = |sampled: &Sampled| (sampled.documents.len(), sampled.documents[0].thinned);
        assert_eq!((standing(&sampled), standing(sampled.fewer())), ((128, 5), (64, 6)));
        assert_eq!(sampled.stands_for(), sampled.fewer().stands_for());
        assert_eq!(standing(sample(90).fewer()), (90, 0), "what is small already is tried on as it is");
    }

    #[test]
    fn where_there_are_enough_one_in_so_many_will_do_whatever_its_prospects() {
        let prospects = Prospects::of_every(2);
        let sampler = Sampler::keeping_within(u64::MAX, true, prospects);
        let mut thread = sampler.thread();
        (0..4000).for_each(|i| thread.document(&sampler, (hash(i), 7), (1, 1), &[0]));
        let sampled = sampler.finish([thread]);
        let expected = (0..4000).filter(|i| hash(*i).leading_zeros() >= 2).count();
        assert_eq!(sampled.documents.len(), expected);
        assert!(sampled.documents.iter().all(|document| document.thinned == 2));
    }

    #[test]
    fn a_document_that_would_be_too_much_of_the_sample_is_not_in_it() {
        let sampler = Sampler::keeping_within(160, true, Prospects::default());
        let mut thread = sampler.thread();
        thread.document(&sampler, (0, 0), (500, 1), &[0; 11]);
        thread.document(&sampler, (1, 0), (5, 1), &[1; 10]);
        assert_eq!(sampler.finish([thread]).counts(2), [0, 10]);
    }
}

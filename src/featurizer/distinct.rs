//! How many different n-grams there were, in 16 kB however many they are.
//!
//! Source: HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007), read out with the estimator of Ertl (arXiv 1702.01284,
//! algorithm 6), which needs no tables and is as good for few as for many.

/// A HyperLogLog sketch of 64-bit hashes: which of them came in, and how often each, makes no difference beyond that
/// they did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distinct {
    /// For each of the values that the first bits of a hash can have: one more than the most zeros that followed them.
    registers: Box<[u8]>,
}

/// So many bits of a hash choose the register.
const BITS: u32 = 14;
const REGISTERS: usize = 1 << BITS;
/// The largest value of a register: none of the other bits was set.
const FULL: usize = 64 - BITS as usize + 1;

impl Distinct {
    /// The standard deviation of the estimate as a share of the number estimated: 1.04 / √(2^14).
    pub const STANDARD_ERROR: f64 = 1.04 / 128.0;

    /// Nothing came in.
    pub fn new() -> Self {
        Distinct { registers: vec![0; REGISTERS].into_boxed_slice() }
    }

    /// Takes in a hash whose bits are as good as random.
    #[inline]
    pub fn insert(&mut self, hash: u64) {
        let register = &mut self.registers[(hash >> (64 - BITS)) as usize];
        // The bit set behind the others ends the zeros.
        let zeros = (hash << BITS | 1 << (BITS - 1)).leading_zeros() as u8;
        *register = (*register).max(zeros + 1);
    }

    /// Takes in what came into `other`.
    pub fn merge(&mut self, other: &Distinct) {
        for (ours, theirs) in self.registers.iter_mut().zip(&other.registers) {
            *ours = (*ours).max(*theirs);
        }
    }

    /// About how many different hashes came in.
    pub fn estimate(&self) -> f64 {
        let mut with_value = [0u32; FULL + 1];
        self.registers.iter().for_each(|value| with_value[usize::from(*value)] += 1);
        let registers = REGISTERS as f64;
        let share = |value: usize| f64::from(with_value[value]) / registers;
        let mut z = registers * tau(1.0 - share(FULL));
        for value in (1..FULL).rev() {
            z = 0.5 * (z + f64::from(with_value[value]));
        }
        z += registers * sigma(share(0));
        registers * registers / (2.0 * std::f64::consts::LN_2 * z)
    }
}

impl Default for Distinct {
    fn default() -> Self {
        Distinct::new()
    }
}

/// x + Σ x^(2^k) · 2^(k−1), for k from 1: what the empty registers stand for; infinite if all are.
fn sigma(x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut factor, mut sum) = (x, 1.0, x);
    loop {
        power *= power;
        let before = sum;
        sum += power * factor;
        factor *= 2.0;
        if sum == before {
            return sum;
        }
    }
}

/// (1 − x − Σ (1 − x^(2^−k))² · 2^−k) / 3, for k from 1: what the full registers stand for.
fn tau(x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut root, mut factor, mut sum) = (x, 1.0, 1.0 - x);
    loop {
        root = root.sqrt();
        factor *= 0.5;
        let before = sum;
        sum -= (1.0 - root) * (1.0 - root) * factor;
        if sum == before {
            return sum / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::featurizer::{FeatureSpace, Featurizer, Hash};

    /// The `i`-th of some random numbers (SplitMix64).
    fn random(i: u64) -> u64 {
        let x = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ x >> 31
    }

    /// The relative error of the estimate of `count` numbers, of which every third comes twice.
    fn error(count: u64, first: u64) -> f64 {
        let mut distinct = Distinct::new();
        for i in first..first + count {
            distinct.insert(random(i));
            if i % 3 == 0 {
                distinct.insert(random(i));
            }
        }
        distinct.estimate() / count as f64 - 1.0
    }

    #[test]
    fn the_error_is_within_its_bound_from_one_to_millions() {
        assert_eq!(Distinct::new().estimate(), 0.0);
        for count in [1, 2, 10, 100, 1000, 5000, 20_000, 40_000, 100_000, 1_000_000, 5_000_000] {
            // Four standard deviations: once in 16 000 for another generator.
            let error = error(count, 1 << 40);
            assert!(error.abs() < 4.0 * Distinct::STANDARD_ERROR, "{count}: {error}");
        }
    }

    #[test]
    fn the_errors_of_many_estimates_have_the_stated_deviation_and_no_bias() {
        for count in [3_000, 30_000, 120_000] {
            let errors: Vec<f64> = (0..100).map(|round| error(count, round << 32)).collect();
            let mean = errors.iter().sum::<f64>() / 100.0;
            let deviation = (errors.iter().map(|e| e * e).sum::<f64>() / 100.0).sqrt();
            // The mean of 100 strays by a tenth of one error; four of these.
            assert!(mean.abs() < 0.4 * Distinct::STANDARD_ERROR, "{count}: mean {mean}");
            // The deviation found from 100 strays by 7%; 30% is four of these.
            assert!(deviation < 1.3 * Distinct::STANDARD_ERROR, "{count}: deviation {deviation}");
        }
    }

    #[test]
    fn a_few_are_as_good_as_counted() {
        for count in 1..=60 {
            assert!((error(count, 7000) * count as f64).abs() < 0.5, "{count}");
        }
    }

    #[test]
    fn parts_merged_are_the_whole() {
        let (mut whole, mut parts) = (Distinct::new(), [Distinct::new(), Distinct::new()]);
        for i in 0..10_000 {
            whole.insert(random(i));
            parts[usize::from(i % 5 < 2)].insert(random(i));
        }
        let [mut one, other] = parts;
        one.merge(&other);
        assert_eq!(one, whole);
    }

    #[test]
    fn every_hash_has_its_register_and_value() {
        let mut distinct = Distinct::new();
        distinct.insert(0);
        distinct.insert(u64::MAX);
        distinct.insert(1 << (63 - BITS));
        assert_eq!(usize::from(distinct.registers[0]), FULL);
        assert_eq!(distinct.registers[REGISTERS - 1], 1);
        assert_eq!(distinct.registers.iter().filter(|value| **value > 0).count(), 2);
    }

    #[test]
    fn the_featurizer_takes_in_every_n_gram() {
        // Pairs: 17 of 18 tokens; different ones: a b c d, and ab bc cd da.
        let text = "a b c d ".repeat(4) + "a b";
        for hash in [Hash::Dsir1, Hash::Sha256] {
            for (ngrams, different) in [(1, 4.0), (2, 8.0), (3, 12.0)] {
                let space = FeatureSpace { ngrams, hash, buckets: 2, ..FeatureSpace::default() };
                for mut featurizer in [Featurizer::new(space).unwrap(), Featurizer::plain(space).unwrap()]
                    .map(Featurizer::with_distinct)
                {
                    featurizer.featurize(&text, |_| {});
                    featurizer.featurize("b c", |_| {});
                    let found = featurizer.distinct().map(Distinct::estimate).unwrap();
                    assert_eq!(found.round(), different, "{space}");
                }
            }
        }
        let plain = Featurizer::new(FeatureSpace::default()).unwrap();
        assert!(plain.distinct().is_none());
    }
}

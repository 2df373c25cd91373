use crate::ln::ln;

/// The noise of one draw for one target: Gumbel(0, 1), a function of the content hash alone.
///
/// `docs/feature-space.md` defines it with test vectors; it is the same for ever, on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noise {
    key: u64,
}

/// 2^64 divided by the golden ratio, made odd.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl Noise {
    /// The noise of draw number `draw` (from 0) for target number `target` (from 0).
    pub fn new(seed: u64, draw: u64, target: u64) -> Self {
        Noise { key: step(step(step(0, seed), draw), target) }
    }

    /// The noise with which a record is selected once more, the first time being number 0.
    pub fn of_repeat(self, number: u32) -> Self {
        if number == 0 { self } else { Noise { key: step(self.key, number.into()) } }
    }

    /// What orders the records of draw number `draw` when they are shuffled; no draw has the number that this is the
    /// noise of.
    pub(crate) fn of_shuffle(seed: u64, draw: u64) -> Self {
        Noise::new(seed, u64::MAX, draw)
    }

    /// What moves copy number `copy` of a record, from the second on, away from the first when they are shuffled.
    pub(crate) fn of_copy(copy: u64) -> Self {
        Noise::new(u64::MAX, u64::MAX, copy)
    }

    /// The 64 bits that stand for a record: its place in a random order.
    #[inline]
    pub(crate) fn bits(self, content_hash: u64) -> u64 {
        mix((content_hash ^ self.key).wrapping_add(STEP))
    }

    /// g = −ln(−ln u), with u of 52 bits strictly between 0 and 1.
    #[inline]
    pub fn gumbel(self, content_hash: u64) -> f64 {
        gumbel(self.bits(content_hash))
    }

    /// The key of a score from 0 to 1: minus the number of times that 1 − Pareto(α = 9) noise must be drawn until it
    /// is below the score, with a uniform number below 1 added.
    ///
    /// 1 − x < s with probability p = (2 − s)^−9, so that number is 1 + ⌊E / −ln(1 − p)⌋ with E exponential.
    pub fn pareto(self, content_hash: u64, score: f64) -> f64 {
        let bits = self.bits(content_hash);
        let q = 2.0 - score;
        let q3 = q * q * q;
        let p = 1.0 / (q3 * q3 * q3);
        // The smallest p is 2^-9.
        let rounds = if p < 1.0 { (ln(uniform(bits)) / ln(1.0 - p)).floor() } else { 0.0 };
        uniform(mix(bits.wrapping_add(STEP))) - (1.0 + rounds)
    }
}

/// Takes `input` into `state`.
#[inline]
fn step(state: u64, input: u64) -> u64 {
    mix((state ^ input).wrapping_add(STEP))
}

/// The noise that has these bits.
#[inline]
pub(super) fn gumbel(bits: u64) -> f64 {
    -ln(-ln(uniform(bits)))
}

/// u, of 52 bits, strictly between 0 and 1.
#[inline]
pub(super) fn uniform(bits: u64) -> f64 {
    const UNIT: f64 = 1.0 / (1u64 << 52) as f64;
    ((bits >> 12) as f64 + 0.5) * UNIT
}

/// Bounds on the noise that has these bits, found without a logarithm.
///
/// With j leading ones 1 − u > 2^−(j+1), so −ln u is larger still, and g < (j + 1) · ln 2. And u is at least 2^−53.
#[inline]
pub(super) fn bounds(bits: u64) -> (f64, f64) {
    const MORE_THAN_LN_2: f64 = 0.6932;
    (-3.61, f64::from(bits.leading_ones().min(52) + 1) * MORE_THAN_LN_2)
}

/// A bijection of 64 bits in which every input bit turns each output bit over in half of all cases
/// (the finalizer of SplitMix64).
#[inline]
fn mix(mut x: u64) -> u64 {
    x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_range_are_finite() {
        assert!((-3.7..-3.5).contains(&gumbel(0)));
        assert!((36.0..37.0).contains(&gumbel(u64::MAX)));
    }

    #[test]
    fn the_bounds_hold() {
        let edges = (0..64)
            .flat_map(|shift| [u64::MAX << shift, !(u64::MAX << shift), (u64::MAX << shift) - 1, 1 << shift]);
        for bits in edges.chain((0..100_000).map(mix)) {
            let ((least, most), g) = (bounds(bits), gumbel(bits));
            assert!(least < g && g < most, "{bits:x}: {least} {g} {most}");
        }
    }

    #[test]
    fn pareto_noise_lets_pass_as_often_as_it_should() {
        // P(x > 1 - s) = (2 - s)^-9 for x of NumPy's pareto(9).
        for score in [0.0, 0.5, 0.9, 0.99, 1.0] {
            let count = 100_000;
            let first =
                (0..count).filter(|hash| Noise::new(0, 0, 0).pareto(mix(*hash), score) > -1.0).count();
            let p = (2.0f64 - score).powi(-9);
            let deviation = (count as f64 * p * (1.0 - p)).sqrt();
            assert!((first as f64 - count as f64 * p).abs() <= 5.5 * deviation, "{score}: {first}");
        }
    }

    #[test]
    fn draws_targets_and_repeats_have_noise_of_their_own() {
        let noises = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1)];
        let noises = noises.map(|(seed, draw, target)| Noise::new(seed, draw, target));
        let values: std::collections::BTreeSet<u64> =
            noises.iter().flat_map(|noise| (0..3).map(|number| noise.of_repeat(number).bits(7))).collect();
        assert_eq!(values.len(), 3 * noises.len());
        assert_eq!(noises[0].of_repeat(0), noises[0]);
    }
}

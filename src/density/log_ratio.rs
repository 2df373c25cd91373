use crate::featurizer::Hash;
use crate::ln::ln;

/// Added to every density before its logarithm, as the reference does.
pub const EPSILON: f64 = 1e-8;

/// ln(p_target + 1e-8) − ln(p_raw + 1e-8) of every bucket, for every target, in fixed point.
///
/// A log weight is a sum of thousands of these. Integers add up to the same sum in any order, so it is
/// the same bit for bit on every machine. No log-ratio is larger than 18.43, so 32 bits hold
/// 26 after the point: each is within 7.5e-9, a document of 10 000 n-grams within 7.5e-5. With
/// [`Hash::Sha256`], where published numbers are compared, 40 bits after the point take 64.
#[derive(Clone, Debug)]
pub struct LogRatios {
    targets: usize,
    table: Table,
}

#[derive(Clone, Debug)]
enum Table {
    Short(Vec<i32>),
    Long(Vec<i64>),
}

const SHORT_POINT: i32 = 26;
const LONG_POINT: i32 = 40;

/// A log weight while it is added up.
pub type Sum = i128;

impl LogRatios {
    /// From the densities of the targets and of the raw corpus, all of one length.
    pub(super) fn new(hash: Hash, targets: &[Vec<f64>], raw: &[f64]) -> Self {
        let fixed = |point: i32| {
            let scale = f64::from(point).exp2();
            raw.iter().enumerate().flat_map(move |(bucket, raw)| {
                let log_raw = ln(raw + EPSILON);
                targets.iter().map(move |target| ((ln(target[bucket] + EPSILON) - log_raw) * scale).round())
            })
        };
        let table = match hash {
            Hash::Dsir1 => Table::Short(fixed(SHORT_POINT).map(|ratio| ratio as i32).collect()),
            Hash::Sha256 => Table::Long(fixed(LONG_POINT).map(|ratio| ratio as i64).collect()),
        };
        LogRatios { targets: targets.len(), table }
    }

    /// How many targets there are.
    pub fn targets(&self) -> usize {
        self.targets
    }

    /// Adds the log-ratios of `buckets` to the sums, one for each target.
    #[inline]
    pub fn add(&self, buckets: &[u32], sums: &mut [Sum]) {
        match &self.table {
            Table::Short(table) => add(table, buckets, sums),
            Table::Long(table) => add(table, buckets, sums),
        }
    }

    /// The log weight that a sum stands for.
    #[inline]
    pub fn log_weight(&self, sum: Sum) -> f64 {
        let point = match &self.table {
            Table::Short(_) => SHORT_POINT,
            Table::Long(_) => LONG_POINT,
        };
        sum as f64 / f64::from(point).exp2()
    }
}

/// The sums of so few n-grams fit 64 bits.
const RUN: usize = 1 << 16;

#[inline]
fn add<T: Copy + Into<i64>>(table: &[T], buckets: &[u32], sums: &mut [Sum]) {
    for run in buckets.chunks(RUN) {
        if let [sum] = sums {
            *sum += Sum::from(run.iter().map(|bucket| table[*bucket as usize].into()).sum::<i64>());
            continue;
        }
        for bucket in run {
            let ratios = &table[*bucket as usize * sums.len()..];
            for (sum, ratio) in sums.iter_mut().zip(ratios) {
                *sum += Sum::from((*ratio).into());
            }
        }
    }
}

/// KL(p ‖ q) in nats, with ε = 1e-8 as in the log-ratios.
pub fn kl_divergence(p: &[f64], q: &[f64]) -> f64 {
    kl_divergence_with(p, q, EPSILON)
}

/// KL(p ‖ q) = Σ p · (ln(p + ε) − ln(q + ε)), in nats; ε must be positive and normal.
pub fn kl_divergence_with(p: &[f64], q: &[f64], epsilon: f64) -> f64 {
    p.iter().zip(q).map(|(p, q)| p * (ln(p + epsilon) - ln(q + epsilon))).sum()
}

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

fn point(hash: Hash) -> i32 {
    match hash {
        Hash::Dsir1 => SHORT_POINT,
        Hash::Sha256 => LONG_POINT,
    }
}

/// A log weight while it is added up.
pub type Sum = i128;

impl LogRatios {
    /// From the tables of all targets, each with one log-ratio of at most [`LogRatios::largest`] for each bucket.
    pub(crate) fn of_tables<T: AsRef<[i64]>>(hash: Hash, tables: &[T]) -> Self {
        let buckets = tables.first().map_or(0, |table| table.as_ref().len());
        let ratios = (0..buckets).flat_map(|bucket| tables.iter().map(move |table| table.as_ref()[bucket]));
        let table = match hash {
            Hash::Dsir1 => Table::Short(ratios.map(|ratio| ratio as i32).collect()),
            Hash::Sha256 => Table::Long(ratios.collect()),
        };
        LogRatios { targets: tables.len(), table }
    }

    /// The log-ratios of one target as published, in fixed point, from two densities of one length.
    pub(crate) fn table(hash: Hash, target: &[f64], raw: &[f64]) -> Vec<i64> {
        let ratio = |(target, raw): (&f64, &f64)| ln(target + EPSILON) - ln(raw + EPSILON);
        target.iter().zip(raw).map(|pair| Self::fixed(hash, ratio(pair))).collect()
    }

    /// A number in the fixed point of log-ratios.
    pub(crate) fn fixed(hash: Hash, number: f64) -> i64 {
        (number * f64::from(point(hash)).exp2()).round() as i64
    }

    /// The largest log-ratio that there may be, in fixed point: just below 32.
    pub(crate) fn largest(hash: Hash) -> i64 {
        (1 << (point(hash) + 5)) - 1
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
        match &self.table {
            Table::Short(_) => Self::log_weight_of(Hash::Dsir1, sum),
            Table::Long(_) => Self::log_weight_of(Hash::Sha256, sum),
        }
    }

    /// The log weight that a sum of log-ratios for this hash stands for.
    #[inline]
    pub(crate) fn log_weight_of(hash: Hash, sum: Sum) -> f64 {
        sum as f64 / f64::from(point(hash)).exp2()
    }
}

/// The sums of so few n-grams fit 64 bits.
const RUN: usize = 1 << 16;

#[inline]
fn add<T: Copy + Into<i64>>(table: &[T], buckets: &[u32], sums: &mut [Sum]) {
    let targets = sums.len();
    for run in buckets.chunks(RUN) {
        match sums {
            [sum] => *sum += Sum::from(sum_of(table, run)),
            _ => {
                for (first, sums) in (0..targets).step_by(4).zip(sums.chunks_mut(4)) {
                    let table = &table[first..];
                    match sums.len() {
                        4 => add_columns::<4, T>(table, targets, run, sums),
                        3 => add_columns::<3, T>(table, targets, run, sums),
                        2 => add_columns::<2, T>(table, targets, run, sums),
                        _ => add_columns::<1, T>(table, targets, run, sums),
                    }
                }
            }
        }
    }
}

/// The sum of what a table of one column has for these buckets.
#[inline]
pub(crate) fn sum_of<T: Copy + Into<i64>, B: Copy + Into<u32>>(table: &[T], buckets: &[B]) -> i64 {
    let of = |bucket: &B| -> i64 { table[(*bucket).into() as usize].into() };
    // Four sums do not wait for each other.
    let (fours, rest) = buckets.as_chunks::<4>();
    let mut sums = [0; 4];
    for four in fours {
        sums.iter_mut().zip(four).for_each(|(sum, bucket)| *sum += of(bucket));
    }
    sums.iter().sum::<i64>() + rest.iter().map(of).sum::<i64>()
}

/// Adds the first N columns of a table with rows of `targets` numbers, as far as this table begins with such a row.
#[inline]
fn add_columns<const N: usize, T: Copy + Into<i64>>(
    table: &[T],
    targets: usize,
    run: &[u32],
    sums: &mut [Sum],
) {
    let mut of_run = [0i64; N];
    for bucket in run {
        let row = &table[*bucket as usize * targets..][..N];
        of_run.iter_mut().zip(row).for_each(|(sum, ratio)| *sum += (*ratio).into());
    }
    sums.iter_mut().zip(of_run).for_each(|(sum, of_run)| *sum += Sum::from(of_run));
}

/// KL(p ‖ q) in nats, with ε = 1e-8 as in the log-ratios.
pub fn kl_divergence(p: &[f64], q: &[f64]) -> f64 {
    kl_divergence_with(p, q, EPSILON)
}

/// KL(p ‖ q) = Σ p · (ln(p + ε) − ln(q + ε)), in nats; ε must be positive and normal.
pub(crate) fn kl_divergence_with(p: &[f64], q: &[f64], epsilon: f64) -> f64 {
    p.iter().zip(q).map(|(p, q)| p * (ln(p + epsilon) - ln(q + epsilon))).sum()
}

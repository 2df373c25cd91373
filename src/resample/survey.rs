use super::{Error, Noise, Rule, Totals, scan};
use crate::weights::{Row, WeightsFile};

/// What there is to draw from.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// All records.
    pub records: u64,
    /// Those skipped as invalid when they were weighed.
    pub invalid: u64,
    /// Those with fewer tokens than asked for.
    pub too_short: u64,
    /// Those that may be drawn.
    pub eligible: Totals,
    /// The log weights of the eligible records, for each target.
    pub log_weights: Vec<LogWeights>,
}

impl Survey {
    /// Looks through `weights`, one file for each shard in input order.
    ///
    /// # Errors
    /// Weights that cannot be read.
    pub fn new(weights: &[WeightsFile], min_tokens: u32, temperature: f64) -> Result<Self, Error> {
        let targets = weights.first().map_or(1, |file| file.layout().targets());
        survey(weights, &Rule { min_tokens, temperature, noises: vec![Noise::new(0, 0, 0); targets] })
    }
}

/// The spread of log weights.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct LogWeights {
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub deviation: f64,
    /// (Σ v)² / Σ v² with v = exp(log weight / T): how many records of equal weight would be as
    /// varied a sample. `None` at temperature 0.
    pub effective_sample_size: Option<f64>,
}

/// Sums over the log weights of one piece, or of several in their order.
#[derive(Clone, Copy, Debug)]
struct Moments {
    count: f64,
    min: f64,
    max: f64,
    mean: f64,
    /// Σ (w − mean)².
    spread: f64,
    /// Σ exp((w − max) / T) and Σ exp(2 (w − max) / T).
    exps: [f64; 2],
}

impl Moments {
    const NONE: Moments = Moments {
        count: 0.0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
        mean: 0.0,
        spread: 0.0,
        exps: [0.0; 2],
    };

    fn of(log_weight: f64) -> Self {
        Moments {
            count: 1.0,
            min: log_weight,
            max: log_weight,
            mean: log_weight,
            spread: 0.0,
            exps: [1.0; 2],
        }
    }

    fn join(&self, other: &Moments, temperature: f64) -> Moments {
        if self.count == 0.0 || other.count == 0.0 {
            return if self.count == 0.0 { *other } else { *self };
        }
        let count = self.count + other.count;
        let apart = other.mean - self.mean;
        let max = self.max.max(other.max);
        let scale = |of: &Moments, times: f64| {
            if temperature > 0.0 { (times * (of.max - max) / temperature).exp() } else { 0.0 }
        };
        Moments {
            count,
            min: self.min.min(other.min),
            max,
            mean: self.mean + apart * (other.count / count),
            spread: self.spread + other.spread + apart * apart * (self.count * other.count / count),
            exps: [0, 1].map(|i| {
                let times = i as f64 + 1.0;
                self.exps[i] * scale(self, times) + other.exps[i] * scale(other, times)
            }),
        }
    }
}

/// What one thread has seen: counts, the piece under way, and the pieces that are through.
struct Seen {
    records: u64,
    invalid: u64,
    too_short: u64,
    eligible: Totals,
    piece: Vec<Moments>,
    pieces: Vec<(usize, Vec<Moments>)>,
}

pub(super) fn survey(weights: &[WeightsFile], rule: &Rule) -> Result<Survey, Error> {
    let targets = rule.noises.len();
    let none = || vec![Moments::NONE; targets];
    let start = || Seen {
        records: 0,
        invalid: 0,
        too_short: 0,
        eligible: Totals::default(),
        piece: none(),
        pieces: vec![],
    };
    let row = |seen: &mut Seen, _, row: &Row<'_>| {
        seen.records += 1;
        if row.log_weight(0) == f64::NEG_INFINITY {
            seen.invalid += 1;
        } else if !rule.is_eligible(row) {
            seen.too_short += 1;
        } else {
            seen.eligible.add_row(row);
            for (moments, log_weight) in seen.piece.iter_mut().zip(row.log_weights()) {
                *moments = moments.join(&Moments::of(log_weight), rule.temperature);
            }
        }
    };
    let after =
        |seen: &mut Seen, piece: usize| seen.pieces.push((piece, std::mem::replace(&mut seen.piece, none())));
    let threads = scan::scan(weights, start, row, after)?;

    let mut survey =
        Survey { records: 0, invalid: 0, too_short: 0, eligible: Totals::default(), log_weights: vec![] };
    let mut pieces = Vec::new();
    for seen in threads {
        survey.records += seen.records;
        survey.invalid += seen.invalid;
        survey.too_short += seen.too_short;
        survey.eligible.add(seen.eligible);
        pieces.extend(seen.pieces);
    }
    // Floating-point sums depend on their order: the input's, whatever the threads.
    pieces.sort_by_key(|(piece, _)| *piece);
    let mut sums = none();
    for (_, piece) in pieces {
        for (sum, moments) in sums.iter_mut().zip(piece) {
            *sum = sum.join(&moments, rule.temperature);
        }
    }
    survey.log_weights = sums.iter().map(|sum| spread(sum, rule.temperature)).collect();
    Ok(survey)
}

fn spread(moments: &Moments, temperature: f64) -> LogWeights {
    let [sum, squares] = moments.exps;
    LogWeights {
        min: moments.min,
        max: moments.max,
        mean: moments.mean,
        deviation: (moments.spread / moments.count).sqrt(),
        effective_sample_size: (temperature > 0.0).then_some(sum * sum / squares),
    }
}

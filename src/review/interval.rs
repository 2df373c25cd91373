//! How far the KL reduction may be by the choice of documents: the Poisson bootstrap.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, Poisson};
use rayon::prelude::*;

use crate::density::{EPSILON, Error, Model};
use crate::ln::ln;

/// By how much the KL reduction may be smaller or larger, 19 times in 20, if other documents of the same kind had been
/// selected: as many, so that it is held against what chance gives selections of this size.
///
/// The documents are put into blocks by their content hashes, copies together, and each replicate takes every block
/// so many times as a Poisson number with mean 1 says (Hanley and MacGibbon, 2006).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The half of its width: so many standard deviations as 19 in 20 are within.
    pub half_width: f64,
}

/// The replicates.
const REPLICATES: usize = 100;
/// So many standard deviations are passed one time in 20, on both sides together, where they are known from so many
/// blocks or more.
const DEVIATIONS: f64 = 1.98;
/// Buckets are gone through in pieces that fit a processor's cache with all blocks.
const PIECE: usize = 128;

/// For each target of `model`; none without blocks, which have so large a part of the selected documents. The deviation
/// of all is smaller than that of a part by the root of the part.
///
/// # Errors
/// A target without features.
pub(super) fn intervals(model: &Model, blocks: &[Vec<u64>], part: f64) -> Result<Vec<Interval>, Error> {
    let densities: Vec<Vec<f64>> =
        model.targets.iter().map(|target| model.target_density(target)).collect::<Result<_, _>>()?;
    let half_widths = half_widths(&densities, blocks).into_iter();
    Ok(half_widths.map(|of_part| Interval { half_width: of_part * part.sqrt() }).collect())
}

fn half_widths(densities: &[Vec<f64>], blocks: &[Vec<u64>]) -> Vec<f64> {
    let sizes: Vec<f64> = blocks.iter().map(|block| block.iter().sum::<u64>() as f64).collect();
    let Ok(poisson) = Poisson::new(1.0f32) else { return Vec::new() };
    if sizes.iter().sum::<f64>() == 0.0 {
        return Vec::new();
    }
    let mut random = StdRng::seed_from_u64(0);
    let mut replicates: Vec<(Vec<f32>, f64)> = Vec::with_capacity(REPLICATES);
    while replicates.len() < REPLICATES {
        let times: Vec<f32> = blocks.iter().map(|_| poisson.sample(&mut random)).collect();
        let size: f64 = times.iter().zip(&sizes).map(|(times, size)| f64::from(*times) * size).sum();
        // Of a few documents, none may be left.
        replicates.push((times, size.max(1.0)));
    }
    // KL(target ‖ selected) is a constant less Σ p ln(q + ε), of which each piece gives a part.
    let buckets = blocks.first().map_or(0, Vec::len);
    let starts: Vec<usize> = (0..buckets).step_by(PIECE).collect();
    let parts: Vec<Vec<f64>> = starts
        .par_iter()
        .map(|start| {
            let end = (start + PIECE).min(buckets);
            // Seven digits are more than a deviation needs.
            let piece: Vec<Vec<f32>> = blocks
                .iter()
                .map(|block| block[*start..end].iter().map(|count| *count as f32).collect())
                .collect();
            let mut sums = Vec::with_capacity(REPLICATES * densities.len());
            let mut of_replicate = vec![0.0f32; end - start];
            let mut logs = vec![0.0; end - start];
            for (times, size) in &replicates {
                of_replicate.fill(0.0);
                for (times, block) in times.iter().zip(&piece).filter(|(times, _)| **times > 0.0) {
                    of_replicate.iter_mut().zip(block).for_each(|(sum, count)| *sum += times * count);
                }
                let of_count = |count: &f32| ln(f64::from(*count) / size + EPSILON);
                logs.iter_mut().zip(&of_replicate).for_each(|(log, count)| *log = of_count(count));
                for density in densities {
                    sums.push(density[*start..end].iter().zip(&logs).map(|(p, log)| p * log).sum::<f64>());
                }
            }
            sums
        })
        .collect();
    let of_target = |target: usize| {
        let place = |replicate: usize| replicate * densities.len() + target;
        let values: Vec<f64> = (0..REPLICATES)
            .map(|replicate| parts.iter().map(|part| part[place(replicate)]).sum::<f64>())
            .collect();
        let mean = values.iter().sum::<f64>() / REPLICATES as f64;
        let variance =
            values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (REPLICATES - 1) as f64;
        DEVIATIONS * variance.sqrt()
    };
    (0..densities.len()).map(of_target).collect()
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    /// Selections from a population of documents, which are bursty: each has a few words of its own, again and again.
    struct Population {
        target: Vec<f64>,
        documents: Vec<Vec<usize>>,
    }

    const BUCKETS: usize = 300;

    impl Population {
        fn new(random: &mut StdRng) -> Self {
            let target: Vec<f64> = (0..BUCKETS).map(|bucket| 1.0 / (bucket + 1) as f64).collect();
            let sum: f64 = target.iter().sum();
            let document = |random: &mut StdRng| -> Vec<usize> {
                let own: Vec<usize> = (0..10).map(|_| random.random_range(0..BUCKETS)).collect();
                (0..60)
                    .map(|_| match random.random_range(0..2) {
                        0 => own[random.random_range(0..own.len())],
                        _ => (random.random::<f64>().powi(3) * BUCKETS as f64) as usize,
                    })
                    .collect()
            };
            let documents = (0..5000).map(|_| document(random)).collect();
            Population { target: target.iter().map(|p| p / sum).collect(), documents }
        }

        /// A selection, in blocks.
        fn select(&self, count: usize, random: &mut StdRng) -> Vec<Vec<u64>> {
            let mut blocks = vec![vec![0; BUCKETS]; 128];
            for _ in 0..count {
                let document = &self.documents[random.random_range(0..self.documents.len())];
                let block = &mut blocks[random.random_range(0..128)];
                document.iter().for_each(|bucket| block[*bucket] += 1);
            }
            blocks
        }

        /// The KL reduction, but for a constant.
        fn reduction(&self, blocks: &[Vec<u64>]) -> f64 {
            let counts: Vec<f64> =
                (0..BUCKETS).map(|bucket| blocks.iter().map(|block| block[bucket] as f64).sum()).collect();
            let size: f64 = counts.iter().sum();
            self.target.iter().zip(counts).map(|(p, count)| p * ln(count / size + EPSILON)).sum()
        }
    }

    #[test]
    fn the_interval_covers_the_truth_nineteen_times_in_twenty() {
        let mut random = StdRng::seed_from_u64(7);
        let population = Population::new(&mut random);
        // How many are selected, and how many of these are in blocks.
        for (count, in_blocks) in [(150, 150), (600, 600), (3000, 3000), (3000, 1500)] {
            // The truth: the mean over selections of this size.
            let selections = 400;
            let truth = (0..selections)
                .map(|_| population.reduction(&population.select(count, &mut random)))
                .sum::<f64>()
                / f64::from(selections);
            let trials = 300;
            let covered = (0..trials).filter(|_| {
                let mut blocks = population.select(in_blocks, &mut random);
                let of_part = half_widths(std::slice::from_ref(&population.target), &blocks)[0];
                let half_width = of_part * (in_blocks as f64 / count as f64).sqrt();
                blocks.extend(population.select(count - in_blocks, &mut random));
                (population.reduction(&blocks) - truth).abs() <= half_width
            });
            let covered = covered.count() as f64 / f64::from(trials);
            // Of 300 trials, 19 in 20 is 0.95 ± 0.013; three deviations and the rounding of so few replicates.
            assert!((0.90..=0.99).contains(&covered), "{count}, {in_blocks} in blocks: {covered}");
        }
    }

    #[test]
    fn nothing_is_told_of_nothing() {
        assert!(half_widths(&[vec![1.0]], &[]).is_empty());
        assert!(half_widths(&[vec![1.0]], &[vec![0], vec![0]]).is_empty());
    }
}

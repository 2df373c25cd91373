//! Statistical tests: each could fail, with a probability below one in a million if the draw is right.

use dsir::resample::{Budget, Draw, DrawOptions, Noise, Position};
use dsir::weights::{RowBlock, WeightsFile};
use rand::RngExt;
use rand::SeedableRng;
use rand_distr::Distribution;

use crate::corpus::Corpus;

/// A weights file as another tool would write it: log weights, hashes and tokens.
fn weights(corpus: &Corpus, rows: &[(f64, u64, u32)]) -> WeightsFile {
    let mut header = format!(
        "{{'descr': [('log_weight', '<f8'), ('record', '<u8'), ('tokens', '<u4'), ('bytes', '<u4')], \
         'fortran_order': False, 'shape': ({},), }}",
        rows.len()
    );
    header += &" ".repeat(181 - header.len());
    let mut bytes = [b"\x93NUMPY\x01\x00", &182u16.to_le_bytes()[..], header.as_bytes(), b"\n"].concat();
    assert_eq!(bytes.len(), 192);
    for (log_weight, record, tokens) in rows {
        bytes.extend(log_weight.to_le_bytes());
        bytes.extend(record.to_le_bytes());
        bytes.extend(tokens.to_le_bytes());
        bytes.extend(10u32.to_le_bytes());
    }
    WeightsFile::open(&corpus.write("weights.npy", bytes)).unwrap()
}

fn selected(file: &WeightsFile, options: &DrawOptions) -> Vec<u64> {
    let draw = Draw::new(std::slice::from_ref(file), None, options).unwrap();
    let mut block = RowBlock::default();
    file.read(0, file.rows() as usize, &mut block).unwrap();
    let times = |(record, row): (u64, _)| {
        let times = draw.selected_by(Position { shard: 0, record }, &row).count();
        std::iter::repeat_n(record, times)
    };
    (0..).zip(block.rows()).flat_map(times).collect()
}

/// The probability of each set of `k` of these items when they are drawn one after the other without
/// replacement, each in proportion to its weight: the sum over all orders.
fn exact_inclusion(weights: &[f64], k: usize) -> Vec<f64> {
    fn go(weights: &[f64], left: usize, taken: &mut Vec<usize>, p: f64, inclusion: &mut [f64]) {
        if left == 0 {
            taken.iter().for_each(|i| inclusion[*i] += p);
            return;
        }
        let sum: f64 = (0..weights.len()).filter(|i| !taken.contains(i)).map(|i| weights[i]).sum();
        for i in 0..weights.len() {
            if !taken.contains(&i) {
                taken.push(i);
                go(weights, left - 1, taken, p * weights[i] / sum, inclusion);
                taken.pop();
            }
        }
    }
    let mut inclusion = vec![0.0; weights.len()];
    go(weights, k, &mut Vec::new(), 1.0, &mut inclusion);
    inclusion
}

#[test]
fn inclusion_rates_are_those_of_sampling_without_replacement() {
    let corpus = Corpus::new();
    let log_weights = [0.0f64, 0.5, 1.0, -1.0, 2.0, -3.0];
    let hashes = [11u64, 0, u64::MAX, 1 << 63, 12345, 6];
    let rows: Vec<_> = log_weights.iter().zip(hashes).map(|(w, hash)| (*w, hash, 100)).collect();
    let file = weights(&corpus, &rows);
    for (k, temperature) in [(1, 1.0), (2, 1.0), (3, 1.0), (2, 2.0), (5, 0.5)] {
        let importance: Vec<f64> = log_weights.iter().map(|w| (w / temperature).exp()).collect();
        let exact = exact_inclusion(&importance, k);
        let draws = 20_000;
        let mut counts = [0u32; 6];
        for seed in 0..draws {
            let options = DrawOptions {
                budget: Budget::Records(k as u64),
                temperatures: vec![temperature],
                seed,
                ..Default::default()
            };
            selected(&file, &options).into_iter().for_each(|i| counts[i as usize] += 1);
        }
        for (count, p) in counts.iter().zip(exact) {
            let deviation = (draws as f64 * p * (1.0 - p)).sqrt();
            let z = (f64::from(*count) - draws as f64 * p) / deviation.max(1e-9);
            assert!(z.abs() < 5.5, "k = {k}, T = {temperature}: {count} of {draws}, expected {p}: z = {z}");
        }
    }
}

#[test]
fn repeats_are_draws_from_a_corpus_that_is_there_several_times() {
    let corpus = Corpus::new();
    let log_weights = [0.0f64, 0.5, 2.0, -1.0];
    let hashes = [11u64, 0, u64::MAX, 1 << 63];
    let rows: Vec<_> = log_weights.iter().zip(hashes).map(|(w, hash)| (*w, hash, 100)).collect();
    let file = weights(&corpus, &rows);
    for (k, repeat) in [(2, 2), (3, 2), (5, 2), (3, 3)] {
        let importance: Vec<f64> = log_weights.iter().map(|w| w.exp()).collect();
        let exact = exact_inclusion(&importance.repeat(repeat as usize), k);
        let draws = 20_000;
        let mut counts = [0u32; 4];
        for seed in 0..draws {
            let budget = Budget::Records(k as u64);
            let options = DrawOptions { budget, repeat, seed, ..Default::default() };
            selected(&file, &options).into_iter().for_each(|i| counts[i as usize] += 1);
        }
        for (record, count) in counts.iter().enumerate() {
            let times = exact.iter().skip(record).step_by(counts.len());
            let (mean, most) = times.fold((0.0, 0.0), |(mean, most), p| (mean + p, most + p * (1.0 - p)));
            // Being selected once makes it no likelier to be selected again: the variance is not above the sum.
            let deviation = (draws as f64 * most).sqrt();
            let z = (f64::from(*count) - draws as f64 * mean) / deviation.max(1e-9);
            assert!(
                z.abs() < 5.5,
                "k = {k}, up to {repeat} times: {count}, expected {mean} of {draws}: z = {z}"
            );
        }
    }
}

/// The largest distance between the distribution of `sample` and Gumbel(0, 1), times √n.
fn kolmogorov(mut sample: Vec<f64>) -> f64 {
    sample.sort_by(f64::total_cmp);
    let n = sample.len() as f64;
    let gaps = sample.iter().enumerate().map(|(i, g)| {
        let p = (-(-g).exp()).exp();
        (p - i as f64 / n).abs().max((p - (i + 1) as f64 / n).abs())
    });
    gaps.fold(0.0, f64::max) * n.sqrt()
}

#[test]
fn the_noise_is_gumbel_over_hashes_seeds_draws_and_targets() {
    let count = 200_000u64;
    let noise = Noise::new(3, 0, 0);
    let mut random = rand::rngs::StdRng::seed_from_u64(1);
    let samples: [Vec<f64>; 5] = [
        (0..count).map(|hash| noise.gumbel(hash)).collect(),
        (0..count).map(|hash| noise.gumbel(hash << 44)).collect(),
        (0..count).map(|_| noise.gumbel(random.random())).collect(),
        (0..count).map(|seed| Noise::new(seed, 0, 0).gumbel(99)).collect(),
        (0..count).map(|draw| Noise::new(0, draw, draw % 7).gumbel(99)).collect(),
    ];
    for sample in samples {
        let distance = kolmogorov(sample);
        assert!(distance < 2.7, "{distance}"); // 2 exp(-2 · 2.7²) < 1e-6
    }
    // The judge itself: it accepts another maker's Gumbel noise and refuses a slightly wrong one.
    let theirs = rand_distr::Gumbel::new(0.0, 1.0).unwrap();
    assert!(kolmogorov((0..count).map(|_| theirs.sample(&mut random)).collect()) < 2.7);
    let wrong = rand_distr::Gumbel::new(0.01, 1.0).unwrap();
    assert!(kolmogorov((0..count).map(|_| wrong.sample(&mut random)).collect::<Vec<f64>>()) > 1.5);
}

#[test]
fn noises_of_different_draws_and_targets_do_not_correlate() {
    let count = 200_000u64;
    let base = Noise::new(0, 0, 0);
    for other in [Noise::new(1, 0, 0), Noise::new(0, 1, 0), Noise::new(0, 0, 1), Noise::new(1 << 63, 0, 0)] {
        let (mean, variance) = (0.577_215_664_9, 1.644_934_066_8);
        let sum: f64 = (0..count)
            .map(|i| {
                let hash = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                (base.gumbel(hash) - mean) * (other.gumbel(hash) - mean)
            })
            .sum();
        let correlation = sum / count as f64 / variance;
        assert!(correlation.abs() < 5.5 / (count as f64).sqrt(), "{correlation}");
    }
}

/// The cut is guessed from a sample and found by counting; here it is held against plain sorting, with too many rows to
/// be sorted at once.
#[test]
fn the_cut_found_by_counting_is_that_of_sorting() {
    let count = 700_000u64;
    let mixed = |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ i << 40;
    // Weights as they are: the guess is right.
    let spread: Vec<_> =
        (0..count).map(|i| ((mixed(i) % 4001) as f64 / 7.0, mixed(i + 1), 1 + (i * i % 13) as u32)).collect();
    check_against_sorting(&spread, false);
    // In falling order, as a sorted corpus has them.
    let mut falling = spread;
    falling.sort_by(|a, b| b.0.total_cmp(&a.0));
    check_against_sorting(&falling, false);
    // So few different ones, in step with the sample, that the guess is wrong and very many keys are equal.
    let row =
        |i: u64| ((i % 5) as f64, (i % 1000).wrapping_mul(0x0123_4567_89AB_CDEF), 1 + (i * i % 13) as u32);
    let alike: Vec<_> = (0..count).map(row).collect();
    check_against_sorting(&alike, true);
}

fn check_against_sorting(rows: &[(f64, u64, u32)], all_budgets: bool) {
    let corpus = Corpus::new();
    let count = rows.len() as u64;
    let file = weights(&corpus, rows);
    for temperature in [0.0, 1.0] {
        let noise = Noise::new(9, 0, 0);
        let key = |i: u64| {
            let (weight, hash, _) = rows[i as usize];
            if temperature == 0.0 { weight } else { weight / temperature + noise.gumbel(hash) }
        };
        let keys: Vec<f64> = (0..count).map(key).collect();
        let mut order: Vec<u64> = (0..count).collect();
        let hash = |i: u64| rows[i as usize].1;
        order.sort_by(|a, b| {
            let by_key = keys[*b as usize].total_cmp(&keys[*a as usize]);
            by_key.then(hash(*a).cmp(&hash(*b))).then(a.cmp(b))
        });
        let tokens: u64 = rows.iter().map(|(_, _, tokens)| u64::from(*tokens)).sum();
        let budgets = [
            Budget::Records(123_456),
            Budget::Tokens(tokens / 3),
            Budget::Records(1),
            Budget::Records(count - 1),
            Budget::Records(count),
            Budget::Tokens(1000),
            Budget::Bytes(10 * 60_000 + 7),
        ];
        for budget in budgets.into_iter().take(if all_budgets { 7 } else { 3 }) {
            let mut left = match budget {
                Budget::Records(left) | Budget::Tokens(left) | Budget::Bytes(left) => left,
                Budget::Fraction(_) => unreachable!(),
            };
            let fits = |i: &&u64| {
                let price = match budget {
                    Budget::Tokens(_) => rows[**i as usize].2.into(),
                    Budget::Bytes(_) => 10,
                    _ => 1,
                };
                let fits = price <= left;
                left = left.saturating_sub(price);
                fits
            };
            let mut expected: Vec<u64> = order.iter().take_while(fits).copied().collect();
            let last = keys[*expected.last().unwrap() as usize];
            expected.sort_unstable();
            let options = DrawOptions {
                budget,
                temperatures: vec![temperature],
                seed: 9,
                min_tokens: 1,
                ..Default::default()
            };
            assert!(selected(&file, &options) == expected, "{budget}, T = {temperature}");
            let draw = Draw::new(std::slice::from_ref(&file), None, &options).unwrap();
            assert_eq!(draw.selections[0][0].threshold, Some(last), "{budget}, T = {temperature}");
            assert_eq!(draw.total_of(0).records, expected.len() as u64);
        }
    }
}

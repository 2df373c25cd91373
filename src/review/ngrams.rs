//! The n-grams that a selection has more and less of than what it was selected from, as words.

use ahash::{AHashMap, AHashSet};

use super::gather::Texts;
use crate::featurizer::Featurizers;
use crate::ln::ln;

/// The n-grams whose part has changed most surely.
#[derive(Clone, Debug, PartialEq)]
pub struct NgramShifts {
    /// Those that the selection has more of, the most telling first.
    pub raised: Vec<NgramShift>,
    /// Those that it has less of.
    pub lowered: Vec<NgramShift>,
    /// How many selected documents, and how many others, that is told by.
    pub documents: [usize; 2],
}

/// An n-gram that a selection has more or less of.
#[derive(Clone, Debug, PartialEq)]
pub struct NgramShift {
    /// Its tokens, with spaces between them.
    pub ngram: String,
    /// Of 10 000 n-grams of the same length of what is eligible, how many are this one.
    pub before: f64,
    /// Of as many of what was selected.
    pub after: f64,
}

/// So many are told in each direction.
const TOLD: usize = 20;
/// Longer n-grams are of no use to a reader.
const LONGEST: usize = 60;
/// An n-gram that no more documents have tells nothing.
const LEAST_DOCUMENTS: u32 = 3;
/// Added to counts before their logarithms are taken.
const PRIOR: f64 = 0.5;

/// How often an n-gram occurs, in how many documents: in the sample of the selected and in that of the others.
#[derive(Clone, Copy, Default)]
struct Occurrences {
    times: [u64; 2],
    documents: [u32; 2],
}

impl NgramShifts {
    /// From texts, if there are some on both sides; so large a part of the eligible was selected.
    pub(super) fn new(texts: &Texts, selected_share: f64, featurizers: &Featurizers) -> Option<Self> {
        let samples = texts.samples();
        let documents = [samples[0].len(), samples[1].len()];
        if documents.contains(&0) {
            return None;
        }
        let longest = usize::from(featurizers.space().ngrams).min(2);
        let mut found: AHashMap<Vec<u8>, Occurrences> = AHashMap::new();
        // For each length of n-grams, how many there are.
        let mut totals = [[0u64; 2]; 2];
        for (side, texts) in samples.iter().enumerate() {
            for text in texts {
                count(text, longest, side, featurizers, &mut found, &mut totals);
            }
        }
        let mut scored: Vec<(f64, NgramShift)> =
            found.iter().filter_map(|(ngram, of)| shift(ngram, *of, &totals, selected_share)).collect();
        let by_score = |a: &(f64, NgramShift), b: &(f64, NgramShift)| {
            b.0.total_cmp(&a.0).then_with(|| a.1.ngram.cmp(&b.1.ngram))
        };
        scored.sort_unstable_by(by_score);
        let raised: Vec<NgramShift> = scored
            .iter()
            .filter(|(score, _)| *score > 0.0)
            .take(TOLD)
            .map(|(_, shift)| shift.clone())
            .collect();
        let lowered = scored.iter().rev().filter(|(score, _)| *score < 0.0).take(TOLD);
        Some(NgramShifts { raised, lowered: lowered.map(|(_, shift)| shift.clone()).collect(), documents })
    }
}

fn count(
    text: &str,
    longest: usize,
    side: usize,
    featurizers: &Featurizers,
    found: &mut AHashMap<Vec<u8>, Occurrences>,
    totals: &mut [[u64; 2]; 2],
) {
    let mut seen: AHashSet<Vec<u8>> = AHashSet::new();
    let mut last: Vec<u8> = Vec::new();
    featurizers.tokens(text, |token| {
        for n in 1..=longest {
            let ngram = match n {
                1 => token.to_vec(),
                _ if last.is_empty() => continue,
                _ => [&last[..], b" ", token].concat(),
            };
            totals[n - 1][side] += 1;
            if ngram.len() > LONGEST {
                continue;
            }
            let of = found.entry(ngram.clone()).or_default();
            of.times[side] += 1;
            of.documents[side] += u32::from(seen.insert(ngram));
        }
        last.clear();
        last.extend_from_slice(token);
    });
}

/// How surely an n-gram is raised, above zero, or lowered: the difference of the logarithms of its parts, in standard
/// deviations that go by documents, since a word comes again where it came once.
fn shift(
    ngram: &[u8],
    of: Occurrences,
    totals: &[[u64; 2]; 2],
    selected_share: f64,
) -> Option<(f64, NgramShift)> {
    let Occurrences { times, documents } = of;
    if documents[0] + documents[1] < LEAST_DOCUMENTS {
        return None;
    }
    let length = if ngram.contains(&b' ') { 2 } else { 1 };
    let part = |side: usize| (times[side] as f64 + PRIOR) / (totals[length - 1][side] as f64 + 1.0);
    let [selected, others] = [part(0), part(1)];
    let spread = |side: usize| 1.0 / (f64::from(documents[side]) + PRIOR);
    let score = (ln(selected) - ln(others)) / (spread(0) + spread(1)).sqrt();
    let ngram = String::from_utf8_lossy(ngram).into_owned();
    let of_10_000 = |side: usize| 1e4 * times[side] as f64 / (totals[length - 1][side].max(1)) as f64;
    let (after, others) = (of_10_000(0), of_10_000(1));
    let before = selected_share * after + (1.0 - selected_share) * others;
    Some((score, NgramShift { ngram, before, after }))
}

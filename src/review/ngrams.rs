//! The n-grams that a selection has more and less of than what it was selected from, as words.

use ahash::AHashMap;

use super::gather::Texts;
use crate::featurizer::Featurizers;

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
/// An n-gram of fewer documents tells nothing.
const LEAST_DOCUMENTS: u32 = 3;
/// Of tens of thousands of n-grams, hardly one strays by so many deviations.
const SURE: f64 = 4.0;
/// Added to counts of which the variance is taken.
const PRIOR: f64 = 0.5;

/// How often an n-gram occurs: in the sample of the selected and in that of the others.
#[derive(Clone, Copy, Default)]
struct Occurrences {
    times: [u64; 2],
    documents: [u32; 2],
    /// Σ f and Σ f² over the documents, f being its part of the n-grams of the same length.
    parts: [[f64; 2]; 2],
    /// How often the document that is being read has it.
    now: u32,
}

impl Occurrences {
    /// Notes an occurrence, and whether it is the first in the document.
    fn see(&mut self) -> bool {
        self.now += 1;
        self.now == 1
    }

    /// Ends a document with so many n-grams of the same length.
    fn end(&mut self, side: usize, ngrams: u64) {
        let part = f64::from(self.now) / ngrams as f64;
        self.times[side] += u64::from(self.now);
        self.documents[side] += 1;
        self.parts[side][0] += part;
        self.parts[side][1] += part * part;
        self.now = 0;
    }
}

/// The n-grams of one and of two tokens in the texts so far.
struct Occurring {
    /// Tokens, by the numbers that stand for them.
    numbers: AHashMap<Vec<u8>, u32>,
    tokens: Vec<Occurrences>,
    pairs: AHashMap<[u32; 2], Occurrences>,
    /// For each length of n-grams, how many there are.
    totals: [[u64; 2]; 2],
    documents: [u32; 2],
}

impl Occurring {
    fn new() -> Self {
        let (numbers, pairs) = (AHashMap::new(), AHashMap::new());
        Occurring { numbers, tokens: Vec::new(), pairs, totals: [[0; 2]; 2], documents: [0; 2] }
    }

    fn count(&mut self, text: &str, side: usize, with_pairs: bool, featurizers: &Featurizers) {
        let Occurring { numbers, tokens, pairs, totals, documents } = self;
        documents[side] += 1;
        let (mut last, mut lengths) = (None, [0u64; 2]);
        let (mut new_tokens, mut new_pairs) = (Vec::new(), Vec::new());
        featurizers.tokens(text, |token| {
            let number = match numbers.get(token) {
                Some(number) => *number,
                None => {
                    numbers.insert(token.to_vec(), tokens.len() as u32);
                    tokens.push(Occurrences::default());
                    tokens.len() as u32 - 1
                }
            };
            lengths[0] += 1;
            if tokens[number as usize].see() {
                new_tokens.push(number);
            }
            if let Some(last) = last.filter(|_| with_pairs) {
                lengths[1] += 1;
                if pairs.entry([last, number]).or_default().see() {
                    new_pairs.push([last, number]);
                }
            }
            last = Some(number);
        });
        new_tokens.into_iter().for_each(|number| tokens[number as usize].end(side, lengths[0]));
        for pair in new_pairs {
            pairs.entry(pair).or_default().end(side, lengths[1]);
        }
        totals.iter_mut().zip(lengths).for_each(|(sums, length)| sums[side] += length);
    }

    /// All n-grams that are short enough and in some documents, each with its length in tokens.
    fn ngrams(&self) -> Vec<(Vec<u8>, usize, Occurrences)> {
        let mut names: Vec<&[u8]> = vec![&[]; self.tokens.len()];
        self.numbers.iter().for_each(|(token, number)| names[*number as usize] = token);
        let is_told = |length: usize, of: &Occurrences| {
            length <= LONGEST && of.documents[0] + of.documents[1] >= LEAST_DOCUMENTS
        };
        let mut ngrams = Vec::new();
        for (name, of) in names.iter().zip(&self.tokens).filter(|(name, of)| is_told(name.len(), of)) {
            ngrams.push((name.to_vec(), 1, *of));
        }
        for ([first, second], of) in &self.pairs {
            let (first, second) = (names[*first as usize], names[*second as usize]);
            if is_told(first.len() + 1 + second.len(), of) {
                ngrams.push(([first, b" ", second].concat(), 2, *of));
            }
        }
        ngrams
    }
}

impl NgramShifts {
    /// From texts, if there are some on both sides; so large a part of the eligible tokens was selected.
    pub(super) fn new(texts: &Texts, selected_share: f64, featurizers: &Featurizers) -> Option<Self> {
        let samples = texts.samples();
        let documents = [samples[0].len(), samples[1].len()];
        if documents.contains(&0) {
            return None;
        }
        let with_pairs = featurizers.space().ngrams > 1;
        let mut found = Occurring::new();
        for (side, texts) in samples.iter().enumerate() {
            texts.iter().for_each(|text| found.count(text, side, with_pairs, featurizers));
        }
        let ngrams = found.ngrams().into_iter();
        let mut scored: Vec<(f64, NgramShift)> = ngrams
            .map(|(ngram, length, of)| {
                shift(&ngram, of, found.totals[length - 1], found.documents, selected_share)
            })
            .collect();
        let by_score = |a: &(f64, NgramShift), b: &(f64, NgramShift)| {
            b.0.total_cmp(&a.0).then_with(|| a.1.ngram.cmp(&b.1.ngram))
        };
        scored.sort_unstable_by(by_score);
        let raised: Vec<NgramShift> = scored
            .iter()
            .filter(|(score, _)| *score > SURE)
            .take(TOLD)
            .map(|(_, shift)| shift.clone())
            .collect();
        let lowered = scored.iter().rev().filter(|(score, _)| *score < -SURE).take(TOLD);
        Some(NgramShifts { raised, lowered: lowered.map(|(_, shift)| shift.clone()).collect(), documents })
    }
}

/// How surely an n-gram is raised, above zero, or lowered: the difference of its mean parts of a document, in standard
/// deviations of that. A word comes again where it came once, so documents are counted, not words.
fn shift(
    ngram: &[u8],
    Occurrences { times, parts, .. }: Occurrences,
    totals: [u64; 2],
    documents: [u32; 2],
    selected_share: f64,
) -> (f64, NgramShift) {
    let mean_and_variance = |side: usize| {
        let ([sum, squares], count) = (parts[side], f64::from(documents[side].max(1)));
        let mean = sum / count;
        // What chance does to a few words in documents that are alike is not less.
        let by_words = (times[side] as f64 + PRIOR) / (totals[side].max(1) as f64).powi(2);
        (mean, (squares / count - mean * mean).max(0.0) / count + by_words)
    };
    let ([selected, others], variance) = {
        let [(selected, one), (others, other)] = [mean_and_variance(0), mean_and_variance(1)];
        ([selected, others], one + other)
    };
    let score = (selected - others) / variance.sqrt();
    let ngram = String::from_utf8_lossy(ngram).into_owned();
    let of_10_000 = |side: usize| 1e4 * times[side] as f64 / totals[side].max(1) as f64;
    let (after, others) = (of_10_000(0), of_10_000(1));
    let before = selected_share * after + (1.0 - selected_share) * others;
    (score, NgramShift { ngram, before, after })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::featurizer::FeatureSpace;

    #[test]
    fn what_is_in_many_documents_tells_more_than_what_is_often_in_one() {
        let featurizers = Featurizers::new(FeatureSpace::default(), None).unwrap();
        let mut found = Occurring::new();
        for i in 0..20 {
            let gulls = "gull ".repeat(if i < 3 { 40 } else { 0 });
            found.count(&format!("the sea rises {gulls}"), 0, true, &featurizers);
            found.count("the tax rises", 1, true, &featurizers);
        }
        let ngrams = found.ngrams().into_iter();
        let shifts: AHashMap<String, (f64, NgramShift)> = ngrams
            .map(|(ngram, length, of)| shift(&ngram, of, found.totals[length - 1], found.documents, 0.25))
            .map(|(score, shift)| (shift.ngram.clone(), (score, shift)))
            .collect();
        let score = |ngram: &str| shifts[ngram].0;
        assert!(score("sea") > score("gull") && score("gull") > 0.0 && score("the sea") > 0.0);
        assert!(score("tax") < 0.0 && score("tax rises") < 0.0);
        // Of 60 tokens and 120 gulls, 20 are `the`: 1e4 · 20 / 180 after; of the others, a third.
        let the = &shifts["the"].1;
        assert!((the.after - 1e4 / 9.0).abs() < 1e-6);
        assert!((the.before - (0.25 * 1e4 / 9.0 + 0.75 * 1e4 / 3.0)).abs() < 1e-6);
        assert!(!shifts.contains_key("rises the"), "no n-gram goes over the end of a document");
    }
}

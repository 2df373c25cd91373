//! Why a document has its log weight: the n-grams, and what each adds to it.
//!
//! A log weight is a sum of log-ratios in fixed point (DSIR, section 4.1), so that it can be taken apart without rest.

mod words;

pub use words::Word;

use std::collections::HashMap;

use serde::Serialize;

use crate::density::{Error, LogRatios, Model, Sum};
use crate::featurizer::Featurizers;

/// What a document's log weights are made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The number of tokens.
    pub tokens: u64,
    /// The log weights, one for each target.
    pub log_weights: Vec<f64>,
    /// The different n-grams, in the order in which they come first.
    pub ngrams: Vec<NgramPart>,
    /// The tokens where they stand in the text.
    pub words: Vec<Word>,
}

/// An n-gram of a document and its part in the log weights.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NgramPart {
    /// Its tokens, with spaces between them.
    pub ngram: String,
    /// How often it occurs.
    pub count: u64,
    /// The bucket it falls into.
    pub bucket: u32,
    /// What all of its occurrences add to the log weights, one for each target. These parts add up to the log weights
    /// exactly, in whatever order, as long as no sum is beyond 2^26 (2^12 with `sha256`).
    pub parts: Vec<f64>,
    /// Other n-grams of the document in the same bucket, by their places, up to a hundred: the model cannot tell them
    /// apart.
    pub same_bucket: Vec<usize>,
}

impl Explanation {
    /// Takes apart the log weights of `text`.
    ///
    /// ```
    /// use dsir::density::Model;
    /// use dsir::explain::Explanation;
    /// use dsir::featurizer::{FeatureSpace, Featurizers};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let featurizers = Featurizers::new(FeatureSpace::default(), None)?;
    /// let model = Model::of_texts(["tax form", "the sea"], ["the tide of the sea"], &featurizers)?;
    /// let explanation = Explanation::new("The sea", &model, &featurizers)?;
    /// let ngrams: Vec<&str> = explanation.ngrams.iter().map(|part| part.ngram.as_str()).collect();
    /// assert_eq!(ngrams, ["the", "sea", "the sea"]);
    /// let sum: f64 = explanation.ngrams.iter().map(|part| part.parts[0]).sum();
    /// assert_eq!(sum, explanation.log_weights[0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A partial model.
    pub fn new(text: &str, model: &Model, featurizers: &Featurizers) -> Result<Self, Error> {
        Ok(Self::of(text, model, &model.log_ratios()?, featurizers))
    }

    /// The same with the model's log-ratios, which take a while to make.
    pub fn of(text: &str, model: &Model, log_ratios: &LogRatios, featurizers: &Featurizers) -> Self {
        let mut tokens: Vec<Vec<u8>> = Vec::new();
        featurizers.tokens(text, |token| tokens.push(token.to_vec()));
        let targets = log_ratios.targets();
        let mut ngrams: Vec<NgramPart> = Vec::new();
        let mut sums: Vec<Vec<Sum>> = Vec::new();
        let mut known: HashMap<&[Vec<u8>], usize> = HashMap::new();
        let mut of_words = vec![vec![0.0; targets]; tokens.len()];
        let mut total = vec![0; targets];
        for end in 1..=tokens.len() {
            for n in 1..=usize::from(model.space.ngrams).min(end) {
                let range = end - n..end;
                let bucket = model.space.bucket(&tokens[range.clone()]);
                let mut once = vec![0; targets];
                log_ratios.add(&[bucket], &mut once);
                let place = *known.entry(&tokens[range.clone()]).or_insert_with(|| {
                    let words: Vec<_> =
                        tokens[range.clone()].iter().map(|token| String::from_utf8_lossy(token)).collect();
                    let ngram = words.join(" ");
                    ngrams.push(NgramPart {
                        ngram,
                        count: 0,
                        bucket,
                        parts: Vec::new(),
                        same_bucket: Vec::new(),
                    });
                    sums.push(vec![0; targets]);
                    ngrams.len() - 1
                });
                ngrams[place].count += 1;
                for (target, once) in once.into_iter().enumerate() {
                    sums[place][target] += once;
                    total[target] += once;
                    let share = log_ratios.log_weight(once) / n as f64;
                    range.clone().for_each(|word| of_words[word][target] += share);
                }
            }
        }
        let as_log_weights = |sums: &[Sum]| sums.iter().map(|sum| log_ratios.log_weight(*sum)).collect();
        ngrams.iter_mut().zip(&sums).for_each(|(ngram, sums)| ngram.parts = as_log_weights(sums));
        note_shared_buckets(&mut ngrams);
        Explanation {
            tokens: tokens.len() as u64,
            log_weights: as_log_weights(&total),
            ngrams,
            words: words::find(text, model.space.takes_text_as_it_is(), &tokens, of_words),
        }
    }
}

/// So many n-grams are told that share a bucket with one.
const MOST_OTHERS: usize = 100;

impl Explanation {
    /// The n-grams that raise the log weight for a target if `sign` is 1, or lower it if it is −1, those first that do
    /// so most; none if there is no such target.
    pub fn most_telling(&self, target: usize, sign: f64) -> Vec<&NgramPart> {
        let of = |part: &NgramPart| part.parts.get(target).map_or(0.0, |part| part * sign);
        let mut telling: Vec<&NgramPart> = self.ngrams.iter().filter(|part| of(part) > 0.0).collect();
        telling.sort_by(|a, b| of(b).total_cmp(&of(a)));
        telling
    }

    /// What they add to it, all together.
    pub fn sum_of(&self, target: usize, sign: f64) -> f64 {
        let parts = self.ngrams.iter().filter_map(|ngram| ngram.parts.get(target));
        parts.filter(|part| **part * sign > 0.0).sum()
    }
}

fn note_shared_buckets(ngrams: &mut [NgramPart]) {
    let mut of_bucket: HashMap<u32, Vec<usize>> = HashMap::new();
    for (place, ngram) in ngrams.iter().enumerate() {
        of_bucket.entry(ngram.bucket).or_default().push(place);
    }
    for places in of_bucket.into_values().filter(|places| places.len() > 1) {
        for place in &places {
            let others = places.iter().copied().filter(|other| other != place);
            ngrams[*place].same_bucket = others.take(MOST_OTHERS).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::featurizer::{FeatureSpace, Hash, Tokenizer};

    fn space(tokenizer: Tokenizer, hash: Hash) -> FeatureSpace {
        FeatureSpace { tokenizer, hash, ngrams: 3, buckets: 100, ..FeatureSpace::default() }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

        #[test]
        fn the_parts_add_up_to_the_log_weight_to_the_last_bit(text in "[a-d .,ΣİßÄ\n]{0,80}") {
            for tokenizer in [Tokenizer::Wordpunct, Tokenizer::Unicode, Tokenizer::Bytes] {
                for hash in [Hash::Dsir1, Hash::Sha256] {
                    let featurizers = Featurizers::new(space(tokenizer, hash), None).unwrap();
                    let (raw, target) = (["a b c d e", "Σας . ,", "x y"], ["a b, ss d"]);
                    let model = Model::of_texts(raw, target, &featurizers).unwrap();
                    let explanation = Explanation::new(&text, &model, &featurizers).unwrap();
                    let weighed = model.log_weights(&[&text], &featurizers).unwrap();
                    prop_assert_eq!(&explanation.log_weights[..], weighed.row(0));
                    prop_assert_eq!(explanation.tokens, u64::from(weighed.tokens[0]));
                    let sum: f64 = explanation.ngrams.iter().map(|ngram| ngram.parts[0]).sum();
                    prop_assert_eq!(sum, weighed.row(0)[0]);
                    for word in &explanation.words {
                        prop_assert!(text.is_char_boundary(word.start) && text.is_char_boundary(word.end));
                    }
                }
            }
        }
    }

    #[test]
    fn n_grams_in_one_bucket_are_told() {
        let space = FeatureSpace { buckets: 2, ..FeatureSpace::default() };
        let featurizers = Featurizers::new(space, None).unwrap();
        let model = Model::of_texts(["a b c"], ["a c"], &featurizers).unwrap();
        let explanation = Explanation::new("a b a", &model, &featurizers).unwrap();
        let counts: Vec<_> =
            explanation.ngrams.iter().map(|part| (part.ngram.as_str(), part.count)).collect();
        assert_eq!(counts, [("a", 2), ("b", 1), ("a b", 1), ("b a", 1)]);
        for part in &explanation.ngrams {
            let same = |other: &&usize| explanation.ngrams[**other].bucket == part.bucket;
            assert_eq!(part.same_bucket.iter().filter(same).count(), part.same_bucket.len());
        }
        assert!(explanation.ngrams.iter().any(|part| !part.same_bucket.is_empty()), "four in two buckets");
    }
}

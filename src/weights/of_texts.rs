//! Log weights of texts that are in memory.

use rayon::prelude::*;

use super::{RowFields, Rows, Weigher};
use crate::density::{Error, LogRatios, Model};
use crate::featurizer::Featurizers;
use crate::reader::content_hash;

/// The log weights and tokens of some texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WeighedTexts {
    /// How many log weights each text has: one for each target.
    pub targets: usize,
    /// The log weights, text after text.
    pub log_weights: Vec<f64>,
    /// The number of tokens of each text.
    pub tokens: Vec<u32>,
}

impl WeighedTexts {
    /// The log weights of a text, one for each target.
    pub fn row(&self, text: usize) -> &[f64] {
        &self.log_weights[text * self.targets..][..self.targets]
    }

    /// The log weights and the number of tokens of each text.
    pub fn iter(&self) -> impl Iterator<Item = (&[f64], u32)> {
        self.log_weights.chunks(self.targets.max(1)).zip(self.tokens.iter().copied())
    }

    /// Rows to draw from, as `dsir weigh` writes them. `records` are the bytes of the record of each text, without the
    /// newline: the line of JSON, or the text itself. The noise of a record is made of their content hash.
    ///
    /// # Errors
    /// Another number of records than of texts.
    pub fn rows<R: AsRef<[u8]>>(&self, records: &[R]) -> Result<Rows, super::Error> {
        let mut rows = Rows::new(self.targets);
        if self.tokens.len() != records.len() {
            let row = self.tokens.len().min(records.len()) as u64;
            return Err(super::Error::RowInMemory { row });
        }
        for ((log_weights, tokens), record) in self.iter().zip(records) {
            let record = record.as_ref();
            let bytes = u32::try_from(record.len() + 1).unwrap_or(u32::MAX);
            rows.push(log_weights, RowFields { record: content_hash(record), tokens, bytes, group: None })?;
        }
        Ok(rows)
    }
}

/// So many texts are a task.
const TASK: usize = 64;

/// The log weights and the tokens of each text, on all threads of the rayon pool this is called in. The log-ratios must
/// be of the featurizers' space.
pub fn weigh_texts<T: AsRef<str> + Sync>(
    texts: &[T],
    featurizers: &Featurizers,
    log_ratios: &LogRatios,
) -> WeighedTexts {
    let targets = log_ratios.targets();
    let begin = || Weigher::new(featurizers, log_ratios);
    let tasks = texts.par_chunks(TASK).map_init(begin, |weigher, texts| {
        let mut weighed = WeighedTexts { targets, ..WeighedTexts::default() };
        for text in texts {
            let (tokens, log_weights) = weigher.weigh(text.as_ref());
            weighed.log_weights.extend(log_weights);
            weighed.tokens.push(u32::try_from(tokens).unwrap_or(u32::MAX));
        }
        weighed
    });
    let tasks: Vec<WeighedTexts> = tasks.collect();
    let mut all = WeighedTexts { targets, ..WeighedTexts::default() };
    for task in tasks {
        all.log_weights.extend(task.log_weights);
        all.tokens.extend(task.tokens);
    }
    all
}

impl Model {
    /// The log weight of each text for each target, and its tokens; on all threads of the rayon pool this is called in.
    /// To weigh more than once, make the log-ratios once and call [`weigh_texts`].
    ///
    /// # Errors
    /// A partial model; featurizers of another feature space.
    pub fn log_weights<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        featurizers: &Featurizers,
    ) -> Result<WeighedTexts, Error> {
        if featurizers.space() != self.space {
            return Err(Error::FeatureSpaces { first: self.space, second: featurizers.space() });
        }
        Ok(weigh_texts(texts, featurizers, &self.log_ratios()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::featurizer::FeatureSpace;

    #[test]
    fn in_order_on_any_number_of_threads() {
        let featurizers = Featurizers::new(FeatureSpace::default(), None).unwrap();
        let texts: Vec<String> =
            (0..1000).map(|i| format!("the sea {} and {}", i % 7, "tide ".repeat(i % 5))).collect();
        let model = Model::of_texts(&texts, ["the tide of the sea"], &featurizers).unwrap();
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| model.log_weights(&texts, &featurizers)).unwrap()
        };
        let one = on(1);
        assert_eq!(one, on(3));
        assert_eq!((one.iter().count(), one.tokens[0], one.tokens[4]), (1000, 4, 8));
        let other = Featurizers::new(FeatureSpace { ngrams: 1, ..FeatureSpace::default() }, None).unwrap();
        assert!(model.log_weights(&texts, &other).is_err());
    }
}

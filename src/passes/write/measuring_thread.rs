use super::Measuring;
use crate::density::Counts;
use crate::featurizer::{Featurizer, Featurizers};
use crate::overlap::EvaluationSets;
use crate::passes::selected::TextHashes;
use crate::reader::TextReader;
use crate::review::{GatheringThread, Reading};

/// Counts the features of what is selected.
pub(super) struct MeasuringThread<'a> {
    texts: TextReader<'a>,
    featurizer: Featurizer,
    /// Of each draw.
    pub(super) counts: Vec<Counts>,
    target: Option<&'a TextHashes>,
    /// Of some texts of the target.
    long_ngrams: Option<&'a EvaluationSets>,
    /// How many records of the first draw have a text of the target.
    pub(super) of_target: u64,
    /// How many others share a long n-gram with it.
    pub(super) sharing_target: u64,
}

impl<'a> MeasuringThread<'a> {
    /// Of what so many draws select.
    pub(super) fn new(
        featurizers: &Featurizers,
        with: Measuring<'a>,
        long_ngrams: Option<&'a EvaluationSets>,
        draws: usize,
    ) -> Self {
        let space = featurizers.space();
        let featurizer = featurizers.featurizer();
        MeasuringThread {
            texts: TextReader::of_kind(&with.read.fields, space.tokenizer.field_kind()),
            featurizer: if long_ngrams.is_some() { featurizer.with_token_hashes() } else { featurizer },
            counts: vec![Counts::new(space.buckets); draws],
            target: with.target,
            long_ngrams,
            of_target: 0,
            sharing_target: 0,
        }
    }

    /// Counts a record that these draws have selected, each as often as it stands there, and has its text gathered if
    /// that is wanted.
    pub(super) fn count(
        &mut self,
        record: &[u8],
        draws: &[usize],
        mut gathering: Option<(Reading, &mut GatheringThread<'_>)>,
    ) {
        let MeasuringThread { texts, featurizer, counts, target, long_ngrams, of_target, sharing_target } =
            self;
        if let Ok(text) = texts.text(record) {
            let is_of_first = draws.contains(&0);
            let is_of_target = is_of_first && target.is_some_and(|target| target.holds(&text));
            *of_target += u64::from(is_of_target);
            if let Some((reading, gathering)) = &mut gathering {
                gathering.begin(*reading, &text);
            }
            featurizer.featurize(&text, |buckets| {
                if let Some((_, gathering)) = &mut gathering {
                    gathering.features(buckets);
                }
                for draw in draws {
                    buckets.iter().for_each(|bucket| counts[*draw].counts[*bucket as usize] += 1);
                }
            });
            if let Some(long_ngrams) = long_ngrams.filter(|_| is_of_first && !is_of_target) {
                let mut shares = false;
                long_ngrams.find(featurizer.token_hashes(), |_, _| shares = true);
                *sharing_target += u64::from(shares);
            }
        }
    }
}

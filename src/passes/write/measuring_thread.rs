use super::Measuring;
use crate::density::Counts;
use crate::featurizer::{Featurizer, Featurizers};
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
    /// How many records of the first draw have a text of the target.
    pub(super) of_target: u64,
}

impl<'a> MeasuringThread<'a> {
    /// Of what so many draws select.
    pub(super) fn new(featurizers: &Featurizers, with: Measuring<'a>, draws: usize) -> Self {
        let space = featurizers.space();
        MeasuringThread {
            texts: TextReader::of_kind(&with.read.fields, space.tokenizer.field_kind()),
            featurizer: featurizers.featurizer(),
            counts: vec![Counts::new(space.buckets); draws],
            target: with.target,
            of_target: 0,
        }
    }

    /// Counts a record that these draws have selected, each as often as it stands there, and has its text gathered if that is wanted.
    pub(super) fn count(
        &mut self,
        record: &[u8],
        draws: &[usize],
        mut gathering: Option<(Reading, &mut GatheringThread<'_>)>,
    ) {
        let MeasuringThread { texts, featurizer, counts, target, of_target } = self;
        if let Ok(text) = texts.text(record) {
            if draws.contains(&0) && target.is_some_and(|target| target.holds(&text)) {
                *of_target += 1;
            }
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
        }
    }
}

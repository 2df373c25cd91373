//! Counts targets, and halves of them.

use super::count::{CountInput, Watch, count_watched};
use super::documents::{Hashed, ReadReport};
use super::rejects::Rejects;
use super::selected::TextHashes;
use super::{ReadOptions, TargetShards};
use crate::density::{Counts, Target};
use crate::error::Error;
use crate::featurizer::FeatureSpace;
use crate::observer::Observer;
use crate::reader::Shards;

/// Counts everything in a target, and notes its texts.
///
/// # Errors
/// Shards that cannot be read, or without a document.
pub(crate) fn count_target(
    target: &TargetShards,
    space: FeatureSpace,
    read: &ReadOptions,
    rejects: Option<&mut Rejects>,
    observer: &Observer,
) -> Result<(Target, TextHashes, ReadReport), Error> {
    let (target, report, watches) =
        count_watching(target, space, read, TextHashes::default, rejects, observer)?;
    Ok((target, joined(&watches), report))
}

/// Reads all documents once, to find what is wrong with them. Errors call them `what`.
///
/// # Errors
/// Shards that cannot be read, or without a document.
pub(crate) fn check_documents(
    shards: &Shards,
    what: &str,
    space: FeatureSpace,
    read: &ReadOptions,
    rejects: Option<&mut Rejects>,
    observer: &Observer,
) -> Result<ReadReport, Error> {
    observer.begin("against", shards.total_bytes());
    let read = &read.without_ids();
    let all = CountInput { what, shards, space, read, only: None };
    let (_, report, _) = count_watched(all, || (), rejects, observer)?;
    Ok(report)
}

/// A target, counted as a whole and by half.
#[derive(Clone, Debug)]
pub(crate) struct CountedTarget {
    /// All its documents.
    pub target: Target,
    /// The counts of one half of them.
    pub half: Counts,
    /// Their texts.
    pub texts: TextHashes,
    /// How it was read.
    pub report: ReadReport,
}

/// Counts everything in a target, and separately one half of its documents, chosen by their content.
///
/// # Errors
/// Shards that cannot be read, or without a document.
pub(crate) fn count_target_and_half(
    target: &TargetShards,
    space: FeatureSpace,
    read: &ReadOptions,
    rejects: Option<&mut Rejects>,
    observer: &Observer,
) -> Result<CountedTarget, Error> {
    let watch =
        || Half { counts: Counts::new(space.buckets), is_in_half: false, texts: TextHashes::default() };
    let (target, report, watches) = count_watching(target, space, read, watch, rejects, observer)?;
    let mut half = Counts::new(space.buckets);
    watches.iter().try_for_each(|watch| half.add(&watch.counts))?;
    Ok(CountedTarget { target, half, texts: joined(watches.iter().map(|watch| &watch.texts)), report })
}

fn count_watching<W: Watch>(
    target: &TargetShards,
    space: FeatureSpace,
    read: &ReadOptions,
    watch: impl Fn() -> W + Sync,
    rejects: Option<&mut Rejects>,
    observer: &Observer,
) -> Result<(Target, ReadReport, Vec<W>), Error> {
    observer.begin("target", target.shards.total_bytes());
    let what = format!("target `{}`", target.name);
    let read = &read.without_ids();
    let all = CountInput { what: &what, shards: &target.shards, space, read, only: None };
    let (counts, report, watches) = count_watched(all, watch, rejects, observer)?;
    Ok((Target { name: target.name.clone(), counts, learned: None }, report, watches))
}

fn joined<'a>(watches: impl IntoIterator<Item = &'a TextHashes>) -> TextHashes {
    let mut texts = TextHashes::default();
    watches.into_iter().for_each(|more| texts.join(more));
    texts
}

/// Sees nothing.
impl Watch for () {}

impl Watch for TextHashes {
    fn document(&mut self, _: Hashed<'_>, text: &str, _: u64) {
        self.add(text);
    }
}

/// Counts the documents whose content hash is odd, so that copies of a document are all in one half.
struct Half {
    counts: Counts,
    /// Whether the current document is in this half.
    is_in_half: bool,
    /// The texts of all documents.
    texts: TextHashes,
}

impl Watch for Half {
    fn begin(&mut self, record: Hashed<'_>) {
        self.is_in_half = record.hash % 2 == 1;
    }

    fn features(&mut self, buckets: &[u32]) {
        if self.is_in_half {
            buckets.iter().for_each(|bucket| self.counts.counts[*bucket as usize] += 1);
        }
    }

    fn document(&mut self, _: Hashed<'_>, text: &str, tokens: u64) {
        self.texts.add(text);
        if self.is_in_half {
            self.counts.documents += 1;
            self.counts.tokens += tokens;
        }
    }
}

//! Which records may be drawn, and which are drawn together: what the text alone does not tell.

use std::fmt;
use std::sync::Arc;

use super::documents::Hashed;
use crate::featurizer::{Punkt, WordTokenizer};
use crate::quality::{Quality, QualityBounds};
use crate::reader::{Condition, Conditions, FieldPath, content_hash, field_text};
use crate::resample::{Groups, group_id, mix_in_id};
use crate::warning::AskedBy;
use crate::weights::{ConditionParts, Layout, RecordId, StoredConditions, StoredQuality};

/// What is asked of every record while it is weighed.
#[derive(Clone, Default)]
pub struct Filter {
    /// A record that they do not hold for is left out of the draw.
    pub conditions: Conditions,
    /// A record whose text is not within these bounds is left out; the sentence model is for its tokens.
    pub quality: Option<(QualityBounds, Arc<Punkt>)>,
    /// Records with the same value here make up a group.
    pub group_by: Option<FieldPath>,
    /// The sets of what is mixed in. A record belongs to the first that holds for it, and then to no group; nothing
    /// else is asked of it.
    pub mix_in: Vec<Conditions>,
    /// Whether of the records with the same text, one alone may be drawn: that with the least content hash.
    pub unique: bool,
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fingerprint())
    }
}

/// What one thread holds.
pub(super) struct FilterThread {
    /// The groups met.
    pub(super) groups: Groups,
    quality: Option<Quality>,
}

/// What is known of one record.
pub(super) struct Verdict {
    pub(super) is_left_out: bool,
    /// Whether it belongs to a set that is mixed in, whatever its weight.
    pub(super) is_mixed_in: bool,
    /// None if nothing is told apart.
    pub(super) group: Option<u64>,
}

impl Verdict {
    /// Whether it may be drawn by its weight.
    pub(super) fn is_drawn_by_weight(&self) -> bool {
        !self.is_left_out && !self.is_mixed_in
    }
}

impl Filter {
    /// The group of records whose field has no value, or one that is no string, number, true or false.
    pub const NO_VALUE: &str = "(none)";

    /// Whether everything is admitted, and nothing told apart.
    pub fn is_plain(&self) -> bool {
        self.conditions.is_empty() && self.quality.is_none() && !self.is_grouped() && !self.unique
    }

    /// Begins a thread.
    pub(super) fn thread(&self) -> FilterThread {
        let measure = |(_, punkt): &(_, Arc<Punkt>)| Quality::new(WordTokenizer::new(Arc::clone(punkt)));
        FilterThread { groups: Groups::new(), quality: self.quality.as_ref().map(measure) }
    }

    fn is_grouped(&self) -> bool {
        self.group_by.is_some() || !self.mix_in.is_empty()
    }

    /// The layout of weights for so many targets.
    pub(super) fn layout(&self, targets: usize) -> Layout {
        let layout = Layout::own(targets, self.is_grouped());
        if self.unique { layout.with_text() } else { layout }
    }

    /// How many bytes of weights a record has, for so many targets.
    pub(crate) fn bytes_of_row(&self, targets: usize) -> u64 {
        self.layout(targets).bytes() as u64
    }

    /// What an earlier run must have asked for.
    pub(super) fn fingerprint(&self) -> String {
        let Filter { conditions, quality, group_by, mix_in, unique } = self;
        let quality = quality.as_ref().map(|(bounds, punkt)| (bounds, punkt.fingerprint()));
        format!("{conditions:?} {quality:?} {group_by:?} {mix_in:?}{}", if *unique { " unique" } else { "" })
    }

    /// The conditions as they are kept with weights that were made under them.
    pub(crate) fn stored(&self, clean_of: Option<u64>) -> StoredConditions {
        let parts = |condition: &Condition| {
            let (field, operator, value) = condition.parts();
            (field, operator.to_owned(), value.to_owned())
        };
        let quality = self.quality.as_ref().map(|(bounds, punkt)| StoredQuality {
            bounds: bounds.to_string(),
            punkt: format!("{:016x}", punkt.fingerprint()),
        });
        let (wanted, unwanted) = (self.conditions.wanted(), self.conditions.unwanted());
        StoredConditions::InParts(ConditionParts {
            wanted: wanted.map(parts).collect(),
            unwanted: unwanted.map(parts).collect(),
            quality,
            clean_of: clean_of.map(|fingerprint| format!("{fingerprint:016x}")),
        })
    }

    /// The fields that must be there, each with what asks for it.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (AskedBy, FieldPath)> {
        let mixed_in = self.mix_in.iter().flat_map(Conditions::wanted);
        let mixed_in = mixed_in.map(|condition| (AskedBy::MixIn, condition.field().clone()));
        let groups = self.group_by.iter().map(|field| (AskedBy::GroupBy, field.clone()));
        fields_of(&self.conditions).chain(mixed_in).chain(groups)
    }

    /// Looks at a record and its text.
    pub(super) fn check(&self, record: &[u8], text: &str, thread: &mut FilterThread) -> Verdict {
        let FilterThread { groups, quality } = thread;
        if let Some(set) = self.mix_in.iter().position(|conditions| conditions.holds(record)) {
            let group = Some(mix_in_id(set));
            return Verdict { is_left_out: false, is_mixed_in: true, group };
        }
        let is_good = || match (quality, &self.quality) {
            (Some(quality), Some((bounds, _))) => bounds.holds(&quality.measure(text)),
            _ => true,
        };
        let is_left_out = !self.conditions.is_empty() && !self.conditions.holds(record) || !is_good();
        let group = self.is_grouped().then(|| {
            let value = self.group_by.as_ref().map(|field| field_text(record, field));
            let name = value.as_ref().map_or("", |value| value.as_deref().unwrap_or(Self::NO_VALUE));
            let id = group_id(name);
            if !is_left_out {
                meet(groups, id, name);
            }
            id
        });
        Verdict { is_left_out, is_mixed_in: false, group }
    }

    /// What weights keep of a record with this text; `None` if it is no document.
    pub(super) fn id(&self, record: Hashed<'_>, text: Option<&str>) -> RecordId {
        let hash = || text.map_or(0, |text| content_hash(text.as_bytes()));
        RecordId { text: self.unique.then(hash), ..record.id() }
    }

    /// The group of a record that is no document.
    pub(super) fn no_group(&self) -> Option<u64> {
        self.is_grouped().then_some(0)
    }
}

/// The fields that conditions look at, each with what asks for it.
pub(crate) fn fields_of(conditions: &Conditions) -> impl Iterator<Item = (AskedBy, FieldPath)> {
    let wanted = conditions.wanted().map(|condition| (AskedBy::Wanted, condition.field().clone()));
    wanted.chain(conditions.unwanted().map(|condition| (AskedBy::Unwanted, condition.field().clone())))
}

/// Notes the name of a group. Of more groups than can be drawn from, only those of the smallest numbers have names,
/// whatever the order in which they are met.
fn meet(groups: &mut Groups, id: u64, name: &str) {
    const LONGEST_NAME: usize = 200;
    if groups.contains_key(&id) {
        return;
    }
    groups.insert(id, name.chars().take(LONGEST_NAME).collect());
    bound(groups);
}

/// Forgets the names that are too many.
pub(super) fn bound(groups: &mut Groups) {
    const MOST_NAMES: usize = 1 << 13;
    while groups.len() > MOST_NAMES {
        groups.pop_last();
    }
}

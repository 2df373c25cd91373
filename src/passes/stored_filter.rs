//! A filter as it is written down: in plans, and for other machines.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::filter::Filter;
use crate::error::Error;
use crate::featurizer::Punkt;
use crate::quality::QualityBounds;
use crate::reader::{Condition, Conditions, FieldPath};

/// A filter in its parts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StoredFilter {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    wanted: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unwanted: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<QualityFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_by: Option<String>,
    /// Of each set that is mixed in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mix_in: Vec<Vec<String>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unique: bool,
}

/// Bounds of quality, each as `A..B` or empty, and the fingerprint of the sentence model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct QualityFields {
    bounds: QualityBounds,
    punkt: String,
}

impl StoredFilter {
    pub(crate) fn is_empty(&self) -> bool {
        *self == StoredFilter::default()
    }

    pub(crate) fn of(filter: &Filter) -> Self {
        let words =
            |conditions: &mut dyn Iterator<Item = &Condition>| conditions.map(Condition::to_string).collect();
        StoredFilter {
            wanted: words(&mut filter.conditions.wanted()),
            unwanted: words(&mut filter.conditions.unwanted()),
            quality: filter.quality.as_ref().map(|(bounds, punkt)| QualityFields {
                bounds: *bounds,
                punkt: format!("{:016x}", punkt.fingerprint()),
            }),
            group_by: filter.group_by.as_ref().map(FieldPath::to_string),
            mix_in: filter.mix_in.iter().map(|set| words(&mut set.wanted())).collect(),
            unique: filter.unique,
        }
    }

    /// The filter, with the sentence model in `punkt` if it needs one.
    pub(crate) fn filter(&self, punkt: Option<&Path>) -> Result<Filter, StoredFilterError> {
        let parsed = |words: &[String]| -> Result<Vec<Condition>, StoredFilterError> {
            words.iter().map(|words| words.parse().map_err(StoredFilterError::Words)).collect()
        };
        let quality = self.quality.as_ref().map(|QualityFields { bounds, punkt: expected }| {
            let folder = punkt.ok_or(crate::featurizer::Error::NoPunkt).map_err(Error::from)?;
            let punkt = Punkt::read(folder).map_err(Error::from)?;
            match format!("{:016x}", punkt.fingerprint()) == *expected {
                true => Ok((*bounds, Arc::new(punkt))),
                false => {
                    Err(StoredFilterError::Words("quality by another sentence model than this one".into()))
                }
            }
        });
        let field = |name: &String| {
            FieldPath::new(name).ok_or_else(|| StoredFilterError::Words("a field without name".into()))
        };
        let mix_in = self
            .mix_in
            .iter()
            .map(|set| Ok::<_, StoredFilterError>(Conditions::new(parsed(set)?, Vec::new())));
        Ok(Filter {
            conditions: Conditions::new(parsed(&self.wanted)?, parsed(&self.unwanted)?),
            quality: quality.transpose()?,
            group_by: self.group_by.as_ref().map(field).transpose()?,
            mix_in: mix_in.collect::<Result<_, _>>()?,
            unique: self.unique,
        })
    }
}

/// Why there is no such filter.
pub(crate) enum StoredFilterError {
    Words(String),
    Other(Error),
}

impl From<Error> for StoredFilterError {
    fn from(error: Error) -> Self {
        StoredFilterError::Other(error)
    }
}

//! What a selection is like, told when it is made.

use std::path::PathBuf;

use super::draw::OutputOptions;
use super::report::Report;
use super::run::Run;
use crate::density::Model;
use crate::error::Error;
use crate::invalid_options::InvalidOptions;
use crate::observer::Observer;
use crate::passes::{Filter, ReadOptions};
use crate::reader::{FieldPath, Shards};
use crate::resample::{Draw, DrawOptions, Groups};
use crate::review::{self, Gathering, Review, ReviewInput, RowsReview, SourceNames};
use crate::warning::AskedBy;
use crate::weights::{UntilCancelled, WeightsFile, WeightsInfo};

/// How a selection is reviewed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewOptions {
    /// Where the caller is going to write of it, if it is: no other output may go there.
    pub page: Option<PathBuf>,
    /// The field by which sources are told apart; `None`: shards are sources. Where records are drawn by groups, these
    /// are the sources.
    pub by: Option<FieldPath>,
    /// The model that the weights were made with, if they are given: without it nothing is told of n-grams.
    pub model: Option<PathBuf>,
    /// Whether nothing else is to come of the draw: nothing is written, and no rows are told.
    pub alone: bool,
}

impl ReviewOptions {
    /// Has sources told apart, if nothing is yet; returns the field that is read for it, and what it is read for.
    ///
    /// # Errors
    /// Sets that are mixed in, which are told apart in the same way.
    pub(super) fn tell_apart(
        &self,
        filter: &mut Filter,
    ) -> Result<Option<(AskedBy, FieldPath)>, InvalidOptions> {
        let Some(by) = self.by.as_ref().filter(|_| filter.group_by.is_none()) else { return Ok(None) };
        if !filter.mix_in.is_empty() {
            return Err(InvalidOptions::ReviewBesideMixIn);
        }
        filter.group_by = Some(by.clone());
        Ok(Some((AskedBy::ReviewBy, by.clone())))
    }
}

impl OutputOptions {
    /// The field by which sources of a review are told apart, as [`ReviewOptions::tell_apart`].
    pub(super) fn tell_apart(
        &self,
        filter: &mut Filter,
    ) -> Result<Option<(AskedBy, FieldPath)>, InvalidOptions> {
        self.review.as_ref().map_or(Ok(None), |review| review.tell_apart(filter))
    }

    /// Whether nothing but a review is to come of the draw.
    pub(super) fn is_review_alone(&self) -> bool {
        self.review.as_ref().is_some_and(|review| review.alone)
    }
}

/// What a review is made with.
pub(super) struct Reviewed<'a> {
    pub(super) names: SourceNames,
    pub(super) model: Option<&'a Model>,
    pub(super) read: &'a ReadOptions,
}

impl<'a> Reviewed<'a> {
    /// Of records of `raw`, which are told apart by these groups, if by any.
    pub(super) fn new(
        raw: &Shards,
        grouped: bool,
        groups: &Groups,
        model: Option<&'a Model>,
        read: &'a ReadOptions,
    ) -> Self {
        let names = match grouped {
            true => SourceNames::Groups(groups.clone()),
            false => {
                SourceNames::Shards(raw.iter().map(|shard| shard.relative().display().to_string()).collect())
            }
        };
        Reviewed { names, model, read }
    }

    /// What the rows of a draw tell.
    pub(super) fn rows(
        &self,
        weights: &[WeightsFile],
        draw: &Draw,
        options: &DrawOptions,
        observer: &Observer,
    ) -> Result<RowsReview, Error> {
        let rows = UntilCancelled { rows: weights, observer };
        Ok(review::read_rows(&rows, draw, &self.names, options)?)
    }

    /// What is to be gathered while records are written.
    pub(super) fn gathering<'g>(&'g self, rows: &RowsReview, draw: &'g Draw) -> Gathering<'g> {
        let buckets = self.model.map(|model| model.space.buckets);
        Gathering::new(rows, draw.plan(), &self.read.fields, buckets)
    }

    /// Puts the review together.
    pub(super) fn finish(
        &self,
        rows: RowsReview,
        gathering: Gathering<'_>,
        raw: &Shards,
        report: &mut Report,
        run: &Run,
    ) -> Result<(), Error> {
        run.observer.begin("review", None);
        let start = std::time::Instant::now();
        let featurizers = self.model.map(|model| self.read.featurizers(model.space)).transpose()?;
        let review = Review::new(ReviewInput {
            gathered: gathering.finish(&rows),
            rows,
            model: self.model.zip(featurizers.as_ref()),
            paths: raw.iter().map(|shard| shard.path().to_path_buf()).collect(),
        })?;
        report.review = Some(review);
        report.computed("review", start);
        Ok(())
    }
}

/// Reads the model of a review, which must be the one that the weights were made with.
pub(super) fn model_of_weights(
    options: &OutputOptions,
    info: Option<&WeightsInfo>,
    read: &ReadOptions,
) -> Result<Option<Model>, Error> {
    let Some(path) = options.review.as_ref().and_then(|review| review.model.as_deref()) else {
        return Ok(None);
    };
    let model = Model::read(path)?;
    let made_with = |info: &&WeightsInfo| {
        WeightsInfo::new(&model, &read.fields, info.conditions().clone(), &read.ids).model() == info.model()
    };
    match info.filter(made_with) {
        Some(_) => Ok(Some(model)),
        None => Err(InvalidOptions::OtherModel { model: path.into() }.into()),
    }
}

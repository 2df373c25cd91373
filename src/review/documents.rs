//! Documents to look at, each with what its log weight is made of.

use std::path::PathBuf;

use rayon::prelude::*;

use super::gather::{KeptText, Texts};
use super::picks::Pick;
use super::rows::{NOTABLE, RowsReview};
use crate::density::{Error, Model};
use crate::explain::Explanation;
use crate::featurizer::Featurizers;

/// A document to look at.
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewedDocument {
    /// Why it is looked at.
    pub kind: DocumentKind,
    /// Its shard.
    pub shard: PathBuf,
    /// Its row, from 0.
    pub row: u64,
    /// How many tokens it has.
    pub tokens: u32,
    /// The target that it was drawn for, or nearly, by its number.
    pub target: usize,
    /// The log weight that decides.
    pub log_weight: f64,
    /// By how much its key, which is log weight / T and noise, is above the threshold.
    pub margin: f64,
    /// Its text, or the beginning.
    pub text: String,
    /// Whether there is more of it.
    pub is_cut: bool,
    /// What the log weight of this text is made of; `None` without a model.
    pub explanation: Option<Explanation>,
}

/// Why a document is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// It has one of the largest log weights that were selected.
    Top,
    /// It is one of the selected, at random.
    Selected,
    /// It was selected, and its key is next to the threshold.
    Above,
    /// It was not selected, and its key is next to the threshold, of a sample.
    Below,
    /// It is one of those not selected, at random.
    Left,
}

/// Documents of each kind, none of them twice.
///
/// # Errors
/// A model that cannot weigh.
pub(super) fn documents(
    rows: &RowsReview,
    texts: &Texts,
    model: Option<(&Model, &Featurizers)>,
    paths: &[PathBuf],
) -> Result<Vec<ReviewedDocument>, Error> {
    let log_ratios = model.map(|(model, _)| model.log_ratios()).transpose()?;
    let at_random = |picks: &[Pick]| picks.iter().take(2 * NOTABLE).copied().collect::<Vec<_>>();
    // Those at random stand for all: they are taken before others could be taken out of them.
    let kinds = [
        (DocumentKind::Selected, at_random(&rows.selected)),
        (DocumentKind::Left, at_random(&rows.others)),
        (DocumentKind::Top, rows.top.clone()),
        (DocumentKind::Above, rows.last.clone()),
        (DocumentKind::Below, rows.next.clone()),
    ];
    let mut seen = Vec::new();
    let mut documents: Vec<ReviewedDocument> = Vec::new();
    for (kind, picks) in kinds {
        let mut of_kind = 0;
        for pick in picks {
            let Some(KeptText { text, is_cut }) = texts.of(&pick) else { continue };
            // Copies are one document to a reader.
            if of_kind == NOTABLE || seen.contains(&pick.hash) {
                continue;
            }
            seen.push(pick.hash);
            of_kind += 1;
            documents.push(ReviewedDocument {
                kind,
                shard: paths.get(pick.position.shard).cloned().unwrap_or_default(),
                row: pick.position.record,
                tokens: pick.tokens,
                target: pick.target,
                log_weight: pick.log_weight,
                margin: pick.margin,
                text: text.clone(),
                is_cut: *is_cut,
                explanation: None,
            });
        }
    }
    documents.sort_by_key(|document| document.kind as u8);
    if let (Some((model, featurizers)), Some(log_ratios)) = (model, &log_ratios) {
        documents.par_iter_mut().for_each(|document| {
            document.explanation = Some(Explanation::of(&document.text, model, log_ratios, featurizers));
        });
    }
    Ok(documents)
}

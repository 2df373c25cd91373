//! From a feature space to the featurizers that make features in it.

use std::path::Path;
use std::sync::Arc;

use super::ngrams::Ngrams;
use super::one_by_one::OneByOne;
use super::{Error, FeatureSpace, Featurizer, Punkt, Tokenizer};

/// A feature space with all that it takes to make features in it; makes a featurizer for each thread.
#[derive(Clone, Debug)]
pub struct Featurizers {
    space: FeatureSpace,
    /// There if the space needs it.
    punkt: Option<Arc<Punkt>>,
    /// Whether nobody asks for n-grams.
    tokens_alone: bool,
}

impl Featurizers {
    /// For `space`, with the sentence model that it was made with, if it needs one.
    ///
    /// # Errors
    /// A space that contradicts itself or is out of limits; no sentence model where one is needed, or another than it
    /// names.
    pub fn new(space: FeatureSpace, punkt: Option<Arc<Punkt>>) -> Result<Self, Error> {
        if !space.is_valid() {
            return Err(Error::Space(space));
        }
        let of = |punkt| Featurizers { space, punkt, tokens_alone: false };
        let Some(expected) = space.punkt else { return Ok(of(None)) };
        let punkt = punkt.ok_or(Error::NoPunkt)?;
        match punkt.fingerprint() {
            found if found != expected => Err(Error::OtherPunkt { expected, found }),
            _ => Ok(of(Some(punkt))),
        }
    }

    /// The same, with the sentence model in a folder, which is only read if the space needs it.
    ///
    /// # Errors
    /// As [`Featurizers::new`]; a folder that cannot be read.
    pub fn open(space: FeatureSpace, punkt: Option<&Path>) -> Result<Self, Error> {
        let needed = punkt.filter(|_| space.tokenizer == Tokenizer::WordTokenize);
        Featurizers::new(space, needed.map(Punkt::read).transpose()?.map(Arc::new))
    }

    /// The feature space.
    pub fn space(&self) -> FeatureSpace {
        self.space
    }

    /// The sentence model, if the space needs one.
    pub(super) fn punkt(&self) -> Option<&Arc<Punkt>> {
        self.punkt.as_ref()
    }

    /// The same for tokens alone: no features are made.
    pub(crate) fn of_tokens(self) -> Self {
        Featurizers { tokens_alone: true, ..self }
    }

    /// The n-grams of one thread.
    pub(super) fn ngrams(&self) -> Ngrams {
        if self.tokens_alone { Ngrams::None } else { Ngrams::new(self.space) }
    }

    /// Gives every token of `text` to `take`, in order, as its n-grams are made of it.
    pub(crate) fn tokens(&self, text: &str, take: impl FnMut(&[u8])) {
        OneByOne::new(self).tokens(text, take);
    }

    /// A featurizer for one thread.
    pub fn featurizer(&self) -> Featurizer {
        Featurizer::of(self)
    }
}

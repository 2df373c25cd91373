use std::io;
use std::path::PathBuf;

/// What a tokenizer lacks to make features.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of a sentence model that cannot be read.
    #[error("sentence model: {}: {source}\n  {HOW_TO_GET_ONE}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line of a sentence model that says nothing it can.
    #[error("{}:{line}: not a line of a sentence model: {what}; fetch it again: \
        nltk.download('punkt_tab')", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A tokenizer that needs a sentence model, and none was named or found.
    #[error(
        "the tokenizer word_tokenize needs a trained sentence model, and there is none in the usual places\n  \
             {HOW_TO_GET_ONE}"
    )]
    NoPunkt,
    /// A sentence model that is not the one which the features were made with.
    #[error(
        "another sentence model than the features were made with: {expected:016x} they say, \
             {found:016x} is this one"
    )]
    OtherPunkt {
        /// The fingerprint in the feature space.
        expected: u64,
        /// The fingerprint of the model at hand.
        found: u64,
    },
    /// A feature space that contradicts itself or is out of limits.
    #[error("no feature space: {0}")]
    Space(super::FeatureSpace),
}

const HOW_TO_GET_ONE: &str = "dsir brings none: in Python, import nltk and run nltk.download('punkt_tab')";

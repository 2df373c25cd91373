//! Long n-grams that documents share with evaluation sets.
//!
//! An n-gram of 13 tokens that a document has in common with an item of an evaluation set hardly comes by chance: the
//! item, or what it was made of, is in the document (GPT-3, arXiv 2005.14165, appendix C). What does come by chance is
//! not looked for: n-grams of few different words, such as rows of numbers or of marks, and those that a set has in
//! very many of its items, such as instructions.

mod index;

pub(crate) use index::{EvaluationItem, EvaluationSets, IndexedSet, ItemPlace};

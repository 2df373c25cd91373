//! Select language-model training data by importance resampling (DSIR).

pub mod featurizer;
pub mod ln;
pub mod progress;
pub mod reader;

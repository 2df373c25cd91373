//! Select language-model training data by importance resampling (DSIR).

pub mod density;
pub mod error;
pub mod featurizer;
pub mod ln;
pub mod pipeline;
pub mod progress;
pub mod reader;
pub mod resample;
pub mod weights;
pub mod whole_file;
pub mod writer;

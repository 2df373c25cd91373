//! Select language-model training data by importance resampling (DSIR).

pub mod density;
pub mod featurizer;
pub mod ln;
pub mod progress;
pub mod reader;
pub mod resample;
pub mod weights;
pub mod whole_file;

//! Select language-model training data by importance resampling (DSIR, arXiv 2302.03169).
//!
//! ```text
//! raw shards ─► reader ─► featurizer ─► density ─► weights ─► resample ─► writer ─► selected records
//! target ─────► reader ─► featurizer ─► density ─┘
//! ```
//!
//! A whole selection in memory, which is what the program selects of the same records:
//!
//! ```
//! use dsir::density::Model;
//! use dsir::featurizer::{FeatureSpace, Featurizers};
//! use dsir::resample::{Budget, Draw, DrawOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let raw = ["tax form", "the sea", "a form to file", "the tide rises"];
//! let target = ["the tide of the sea", "sea and tide"];
//!
//! let featurizers = Featurizers::new(FeatureSpace::default(), None)?;
//! let model = Model::of_texts(raw, target, &featurizers)?;
//! let rows = model.log_weights(&raw, &featurizers)?.rows(&raw)?;
//! let options = DrawOptions { budget: Budget::Records(2), min_tokens: 1, ..DrawOptions::default() };
//! let selected = Draw::new(&rows, None, &options)?.indices(&rows, 0)?;
//! assert_eq!(selected, [1, 3]);
//! # Ok(())
//! # }
//! ```
//!
//! Each stage is a module with such a seam; [`jobs`] does what the commands do, on files. `docs/library.md` is a tour.
//! The same job on files:
//!
//! ```
//! use dsir::Observer;
//! use dsir::jobs::{self, SelectOptions, TargetShards};
//! use dsir::reader::Shards;
//! use dsir::resample::{Budget, DrawOptions};
//! use dsir::writer::Destination;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let work = tempfile::tempdir()?;
//! # let path = |name: &str| work.path().join(name);
//! std::fs::write(path("raw.jsonl"), "{\"text\": \"tax form\"}\n{\"text\": \"the sea\"}\n")?;
//! std::fs::write(path("target.jsonl"), "{\"text\": \"the tide of the sea\"}\n")?;
//!
//! let raw = Shards::find([path("raw.jsonl")])?;
//! let target = TargetShards { name: "sea".into(), shards: Shards::find([path("target.jsonl")])? };
//! let draw = DrawOptions { budget: Budget::Records(1), min_tokens: 1, ..DrawOptions::default() };
//! let mut options = SelectOptions::new(raw, vec![target], draw);
//! options.output.destination = Destination::File(path("selected.jsonl"));
//! let report = jobs::select(options, &Observer::default())?;
//!
//! assert_eq!(std::fs::read_to_string(path("selected.jsonl"))?, "{\"text\": \"the sea\"}\n");
//! assert_eq!(report.raw.map(|raw| raw.documents), Some(2));
//! # Ok(())
//! # }
//! ```

pub mod reader;

pub mod featurizer;

pub mod density;

pub mod weights;

pub mod resample;

pub mod refine;

pub mod explain;

mod overlap;

pub mod review;

pub mod quality;

pub mod prepare;

pub mod writer;

pub mod sampling;

mod scan;

mod passes;

pub mod jobs;

#[cfg(feature = "cli")]
pub mod cli;

pub mod storage;

mod engine;
mod error;
mod invalid_options;
pub mod ln;
mod observer;
mod plan_error;
mod simd;
mod warning;

pub use engine::{Engine, EngineError, PieceFailure, piece_bytes};
pub use error::{Error, ErrorKind};
pub use invalid_options::{InvalidOptions, OutputKind, RefinedDraws};
pub use observer::{Observer, Stage};
pub use plan_error::{PLAN_VERSION, PlanError};
pub use warning::{AskedBy, Warning};

/// The tour, whose examples are tested with the others.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
struct Tour;

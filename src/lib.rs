//! Select language-model training data by importance resampling (DSIR, arXiv 2302.03169).
//!
//! ```text
//! raw shards ─► reader ─► featurizer ─► density ─► weights ─► resample ─► writer ─► selected records
//! target ─────► reader ─► featurizer ─► density ─┘
//! ```
//!
//! Each stage is a module; [`pipeline`] runs them together over shards, in parallel on the rayon pool it is
//! called in. The whole job:
//!
//! ```
//! use dsir::density::{FitBudget, Model};
//! use dsir::featurizer::FeatureSpace;
//! use dsir::passes::{self, RawCorpus, ReadOptions, Source, TargetShards, WeighOptions, WriteOptions};
//! use dsir::observer::Observer;
//! use dsir::reader::Shards;
//! use dsir::resample::{Budget, Draw, DrawOptions};
//! use dsir::storage::unfinished::TemporaryFolder;
//! use dsir::weights::WeightsFolder;
//! use dsir::storage::work_dir::WorkDir;
//! use dsir::writer::Destination;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let work = tempfile::tempdir()?;
//! # let (raw, target) = (work.path().join("raw.jsonl"), work.path().join("target.jsonl"));
//! std::fs::write(&raw, "{\"text\": \"tax form\"}\n{\"text\": \"the sea\"}\n")?;
//! std::fs::write(&target, "{\"text\": \"the tide of the sea\"}\n")?;
//!
//! let (read, progress) = (ReadOptions::default(), Observer::default());
//! let raw = Shards::find([raw])?;
//! let target = TargetShards { name: Model::ONE_TARGET.into(), shards: Shards::find([target])? };
//!
//! let space = FeatureSpace::default();
//! let (target, _, _) = passes::count_target(&target, space, &read, None, &progress)?;
//! let corpus = RawCorpus { shards: &raw, space, budget: FitBudget::auto(space.buckets), read: &read };
//! let (counts, _) = passes::count_raw(corpus, None, None, &progress)?;
//! let model = Model { space, smoothing: 0.0, raw: Some(counts), targets: vec![target] };
//!
//! let workplace = WorkDir::Temporary(TemporaryFolder::create_in(work.path())?);
//! passes::weigh(&model, &raw, &read, &workplace, WeighOptions::default(), &progress)?;
//! let weights = WeightsFolder::new(&workplace.parts()).open(&raw)?;
//! let options = DrawOptions { budget: Budget::Records(1), min_tokens: 1, ..DrawOptions::default() };
//! let draw = Draw::new(&weights, None, &options)?;
//!
//! let out = work.path().join("selected.jsonl");
//! let destinations = [Destination::File(out.clone())];
//! let write = WriteOptions { destinations: &destinations, shuffle: None, annotate: false, temp_dir: work.path() };
//! let source = Source { draw: &draw, weights: &weights, shards: &raw, candidates: None, is_weighed: true };
//! passes::write(&[source], &write, None, &progress)?;
//! assert_eq!(std::fs::read_to_string(out)?, "{\"text\": \"the sea\"}\n");
//! # Ok(())
//! # }
//! ```

pub mod reader;

pub mod featurizer;

pub mod sampling;

pub mod density;

pub mod weights;

pub mod resample;

pub mod refine;

pub mod quality;

pub mod prepare;

pub mod writer;

mod scan;

pub mod passes;

pub mod jobs;

pub mod storage;

pub mod error;
pub mod ln;
pub mod observer;
mod simd;
pub mod warning;

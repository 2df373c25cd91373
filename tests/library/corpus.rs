//! Small corpora on disk, and the stages run over them.

use std::fs;
use std::path::{Path, PathBuf};

use dsir::density::{FitBudget, Model};
use dsir::error::Error;
use dsir::featurizer::FeatureSpace;
use dsir::observer::Observer;
use dsir::passes::{self, RawCorpus, ReadOptions, Source, TargetShards, WeighOptions, WriteOptions};
use dsir::reader::Shards;
use dsir::resample::{Draw, DrawOptions};
use dsir::storage::unfinished::TemporaryFolder;
use dsir::storage::work_dir::WorkDir;
use dsir::weights::{RowBlock, WeightsFile, WeightsFolder, WeightsInfo};
use dsir::writer::Destination;

/// A folder that is gone at the end of the test.
pub(crate) struct Corpus {
    folder: tempfile::TempDir,
}

impl Corpus {
    pub(crate) fn new() -> Self {
        Corpus { folder: tempfile::tempdir().unwrap() }
    }

    /// Writes a file and gives its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A file under `tests/`.
pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// A record with this text.
pub(crate) fn record(text: &str) -> String {
    serde_json::json!({ "text": text }).to_string() + "\n"
}

/// Fits a model of raw shards and named targets.
pub(crate) fn fit(
    raw: &Shards,
    targets: &[(&str, &[PathBuf])],
    space: FeatureSpace,
    smoothing: f64,
    budget: FitBudget,
) -> Model {
    let (read, observer) = (ReadOptions::default(), Observer::default());
    let corpus = RawCorpus { shards: raw, space, budget, read: &read };
    let (counts, _) = passes::count_raw(corpus, None, None, &observer).unwrap();
    let targets = targets.iter().map(|(name, paths)| {
        let target = TargetShards { name: (*name).into(), shards: Shards::find(*paths).unwrap() };
        passes::count_target(&target, space, &read, None, &observer).unwrap().0
    });
    Model { space, smoothing, targets: targets.collect(), raw: Some(counts) }
}

/// Weighs shards into a folder.
pub(crate) fn weigh(model: &Model, raw: &Shards, folder: &Path) -> Vec<WeightsFile> {
    let (read, observer) = (ReadOptions::default(), Observer::default());
    let work_dir = WorkDir::Temporary(TemporaryFolder::create_in(folder).unwrap());
    let folder = WeightsFolder::new(folder);
    let options = WeighOptions { publish_to: Some(&folder), ..WeighOptions::default() };
    passes::weigh(model, raw, &read, &work_dir, options, &observer).unwrap();
    folder.open(raw).unwrap()
}

/// The rows of weights, in input order: log weights and tokens.
pub(crate) fn rows(weights: &[WeightsFile]) -> Vec<(Vec<f64>, u32)> {
    let mut rows = Vec::new();
    let mut block = RowBlock::default();
    for file in weights {
        file.read(0, file.rows() as usize, &mut block).unwrap();
        rows.extend(block.rows().map(|row| (row.log_weights().collect(), row.tokens())));
    }
    rows
}

/// Fits, weighs, draws and writes; gives the lines selected, in the order written.
pub(crate) fn select(
    raw: &Shards,
    target: &Path,
    draw: &DrawOptions,
    shuffle: bool,
) -> Result<Vec<String>, Error> {
    let work = Corpus::new();
    let targets: &[(&str, &[PathBuf])] = &[("target", &[target.to_owned()])];
    let model = fit(raw, targets, FeatureSpace::default(), 0.0, FitBudget(None));
    let weights = weigh(&model, raw, &work.path("weights"));
    let info = WeightsInfo::new(&model, &ReadOptions::default().fields, &[]);
    let draw = Draw::new(&weights, Some(&info.targets), draw)?;
    let destination = Destination::File(work.path("out.jsonl"));
    let options = WriteOptions {
        destinations: std::slice::from_ref(&destination),
        shuffle: shuffle.then_some(0),
        annotate: false,
        temp_dir: &std::env::temp_dir(),
    };
    let source = Source { draw: &draw, weights: &weights, shards: raw, candidates: None, is_weighed: true };
    passes::write(&[source], &options, None, &Observer::default())?;
    Ok(fs::read_to_string(work.path("out.jsonl")).unwrap().lines().map(str::to_owned).collect())
}

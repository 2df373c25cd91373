//! Small corpora on disk, and the jobs run over them.

use std::fs;
use std::path::{Path, PathBuf};

use dsir::density::{FitBudget, Model};
use dsir::featurizer::FeatureSpace;
use dsir::jobs::{
    self, CountOptions, Filter, FitLearn, FitOptions, Learn, ModelSource, OutputOptions, ReadOptions,
    RunOptions, SelectOptions, TargetShards, WeighOptions,
};
use dsir::reader::Shards;
use dsir::resample::DrawOptions;
use dsir::weights::{RowBlock, WeightsFile, WeightsFolder};
use dsir::writer::Destination;
use dsir::{Error, Observer};

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

/// Jobs with so many threads.
pub(crate) fn threads(threads: usize) -> RunOptions {
    RunOptions { threads: Some(threads), ..RunOptions::default() }
}

/// Fits a model of raw shards and named targets.
pub(crate) fn fit(
    raw: &[PathBuf],
    targets: &[(&str, &[PathBuf])],
    space: FeatureSpace,
    smoothing: f64,
    budget: FitBudget,
) -> Model {
    fit_with(threads(2), raw, targets, CountOptions { space, smoothing, rare: false, budget })
}

/// The same in another way to run.
pub(crate) fn fit_with(
    run: RunOptions,
    raw: &[PathBuf],
    targets: &[(&str, &[PathBuf])],
    count: CountOptions,
) -> Model {
    let work = Corpus::new();
    let output = work.path("model.json");
    let options = FitOptions {
        raw: Some(Shards::find(raw).unwrap()),
        targets: targets.iter().map(|(name, paths)| target(name, paths)).collect(),
        count,
        learn: FitLearn::Plain,
        read: ReadOptions::default(),
        punkt_is_named: false,
        rejects: None,
        output: output.clone(),
        run,
    };
    jobs::fit(options, &Observer::default()).unwrap();
    Model::read(&output).unwrap()
}

pub(crate) fn target(name: &str, paths: &[PathBuf]) -> TargetShards {
    TargetShards { name: name.into(), shards: Shards::find(paths).unwrap() }
}

/// Weighs shards into a folder.
pub(crate) fn weigh(model: &Model, raw: &[PathBuf], folder: &Path) -> Vec<WeightsFile> {
    let work = Corpus::new();
    let path = work.path("model.json");
    model.write(fs::File::create(&path).unwrap()).unwrap();
    let options = WeighOptions {
        raw: Shards::find(raw).unwrap(),
        model: path,
        filter: Filter::default(),
        read: ReadOptions::default(),
        punkt_is_named: false,
        decontaminate: None,
        rejects: None,
        output: folder.into(),
        score_files: None,
        work_dir: None,
        run: threads(2),
    };
    jobs::weigh(options, &Observer::default()).unwrap();
    WeightsFolder::new(folder).open(&Shards::find(raw).unwrap()).unwrap()
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

/// What is selected, counted whole, and written to `output`.
pub(crate) fn select_options(raw: &[PathBuf], of: &Path, draw: &DrawOptions, output: &Path) -> SelectOptions {
    let count = CountOptions { budget: FitBudget(None), ..CountOptions::default() };
    let targets = vec![target("target", &[of.to_owned()])];
    SelectOptions {
        raw: Shards::find(raw).unwrap(),
        model: ModelSource::Fit { targets, count, learn: Learn::Plain },
        draw: draw.clone(),
        filter: Filter::default(),
        mix_in: Vec::new(),
        read: ReadOptions::default(),
        punkt_is_named: false,
        decontaminate: None,
        rejects: None,
        output: OutputOptions { destination: Destination::File(output.into()), ..OutputOptions::default() },
        work_dir: None,
        run: threads(2),
    }
}

/// Selects; gives the lines in the order written.
pub(crate) fn select(
    raw: &[PathBuf],
    target: &Path,
    draw: &DrawOptions,
    shuffle: bool,
    run: RunOptions,
) -> Result<Vec<String>, Error> {
    let work = Corpus::new();
    let mut options = select_options(raw, target, draw, &work.path("out.jsonl"));
    options.output.shuffle = shuffle;
    jobs::select(SelectOptions { run, ..options }, &Observer::default())?;
    Ok(fs::read_to_string(work.path("out.jsonl")).unwrap().lines().map(str::to_owned).collect())
}

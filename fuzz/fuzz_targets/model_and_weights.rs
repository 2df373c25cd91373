//! Whatever a model or a weights file holds, it is refused, or it is sound.
#![no_main]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use dsir::density::Model;
use dsir::weights::{RowBlock, WeightsFile, WeightsInfo};
use libfuzzer_sys::fuzz_target;

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
    tempfile::tempdir_in(place).unwrap()
});

// One byte for what the rest is.
fuzz_target!(|data: &[u8]| {
    let Some((first, content)) = data.split_first() else { return };
    let path = FOLDER.path().join("file");
    std::fs::write(&path, content).unwrap();
    match first % 3 {
        0 => model(&path),
        1 => weights(&path, content),
        _ => info(&path),
    }
});

fn model(path: &PathBuf) {
    let Ok(model) = Model::read(path) else { return };
    let mut written = Vec::new();
    model.write(&mut written).unwrap();
    std::fs::write(path, &written).unwrap();
    let again = Model::read(path).expect("what was written");
    assert!(model == again);
    assert_eq!(model.fingerprint(), again.fingerprint());
    for target in &model.targets {
        assert_eq!(target.counts.counts.len(), model.space.buckets as usize);
        if let Ok(density) = model.target_density(target) {
            assert!((density.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        }
    }
    if let Ok(ratios) = model.log_ratios() {
        assert_eq!(ratios.targets(), model.targets.len());
    }
    let mut twice = model.clone();
    if twice.merge(model.clone(), true).is_ok() {
        assert_eq!(twice.targets.len(), model.targets.len());
    }
}

fn weights(path: &PathBuf, content: &[u8]) {
    let Ok(file) = WeightsFile::open(path) else { return };
    // As NumPy writes it, the number of rows is in the text of the header.
    let header = String::from_utf8_lossy(&content[..content.len().min(1 << 16)]).into_owned();
    assert!(header.contains(&file.rows().to_string()), "{} rows in {header:?}", file.rows());
    let mut block = RowBlock::default();
    let mut first = 0;
    while first < file.rows() {
        let count = (file.rows() - first).min(1000);
        // A row may still be refused: its numbers are looked at when it is read.
        if file.read(first, count as usize, &mut block).is_err() {
            return;
        }
        assert_eq!(block.rows().len() as u64, count);
        for row in block.rows() {
            assert_eq!(row.log_weights().len(), file.layout().targets());
            assert!(row.log_weights().all(|log_weight| !log_weight.is_nan()));
            std::hint::black_box((row.record(), row.tokens(), row.bytes()));
        }
        first += count;
    }
}

fn info(path: &PathBuf) {
    let Ok(Some(info)) = WeightsInfo::read(path) else { return };
    assert_eq!(WeightsInfo::read(path).unwrap(), Some(info));
}

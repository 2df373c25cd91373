//! Weighs texts that are in memory, and prints the megabytes of text in a second, the best of five:
//! `cargo run --release --example weigh_texts MODEL SHARD THREADS`

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use dsir::Observer;
use dsir::density::Model;
use dsir::featurizer::Featurizers;
use dsir::reader::{Block, BlockReader, Shards, TextFields, TextReader};
use dsir::weights::weigh_texts;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [model, shard, threads] = &arguments[..] else {
        return Err("usage: weigh_texts MODEL SHARD THREADS".into());
    };
    let model = Model::read(model)?;
    let (featurizers, log_ratios) = (Featurizers::open(model.space, None)?, model.log_ratios()?);
    let texts = texts(shard)?;
    let bytes: usize = texts.iter().map(String::len).sum();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.to_string_lossy().parse()?).build()?;
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        let weighed = pool.install(|| weigh_texts(&texts, &featurizers, &log_ratios));
        assert_eq!(weighed.tokens.len(), texts.len());
        best = best.min(start.elapsed().as_secs_f64());
    }
    writeln!(std::io::stdout(), "{:.1}", bytes as f64 / 1e6 / best)?;
    Ok(())
}

fn texts(shard: &PathBuf) -> Result<Vec<String>, Box<dyn Error>> {
    let (fields, mut texts) = (TextFields::new(["text"]).ok_or("no field")?, Vec::new());
    let (mut reader, mut block) = (TextReader::new(&fields), Block::default());
    for shard in Shards::find([shard])?.iter() {
        let mut blocks = BlockReader::open(shard, &Observer::default())?;
        while blocks.next_block(&mut block)? {
            for record in block.records() {
                texts.push(reader.text(record.bytes)?.into_owned());
            }
        }
    }
    Ok(texts)
}

//! What it takes to decide on 100 TB: draws from 20 billion rows of weights in 100 000 shards, made up by arithmetic.
//!
//! usage: plan_of_100_tb [SHARDS [ROWS_OF_A_SHARD]]

#![allow(clippy::print_stdout, reason = "it is a program that prints")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use dsir::resample::{Budget, Draw, DrawOptions};
use dsir::weights::{Error, RowBlock, RowFields, RowSource, Rows};

/// Rows that are computed whenever they are read: no two of the same record, log weights like those of English web
/// text.
struct MadeUp {
    shards: usize,
    rows: u64,
    /// How many were read.
    read: AtomicU64,
}

/// A random number that depends on `number` alone.
fn mix(number: u64) -> u64 {
    let mixed = (number ^ number >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}

impl RowSource for MadeUp {
    fn shards(&self) -> usize {
        self.shards
    }

    fn rows(&self, _: usize) -> u64 {
        self.rows
    }

    fn targets(&self) -> usize {
        1
    }

    fn read(&self, shard: usize, first: u64, count: usize, block: &mut RowBlock) -> Result<(), Error> {
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        let mut rows = Rows::new(1);
        let before = shard as u64 * self.rows + first;
        for number in before..before + count as u64 {
            let record = mix(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let bits = mix(record);
            // Four uniform numbers are nearly normal together.
            let spread =
                (0..4).map(|part| (bits >> (16 * part) & 0xFFFF) as f64 / 65_536.0 - 0.5).sum::<f64>();
            let tokens = 100 + (record & 0x7FF) as u32;
            let log_weight = f64::from(tokens) * (0.3 * spread - 0.2);
            rows.push(&[log_weight], RowFields { record, tokens, bytes: 5 * tokens, group: None })?;
        }
        rows.read(0, 0, count, block)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let numbers: Vec<u64> = std::env::args().skip(1).map(|word| word.parse()).collect::<Result<_, _>>()?;
    let [shards, rows] = [0, 1].map(|at| numbers.get(at).copied());
    let (shards, rows) = (shards.unwrap_or(100_000) as usize, rows.unwrap_or(200_000));
    let source = MadeUp { shards, rows, read: AtomicU64::new(0) };
    println!("{} shards, {} rows", source.shards, source.total_rows());

    let start = Instant::now();
    let mut block = RowBlock::default();
    let some = 10_000_000.min(source.rows);
    (0..some / 1000).try_for_each(|part| source.read(0, part * 1000, 1000, &mut block))?;
    let making = start.elapsed().as_secs_f64() / some as f64;
    println!("making up a row takes {:.1} ns, on one thread", making * 1e9);

    for budget in [Budget::Fraction(0.01), Budget::Tokens(100_000_000_000.min(source.total_rows() * 10))] {
        let options = DrawOptions { budget, ..DrawOptions::default() };
        let start = Instant::now();
        source.read.store(0, Ordering::Relaxed);
        let draw = Draw::new(&source, None, &options)?;
        let seconds = start.elapsed().as_secs_f64();
        let total = draw.total_of(0);
        println!("{budget}: {} records, {} tokens; {seconds:.1} s", total.records, total.tokens);
        let times = source.read.load(Ordering::Relaxed) as f64 / source.total_rows() as f64;
        println!(
            "each row was read {times:.2} times; the plan takes {} bytes",
            serde_json::to_string(draw.plan())?.len()
        );
    }
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        status.lines().filter(|line| line.starts_with("VmHWM")).for_each(|line| println!("{line}"));
    }
    Ok(())
}

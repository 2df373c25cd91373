//! Draws against sorting.

use proptest::prelude::*;

use super::*;
use crate::resample::Normalize;
use crate::weights::{RowBlock, WeightsWriter};

fn file_of(rows: &[Vec<u8>]) -> (tempfile::TempDir, WeightsFile) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.npy");
    let mut writer = WeightsWriter::create(&path, 2).unwrap();
    writer.write(&rows.concat()).unwrap();
    writer.finish().unwrap();
    let file = WeightsFile::open(&path).unwrap();
    (folder, file)
}

/// Log weights for two targets, content hash, tokens and bytes.
fn row((first, second): (f64, f64), number: usize) -> Vec<u8> {
    let hash = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let (tokens, bytes) = (10 + number as u32 % 7, 50 + number as u32 % 30);
    let parts: [&[u8]; 5] = [
        &first.to_le_bytes(),
        &second.to_le_bytes(),
        &hash.to_le_bytes(),
        &tokens.to_le_bytes(),
        &bytes.to_le_bytes(),
    ];
    parts.concat()
}

/// What each draw selects for each target, by sorting.
fn by_sorting(rows: &[Row<'_>], options: &DrawOptions, limits: &[u64]) -> Vec<Vec<(usize, usize)>> {
    let rule = Rule::of(options, None, None, limits.len());
    let price = |record: usize| {
        let row = &rows[record];
        options.budget.price(&Totals { records: 1, tokens: row.tokens().into(), bytes: row.bytes().into() })
    };
    let mut taken_in_round = vec![false; rows.len()];
    let mut draws = Vec::new();
    for draw in 0..options.draws {
        let mut selected: Vec<(usize, usize)> = Vec::new();
        if !options.disjoint {
            taken_in_round.fill(false);
        }
        for (target, limit) in limits.iter().enumerate() {
            let lane = Lane::new(options, draw, target);
            let mut left = *limit;
            loop {
                let mut pool: Vec<usize> = (0..rows.len())
                    .filter(|record| {
                        !taken_in_round[*record] && selected.iter().all(|(other, _)| other != record)
                    })
                    .collect();
                pool.sort_by(|a, b| {
                    let key = |record: &usize| rule.key(&rows[*record], lane);
                    let hash = |record: &usize| rows[*record].record();
                    key(b).total_cmp(&key(a)).then(hash(a).cmp(&hash(b))).then(a.cmp(b))
                });
                let is_all = pool.iter().map(|record| price(*record)).sum::<u64>() < left;
                for record in pool {
                    if price(record) > left {
                        break;
                    }
                    left -= price(record);
                    taken_in_round[record] = true;
                    selected.push((record, target));
                }
                if !is_all {
                    break;
                }
                taken_in_round.fill(false);
            }
        }
        selected.sort_unstable();
        draws.push(selected);
    }
    draws
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn draws_are_what_sorting_gives(
        log_weights in prop::collection::vec((-9.0..9.0, -9.0..9.0), 1..60),
        share in 0.05..1.0f64,
        shares in prop::sample::select(vec!["1,1", "1,5", "0,1"]),
        (draws, disjoint, kind, temperature) in (1u32..9, any::<bool>(), 0..3, prop::sample::select(vec![0.0, 1.0, 7.0])),
        normalize in prop::sample::select(vec![Normalize::None, Normalize::Sqrt, Normalize::Tokens]),
        method in prop::sample::select(vec![Method::Gumbel, Method::Gumbel, Method::Random]),
    ) {
        let rows: Vec<Vec<u8>> = log_weights.iter().enumerate().map(|(number, of)| row(*of, number)).collect();
        let (_folder, file) = file_of(&rows);
        let amount = |each: f64| (share * each * rows.len() as f64).ceil() as u64;
        let budget = match kind {
            0 => Budget::Records(amount(1.0)),
            1 => Budget::Tokens(amount(10.0) + 16),
            _ => Budget::Bytes(amount(50.0) + 80),
        };
        let options = DrawOptions {
            budget, draws, disjoint, temperatures: vec![temperature], min_tokens: 0, allow_fewer: true, normalize: Some(normalize), method,
            proportions: Some(shares.parse().unwrap()), ..DrawOptions::default()
        };
        let targets = ["a", "b"].map(|name| TargetSize { name: name.into(), tokens: 1, refined: false });
        let draw = Draw::new(std::slice::from_ref(&file), Some(&targets), &options);
        // A part may be too small for any record: no draw.
        let Ok(draw) = draw else { return Ok(()) };
        let mut block = RowBlock::default();
        file.read(0, rows.len(), &mut block).unwrap();
        let read: Vec<Row<'_>> = block.rows().collect();
        let limit = strata::limit(&options, &draw.survey).unwrap();
        let split = shares::split(limit, &shares::lanes(&options, Some(&targets), 2).unwrap().shares);
        let expected = by_sorting(&read, &options, &split);
        let mut selected = vec![Vec::new(); draws as usize];
        for (record, row) in read.iter().enumerate() {
            for (draw, target) in draw.selected_by(Position { shard: 0, record: record as u64 }, row) {
                selected[draw].push((record, target));
            }
        }
        prop_assert_eq!(&selected, &expected);
        for (number, selected) in selected.iter().enumerate() {
            prop_assert_eq!(draw.total_of(number).records, selected.len() as u64);
        }
    }
}

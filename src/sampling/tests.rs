use proptest::prelude::*;

use super::{Levels, MAX_BOOST, Sampler, level};

/// A record of a corpus: its level and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SizedRecord {
    level: usize,
    size: u64,
}

fn records() -> impl Strategy<Value = Vec<SizedRecord>> {
    let record = (any::<u64>(), 0..=MAX_BOOST, prop::bool::weighted(0.2), 0u64..20).prop_map(
        |(hash, boost, is_boosted, size)| SizedRecord {
            level: level(hash, if is_boosted { boost } else { 0 }),
            size,
        },
    );
    prop::collection::vec(record, 0..300)
}

/// The sample by its definition.
fn expected(records: &[SizedRecord], budget: Option<u64>) -> (usize, Vec<SizedRecord>) {
    let sample = |floor: usize| records.iter().filter(move |record| record.level >= floor);
    let fits =
        |floor: &usize| sample(*floor).map(|record| record.size).sum::<u64>() <= budget.unwrap_or(u64::MAX);
    let floor = (0..).find(fits).unwrap();
    (floor, sample(floor).copied().collect())
}

/// Reads a part of the corpus with several threads, each of which raises its floor after every few records.
fn sample_part(
    records: &[SizedRecord],
    budget: Option<u64>,
    before: Option<Levels<Vec<SizedRecord>>>,
    (threads, block): (usize, usize),
) -> Levels<Vec<SizedRecord>> {
    let sampler = before.as_ref().map_or(Sampler::new(budget), |before| before.resume(budget));
    let mut parts: Vec<Levels<Vec<SizedRecord>>> = (0..threads).map(|_| Levels::new()).collect();
    for (number, record) in records.iter().enumerate() {
        let part = &mut parts[number % threads];
        if let Some(mut slot) = part.slot(&sampler, record.level, Vec::new) {
            slot.payload.push(*record);
            slot.add_size(record.size);
        }
        if number % block == 0 {
            part.raise_floor(&sampler);
        }
    }
    let Ok(sample) = Levels::merge(parts.into_iter().chain(before), budget);
    sample
}

fn found(sample: Levels<Vec<SizedRecord>>) -> (usize, Vec<SizedRecord>) {
    let floor = sample.floor();
    (floor, sorted(sample.into_payloads().flat_map(|(_, records)| records).collect()))
}

fn sorted(mut records: Vec<SizedRecord>) -> Vec<SizedRecord> {
    records.sort_unstable();
    records
}

proptest! {
    #[test]
    fn the_sample_is_the_same_for_any_order_threads_and_parts_and_within_budget(
        records in records(),
        shuffled in any::<prop::sample::Index>(),
        budget in prop::option::of(0u64..2000),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        threads in 1usize..4,
        block in 1usize..40,
    ) {
        let (floor, expected) = expected(&records, budget);
        let expected = (floor, sorted(expected));
        let mut records = records;
        if !records.is_empty() {
            let middle = shuffled.index(records.len());
            records.rotate_left(middle);
            records[middle..].reverse();
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(records.len() + 1)).collect();
        cuts.extend([0, records.len()]);
        cuts.sort_unstable();
        let parts = || cuts.windows(2).map(|cut| &records[cut[0]..cut[1]]);

        let apart = parts().map(|part| sample_part(part, budget, None, (threads, block)));
        let Ok(merged) = Levels::merge(apart, budget);
        prop_assert_eq!(&found(merged), &expected);
        let backwards: Vec<_> = parts().rev().map(|part| sample_part(part, budget, None, (1, block))).collect();
        let Ok(merged) = Levels::merge(backwards, budget);
        prop_assert_eq!(&found(merged), &expected);

        let mut resumed = None;
        for part in parts() {
            resumed = Some(sample_part(part, budget, resumed, (threads, block)));
        }
        let resumed = found(resumed.unwrap());
        prop_assert_eq!(&resumed, &expected);
        let size: u64 = resumed.1.iter().map(|record| record.size).sum();
        prop_assert!(size <= budget.unwrap_or(u64::MAX));
    }
}

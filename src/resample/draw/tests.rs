//! Draws against sorting; parts against the whole; plans against the draws that made them.

use proptest::prelude::*;

use super::*;
use crate::resample::keys::order;
use crate::resample::plan::StratumPlan;
use crate::resample::request::StepNumbers;
use crate::resample::search::{Outcome, ThresholdSearch};
use crate::resample::{Budget, Combine, GroupShares, MixIn, Normalize, mix_in_id, shares, strata};
use crate::weights::{RowBlock, RowFields, Rows, WeightsFile};

/// Rows of these log weights for two targets.
fn rows(log_weights: &[(f64, f64)]) -> Rows {
    let mut rows = Rows::new(2);
    for (number, (first, second)) in log_weights.iter().enumerate() {
        rows.push(&[*first, *second], fields(number, number)).unwrap();
    }
    rows
}

/// The other fields of row number `number`, of a record with this `content`.
fn fields(number: usize, content: usize) -> RowFields {
    let record = (content as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let (tokens, bytes) = (10 + number as u32 % 7, 50 + number as u32 % 30);
    RowFields { record, tokens, bytes, group: None }
}

fn two_targets() -> [TargetSize; 2] {
    ["a", "b"].map(|name| TargetSize { name: name.into(), tokens: 1, refined: false })
}

/// What each draw selects for each target, by sorting.
fn by_sorting(rows: &[Row<'_>], options: &DrawOptions, limits: &[u64]) -> Vec<Vec<(usize, usize)>> {
    let rule = Rule::of(options, None, None, limits.len());
    let price = |record: usize| options.budget.price(&Totals::of_row(&rows[record]));
    let mut selected_in_round = vec![false; rows.len()];
    let mut draws = Vec::new();
    for draw in 0..options.draws {
        let mut selected: Vec<(usize, usize)> = Vec::new();
        if !options.disjoint {
            selected_in_round.fill(false);
        }
        for (target, limit) in limits.iter().enumerate() {
            let keys = KeyRules::of(options).rule(draw as usize, target, false);
            let mut left = *limit;
            loop {
                let mut pool: Vec<usize> = (0..rows.len())
                    .filter(|record| {
                        !selected_in_round[*record] && selected.iter().all(|(other, _)| other != record)
                    })
                    .collect();
                pool.sort_by(|a, b| {
                    let key = |record: &usize| rule.key(&rows[*record], keys);
                    let hash = |record: &usize| rows[*record].record();
                    key(b).total_cmp(&key(a)).then(hash(a).cmp(&hash(b))).then(a.cmp(b))
                });
                let is_all = pool.iter().map(|record| price(*record)).sum::<u64>() < left;
                for record in pool {
                    if price(record) > left {
                        break;
                    }
                    left -= price(record);
                    selected_in_round[record] = true;
                    selected.push((record, target));
                }
                if !is_all {
                    break;
                }
                selected_in_round.fill(false);
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
        (draws, disjoint, kind) in (1u32..9, any::<bool>(), 0..3),
        temperature in prop::sample::select(vec![0.0, 1.0, 7.0]),
        normalize in prop::sample::select(vec![Normalize::None, Normalize::Sqrt, Normalize::Tokens]),
        method in prop::sample::select(vec![Method::Gumbel, Method::Gumbel, Method::Random]),
    ) {
        let rows = rows(&log_weights);
        let amount = |each: f64| (share * each * rows.len() as f64).ceil() as u64;
        let budget = match kind {
            0 => Budget::Records(amount(1.0)),
            1 => Budget::Tokens(amount(10.0) + 16),
            _ => Budget::Bytes(amount(50.0) + 80),
        };
        let options = DrawOptions {
            budget,
            draws,
            disjoint,
            temperatures: vec![temperature],
            min_tokens: 0,
            allow_fewer: true,
            normalize: Some(normalize),
            method,
            proportions: Some(shares.parse().unwrap()),
            ..DrawOptions::default()
        };
        // A part may be too small for any record: no draw.
        let Ok(draw) = Draw::new(&rows, Some(&two_targets()), &options) else { return Ok(()) };
        let limit = strata::limit(&options, &draw.survey).unwrap();
        let shares = target_split(&options, Some(&two_targets()), 2).unwrap().shares;
        let read: Vec<Row<'_>> = rows.iter().collect();
        let expected = by_sorting(&read, &options, &shares::apportion(limit, &shares));
        let selected: Vec<Vec<(usize, usize)>> = draw
            .selected(&rows)
            .unwrap()
            .into_iter()
            .map(|records| records.iter().map(|it| (it.position.record as usize, it.target)).collect())
            .collect();
        prop_assert_eq!(&selected, &expected);
        for (number, selected) in selected.iter().enumerate() {
            prop_assert_eq!(draw.total_of(number).records, selected.len() as u64);
        }
    }
}

/// Rows with ties and copies, in several shards, each of which is also a part of its own.
#[derive(Clone, Debug)]
struct Parts {
    all: Rows,
    parts: Vec<Rows>,
}

/// Each row has one of few log weights, and one of few contents, which decides on its log weight as it would in a
/// corpus; and a group if `grouped`, that of a set that is mixed in for one in five.
fn parts(contents: &[(usize, i32)], ends: &[usize], grouped: bool) -> Parts {
    let new = || if grouped { Rows::with_groups(2) } else { Rows::new(2) };
    let (mut all, mut parts) = (new(), vec![new()]);
    for (number, (content, weight)) in contents.iter().enumerate() {
        if ends.contains(&number) {
            all.begin_shard();
            parts.push(new());
        }
        let group = if content % 5 == 4 { mix_in_id(0) } else { (*content % 3) as u64 };
        let fields = RowFields { group: grouped.then_some(group), ..fields(number, *content) };
        let first = f64::from((*content as i32 + weight) % 4);
        // Some have no weight for the second target.
        let second = if content % 7 == 3 { f64::NEG_INFINITY } else { -first };
        for rows in [&mut all, parts.last_mut().unwrap()] {
            rows.push(&[first, second], fields).unwrap();
        }
    }
    Parts { all, parts }
}

fn some_parts(grouped: bool) -> impl Strategy<Value = Parts> {
    let contents = prop::collection::vec((0usize..12, 0i32..2), 1..120);
    (contents, prop::collection::vec(1usize..120, 0..4))
        .prop_map(move |(contents, ends)| parts(&contents, &ends, grouped))
}

fn some_options() -> impl Strategy<Value = DrawOptions> {
    let budget = (0..4, 0.05..1.0f64).prop_map(|(kind, share)| match kind {
        0 => Budget::Records((share * 60.0) as u64 + 1),
        1 => Budget::Tokens((share * 900.0) as u64 + 40),
        2 => Budget::Bytes((share * 5000.0) as u64 + 200),
        _ => Budget::Fraction(share),
    });
    let temperatures = prop::sample::select(vec![vec![1.0], vec![0.0], vec![0.5, 0.0, 3.0]]);
    let method = prop::sample::select(vec![Method::Gumbel, Method::Gumbel, Method::Random, Method::Pareto]);
    let product = prop::sample::select(vec![None, Some(None), Some(Some("2,-0.5"))]);
    let normalize = prop::sample::select(vec![Normalize::None, Normalize::Sqrt, Normalize::Tokens]);
    (budget, temperatures, method, product, normalize, 1u32..5, any::<bool>(), any::<u64>()).prop_map(
        |(budget, temperatures, method, product, normalize, draws, disjoint, seed)| DrawOptions {
            budget,
            temperatures,
            method,
            normalize: Some(normalize),
            combine: match product {
                None => Combine::Apart,
                Some(exponents) => Combine::Product(exponents.map(|text: &str| text.parse().unwrap())),
            },
            draws,
            disjoint,
            seed,
            min_tokens: 11,
            allow_fewer: true,
            ..DrawOptions::default()
        },
    )
}

/// The same numbers in an order made of them.
fn shuffled(count: usize, by: u64) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..count).collect();
    numbers.sort_by_key(|number| (*number as u64 + 1).wrapping_mul(by | 1));
    numbers
}

fn written<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

/// Draws from parts that are counted apart and merged in some order, all of it written down and read in between.
fn draw_of_parts(parts: &[Rows], options: &DrawOptions, few: u64, order: u64) -> Result<Draw, Error> {
    let targets = two_targets();
    let mut survey: Option<SurveyPart> = None;
    for shard in shuffled(parts.len(), order) {
        let part = written(&SurveyPart::new(&parts[shard], shard, Some(&targets), options)?);
        match &mut survey {
            Some(survey) => survey.merge(part)?,
            None => survey = Some(part),
        }
    }
    let (shares, plan) = undecided(Some(&targets), 2, options)?;
    let mut count = |request: &CountRequest| {
        let request = written(request);
        let mut sum = request.histogram();
        for shard in shuffled(parts.len(), order >> 7) {
            let mut histogram = request.histogram();
            if order.is_multiple_of(2) {
                histogram = request.count(&parts[shard], shard)?;
            } else {
                for (record, row) in (0..).zip(parts[shard].iter()) {
                    request.add(&mut histogram, Position { shard, record }, &row)?;
                }
            }
            sum.merge(written(&histogram))?;
        }
        Ok(sum)
    };
    Draw::decide(survey.unwrap().finish()?, &RowSample::NONE, &shares, plan, options, few, &mut count)
}

/// The search for one threshold that begins with this guess, and puts `few` records in order in memory.
fn search(rows: &Rows, options: &DrawOptions, limit: u64, few: u64, guess: Option<(u64, u64)>) -> Outcome {
    let (_, mut plan) = undecided(Some(&two_targets()), 2, options).unwrap();
    plan.strata = vec![StratumPlan { group: None, at_random: false, steps: Vec::new() }];
    let step = StepNumbers { draw: 0, target: 0, round: 0 };
    let mut search = ThresholdSearch::new(options.budget, limit, rows.len() as u64, few, guess);
    while let Some(range) = search.range() {
        let request = CountRequest { plan: plan.clone(), step, range };
        search.advance(request.count(rows, 0).unwrap()).unwrap();
    }
    search.outcome()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn a_wrong_guess_changes_nothing(
        parts in some_parts(false),
        options in some_options(),
        share in 0.0..1.1f64,
        few in prop::sample::select(vec![0, 20]),
        guess in (-4.0..6.0f64, -4.0..6.0f64),
        ends in (any::<bool>(), any::<bool>()),
    ) {
        let options = DrawOptions { combine: Combine::Apart, ..options };
        let whole = options.budget.price(&Totals { records: 60, tokens: 800, bytes: 4000 });
        let limit = (share * whole as f64) as u64;
        let low = if ends.0 { 0 } else { order(guess.0.min(guess.1)) };
        let high = if ends.1 { u64::MAX } else { order(guess.0.max(guess.1)) };
        let guessed = search(&parts.all, &options, limit, few, Some((low, high)));
        prop_assert_eq!(guessed, search(&parts.all, &options, limit, few, None));
        let sorted = search(&parts.all, &options, limit, 1000, None);
        prop_assert_eq!((guessed.selected, guessed.next), (sorted.selected, sorted.next));
        prop_assert_eq!(guessed.splits_ties, sorted.splits_ties);
    }
}

fn with_groups(options: DrawOptions) -> DrawOptions {
    let mix_in = vec![MixIn { name: "set".into(), records: 3 }];
    DrawOptions { groups: Some(GroupShares::default()), mix_in, ..options }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// With so `few` records put in order in memory that keys, hashes and positions are all counted.
    #[test]
    fn parts_in_any_order_make_the_same_draw(
        parts in some_parts(false),
        options in some_options(),
        few in prop::sample::select(vec![0, 20, 1000]),
        order in any::<u64>(),
    ) {
        let options = DrawOptions { draws: options.draws.min(2), ..options };
        let of_parts = draw_of_parts(&parts.parts, &options, few, order).map_err(|error| error.to_string());
        let whole = Draw::new(&parts.all, Some(&two_targets()), &options).map_err(|error| error.to_string());
        let (of_parts, whole) = match (of_parts, whole) {
            (Ok(of_parts), Ok(whole)) => (of_parts, whole),
            (of_parts, whole) => {
                prop_assert_eq!(of_parts.err(), whole.err());
                return Ok(());
            }
        };
        // As text, in which what is no number equals itself.
        prop_assert_eq!(format!("{:?}", of_parts.survey), format!("{:?}", whole.survey));
        prop_assert_eq!(&of_parts.selections, &whole.selections);
        prop_assert_eq!(of_parts.selected(&parts.all).unwrap(), whole.selected(&parts.all).unwrap());
        // Of very many copies, only the shard of the last one selected may have been counted.
        if few == 1000 {
            prop_assert_eq!(of_parts.plan(), whole.plan());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_that_was_written_selects_what_the_draw_does(
        (parts, grouped) in any::<bool>().prop_flat_map(|grouped| (some_parts(grouped), Just(grouped))),
        options in some_options(),
    ) {
        let options = if grouped { with_groups(options) } else { options };
        let Ok(draw) = Draw::new(&parts.all, Some(&two_targets()), &options) else { return Ok(()) };
        let plan: Plan = written(draw.plan());
        prop_assert_eq!(&plan, draw.plan());
        let mut of_parts = vec![Vec::new(); options.draws as usize];
        for (shard, rows) in parts.parts.iter().enumerate() {
            let selected = plan.selected(rows, shard).unwrap();
            of_parts.iter_mut().zip(selected).for_each(|(all, of_part)| all.extend(of_part));
        }
        prop_assert_eq!(&of_parts, &draw.selected(&parts.all).unwrap());
        for (number, selected) in of_parts.iter().enumerate() {
            prop_assert_eq!(draw.total_of(number).records, selected.len() as u64);
        }
    }
}

#[test]
fn plans_that_make_no_sense_are_refused() {
    let rows = rows(&[(1.0, 2.0), (3.0, 4.0), (5.0, 6.0)]);
    let options = DrawOptions { budget: Budget::Records(2), min_tokens: 0, ..DrawOptions::default() };
    let plan = Draw::new(&rows, Some(&two_targets()), &options).unwrap().plan().clone();
    let sound = serde_json::to_value(&plan).unwrap();
    let refused = |path: &str, value: serde_json::Value| {
        let mut changed = sound.clone();
        match changed.pointer_mut(path) {
            Some(field) => *field = value,
            None => changed[&path[1..]] = value,
        }
        serde_json::from_value::<Plan>(changed).unwrap_err().to_string()
    };
    use serde_json::json;
    for (path, value, reason) in [
        ("/method", json!("best"), "unknown variant"),
        ("/more", json!(1), "unknown field"),
        ("/temperatures", json!([]), "without draws"),
        ("/temperatures", json!([-1.0]), "temperature"),
        ("/normalize", json!([]), "without targets"),
        ("/exponents", json!([1.0]), "exponents"),
        ("/strata/0/steps/1/draw", json!(1), "not there"),
        ("/strata/0/steps/1/target", json!(2), "not there"),
        ("/strata/0/steps/0/round", json!(7), "order"),
        ("/strata/0/steps/0/key", json!("7ff8000000000000"), "not a number"),
        ("/strata/0/steps/0/key", json!("+ff000000000000f"), "16 hexadecimal digits"),
        ("/strata/0/steps/0/hash", json!("12"), "16 hexadecimal digits"),
        ("/strata/0/steps/0/last", json!({"shard": 0, "record": -1}), "invalid value"),
        ("/strata", json!([sound["strata"][0], sound["strata"][0]]), "groups"),
    ] {
        let message = refused(path, value);
        assert!(message.contains(reason), "{path}: {message}");
    }
    let other = Rows::new(1);
    assert!(matches!(plan.selected(&other, 0), Err(Error::PlanOfOtherTargets { expected: 2, found: 1 })));
}

#[test]
fn files_and_memory_make_the_same_draw() {
    let log_weights: Vec<(f64, f64)> = (0..300).map(|i| (f64::from(i % 17), f64::from(i % 5))).collect();
    let rows = rows(&log_weights);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.npy");
    rows.write(0, &path).unwrap();
    let file = WeightsFile::open(&path).unwrap();
    let mut block = RowBlock::default();
    file.read(0, 300, &mut block).unwrap();
    let log_weights = |row: Row<'_>| row.log_weights().collect::<Vec<_>>();
    assert!(block.rows().map(log_weights).eq(rows.iter().map(log_weights)));
    let options = DrawOptions { budget: Budget::Fraction(0.2), min_tokens: 0, ..DrawOptions::default() };
    let of_memory = Draw::new(&rows, Some(&two_targets()), &options).unwrap();
    let of_file = Draw::new(std::slice::from_ref(&file), Some(&two_targets()), &options).unwrap();
    assert_eq!(of_memory.plan(), of_file.plan());
    assert_eq!(of_memory.indices(&rows, 0).unwrap(), of_file.indices(&[file], 0).unwrap());
    assert!(of_memory.indices(&rows, 1).unwrap().is_empty());
}

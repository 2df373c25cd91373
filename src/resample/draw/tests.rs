//! Draws against sorting; parts against the whole; plans against the draws that made them.

use proptest::prelude::*;

use super::*;
use crate::resample::keys::{Keyed, order};
use crate::resample::plan::StratumPlan;
use crate::resample::request::StepNumbers;
use crate::resample::search::{Outcome, ThresholdSearch};
use crate::resample::{
    Budget, Combine, GroupShares, MixIn, Normalize, RepeatCurve, mix_in_id, shares, strata,
};
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
    ["a", "b"].map(|name| TargetSize { name: name.into(), tokens: 1, per_token: false })
}

/// What each draw selects for each target, by sorting; a record stands there as often as it is selected.
fn by_sorting(rows: &[Row<'_>], options: &DrawOptions, limits: &[u64]) -> Vec<Vec<(usize, usize)>> {
    let rule = Rule::of(options, None, None, limits.len());
    let price = |record: usize| options.budget.price(&Totals::of_row(&rows[record]));
    // Each record, and how often it is selected before.
    let all = || (0..rows.len()).flat_map(|record| (0..options.repeat).map(move |repeat| (record, repeat)));
    let mut selected_in_round: Vec<(usize, u32)> = Vec::new();
    let mut draws = Vec::new();
    for draw in 0..options.draws {
        let mut selected: Vec<((usize, u32), usize)> = Vec::new();
        if !options.disjoint {
            selected_in_round.clear();
        }
        for (target, limit) in limits.iter().enumerate() {
            let keys = KeyRules::of(options).rule(draw as usize, target, false);
            let mut left = *limit;
            loop {
                let mut pool: Vec<(usize, u32)> = all()
                    .filter(|one| {
                        !selected_in_round.contains(one) && selected.iter().all(|(other, _)| other != one)
                    })
                    .collect();
                pool.sort_by(|a, b| {
                    let key = |(record, repeat): &(usize, u32)| {
                        let row = &rows[*record];
                        let (value, content_hash) = (rule.log_weight_of(row, target), row.record());
                        keys.key(Keyed { value, content_hash }, *repeat)
                    };
                    let place = |one: &(usize, u32)| (rows[one.0].record(), *one);
                    key(b).total_cmp(&key(a)).then(place(a).cmp(&place(b)))
                });
                let is_all = pool.iter().map(|(record, _)| price(*record)).sum::<u64>() < left;
                for one in pool {
                    if price(one.0) > left {
                        break;
                    }
                    left -= price(one.0);
                    selected_in_round.push(one);
                    selected.push((one, target));
                }
                if !is_all {
                    break;
                }
                selected_in_round.clear();
            }
        }
        let mut selected: Vec<(usize, usize)> =
            selected.into_iter().map(|((record, _), target)| (record, target)).collect();
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
        repeat in prop::sample::select(vec![1, 1, 2, 5]),
        temperature in prop::sample::select(vec![0.0, 1.0, 7.0]),
        normalize in prop::sample::select(vec![Normalize::None, Normalize::Sqrt, Normalize::Tokens]),
        method in prop::sample::select(vec![Method::Gumbel, Method::Gumbel, Method::Random]),
    ) {
        let rows = rows(&log_weights);
        let amount = |each: f64| (share * each * rows.len() as f64 * f64::from(repeat)).ceil() as u64;
        let budget = match kind {
            0 => Budget::Records(amount(1.0)),
            1 => Budget::Tokens(amount(10.0) + 16),
            _ => Budget::Bytes(amount(50.0) + 80),
        };
        let options = DrawOptions {
            budget,
            draws,
            disjoint: disjoint && repeat == 1,
            repeat,
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

/// How often each record is expected, up to a factor: the mean of the curve over the percentiles of all with its log
/// weight.
fn expected(log_weights: &[f64], tokens: &[u32], curve: &RepeatCurve) -> Vec<f64> {
    let sum = |is_in: &dyn Fn(f64) -> bool| -> f64 {
        let both = log_weights.iter().zip(tokens).filter(|(log_weight, _)| is_in(**log_weight));
        both.map(|(_, tokens)| f64::from(*tokens)).sum()
    };
    let whole = sum(&|_| true);
    let of = |own: &f64| curve.mean(sum(&|other| other < *own) / whole, sum(&|other| other <= *own) / whole);
    log_weights.iter().map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn draws_by_a_curve_are_what_sorting_gives(
        log_weights in prop::collection::vec((-9i32..9, 0..3), 1..60),
        share in 0.05..4.0f64,
        curve in prop::sample::select(vec!["0:0,100:4", "40:0,40:1,95:1,100:7", "0:1", "50:0.3"]),
        by_tokens in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let curve: RepeatCurve = curve.parse().unwrap();
        let log_weights: Vec<f64> = log_weights
            .iter()
            .map(|(whole, few)| f64::from(*whole) * f64::from(few + 1) / 7.0)
            .collect();
        let mut rows = Rows::new(1);
        for (number, log_weight) in log_weights.iter().enumerate() {
            rows.push(&[*log_weight], fields(number, number)).unwrap();
        }
        let amount = share * log_weights.len() as f64;
        let budget =
            if by_tokens { Budget::Tokens((13.0 * amount) as u64 + 16) } else { Budget::Records(amount as u64 + 1) };
        let (repeat, min_tokens) = (curve.most(), 0);
        let options = DrawOptions {
            budget, seed, min_tokens, repeat, curve: Some(curve.clone()), allow_fewer: true, ..DrawOptions::default()
        };
        let draw = Draw::new(&rows, None, &options).unwrap();

        // Expected s · e times, it is there ⌊s · e + u⌋ times: once more from s = (times + 1 − u) / e on.
        let read: Vec<Row<'_>> = rows.iter().collect();
        let tokens: Vec<u32> = read.iter().map(Row::tokens).collect();
        let mut from: Vec<(f64, u64, usize)> = Vec::new();
        for (record, expected) in expected(&log_weights, &tokens, &curve).into_iter().enumerate() {
            let hash = read[record].record();
            let bits = crate::resample::Noise::new(seed, 0, 0).bits(hash);
            let u = ((bits >> 12) as f64 + 0.5) / (1u64 << 52) as f64;
            let times = (0..repeat).filter(|_| expected > 0.0);
            from.extend(times.map(|times| ((f64::from(times + 1) - u) / expected, hash, record)));
        }
        from.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (mut left, mut selected) = (strata::limit(&options, &draw.survey).unwrap(), Vec::new());
        for (_, _, record) in from {
            let price = budget.price(&Totals::of_row(&read[record]));
            if price > left {
                break;
            }
            left -= price;
            selected.push(record);
        }
        selected.sort_unstable();
        prop_assert_eq!(draw.indices(&rows, 0).unwrap(), selected);
    }
}

/// Of very many records, as many are selected at each percentile as the curve tells, to within what chance gives.
#[test]
fn a_curve_is_followed_from_end_to_end() {
    let mut rows = Rows::new(1);
    let count = 200_000u64;
    for number in 0..count {
        // Most are near zero, some a million times as far; every fifth of a few.
        let spread = (number as f64 / count as f64 - 0.5) * 4.0;
        let log_weight = if number % 5 == 0 { (number % 4) as f64 } else { spread.powi(9) };
        let record = crate::resample::Noise::new(7, 7, 7).bits(number);
        let fields = RowFields { record, tokens: 50 + (number % 101) as u32, bytes: 9, group: None };
        rows.push(&[log_weight], fields).unwrap();
    }
    let curve: RepeatCurve = "40:0,40:0.5,90:2,100:7".parse().unwrap();
    let options = DrawOptions {
        budget: Budget::Tokens(10_000_000),
        min_tokens: 0,
        repeat: curve.most(),
        curve: Some(curve.clone()),
        ..DrawOptions::default()
    };
    let draw = Draw::new(&rows, None, &options).unwrap();
    let read: Vec<Row<'_>> = rows.iter().collect();
    let mut times = vec![0u32; read.len()];
    draw.indices(&rows, 0).unwrap().iter().for_each(|record| times[*record] += 1);
    let mut by_rank: Vec<usize> = (0..read.len()).collect();
    by_rank.sort_by(|a, b| read[*a].log_weight(0).total_cmp(&read[*b].log_weight(0)));
    let whole: u64 = read.iter().map(|row| u64::from(row.tokens())).sum();
    let mean = curve.mean(0.0, 1.0);
    let scale = 10_000_000.0 / (whole as f64 * mean);
    // What each of twenty parts holds, if no stretch of equal log weights crosses its ends.
    let mut below = 0u64;
    let (mut part, mut held, mut start) = (0, 0.0, 0.0);
    for (place, record) in by_rank.iter().enumerate() {
        let row = &read[*record];
        held += f64::from(times[*record]) * f64::from(row.tokens());
        below += u64::from(row.tokens());
        let is_tied =
            by_rank.get(place + 1).is_some_and(|next| read[*next].log_weight(0) == row.log_weight(0));
        let at = below as f64 / whole as f64;
        if !is_tied && at >= f64::from(part + 1) / 20.0 {
            let wanted = curve.mean(start, at) * scale * (at - start) * whole as f64;
            // A stretch of one part in 1024 may be on both sides of an end.
            let slack = 7.0 * scale * whole as f64 / 1024.0 + 0.01 * wanted;
            assert!((held - wanted).abs() < slack, "up to {at}: {held} tokens, {wanted} expected");
            (part, held, start) = ((at * 20.0) as u32, 0.0, at);
        }
    }
    assert!(part >= 15, "{part}");
    assert!(below >= 10_000_000 && draw.total_of(0).tokens > 10_000_000 - 151);
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
    let repeats = prop::sample::select(vec![(1, false), (1, true), (3, false)]);
    let curve = prop::sample::select(vec![None, None, Some("0:0,50:1,100:3"), Some("40:0,40:1,90:2")]);
    let options = (budget, temperatures, method, product, normalize, 1u32..5, repeats, any::<u64>())
        .prop_map(|(budget, temperatures, method, product, normalize, draws, (repeat, disjoint), seed)| {
            DrawOptions {
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
                repeat,
                seed,
                min_tokens: 11,
                allow_fewer: true,
                ..DrawOptions::default()
            }
        });
    // A curve is for one draw by log weights.
    (options, curve).prop_map(|(options, curve)| match curve {
        Some(curve) if options.method == Method::Gumbel && options.combine != Combine::Apart => {
            let curve: RepeatCurve = curve.parse().unwrap();
            let (temperatures, repeat) = (vec![1.0], curve.most());
            DrawOptions { temperatures, repeat, curve: Some(curve), disjoint: false, ..options }
        }
        _ => options,
    })
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
    plan.strata = vec![StratumPlan {
        group: None,
        at_random: false,
        repeats: options.repeat,
        expected: None,
        steps: Vec::new(),
    }];
    let step = StepNumbers { draw: 0, target: 0, round: 0 };
    let mut search = ThresholdSearch::new(
        options.budget,
        limit,
        rows.len() as u64 * u64::from(options.repeat),
        few,
        guess,
    );
    while let Some(range) = search.range() {
        let request = CountRequest { plan: plan.clone(), step, range, edges: Vec::new() };
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
        let options = DrawOptions { combine: Combine::Apart, curve: None, ..options };
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

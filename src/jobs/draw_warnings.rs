//! What is told of a draw that may not be what was meant.

use super::report::EpochReport;
use crate::density::Closeness;
use crate::error::Error;
use crate::observer::Observer;
use crate::resample::{self, Budget, Draw, DrawOptions, Method, Totals};
use crate::warning::Warning;
use crate::weights::{UntilCancelled, WeightsFile};

/// A temperature that is too low is doubled so many times, less one, to find one that is not.
const DOUBLINGS: u32 = 12;

/// Warns of a temperature that was asked for and lets little but the largest log weights come in.
pub(super) fn warn_of_temperature(
    draw: &Draw,
    options: &DrawOptions,
    weights: &[WeightsFile],
    observer: &Observer,
) -> Result<(), Error> {
    let &[temperature, ..] = draw.temperatures() else { return Ok(()) };
    if options.method != Method::Gumbel
        || options.is_at_temperature_1()
        || temperature == 0.0
        || options.curve.is_some()
    {
        return Ok(());
    }
    let selected = draw.selections.first().and_then(|of| of.first()).map_or(0, |first| first.totals.records);
    let all = draw.survey.eligible.times(options.repeat).records;
    if selected >= all {
        return Ok(()); // There was nothing to choose.
    }
    let known = draw.survey.log_weights.first().and_then(|there| there.effective_sample_size);
    // Half of what is selected is little, also by a rough measure; each may come several times.
    let repeat = f64::from(options.repeat);
    let is_low = |effective: f64| 2.0 * effective * repeat < selected as f64;
    if known.is_some_and(|effective| !is_low(effective)) {
        return Ok(());
    }
    let doubled: Vec<f64> =
        (0..DOUBLINGS).map(|doublings| temperature * f64::from(1u32 << doublings)).collect();
    let rows = UntilCancelled { rows: weights, observer };
    let sizes = resample::effective_sample_sizes(&rows, draw.plan(), &doubled)?;
    let Some(effective) = sizes[0].filter(|effective| is_low(*effective)) else { return Ok(()) };
    let enough = doubled
        .iter()
        .zip(&sizes)
        .find(|(_, size)| size.is_some_and(|size| size * repeat >= selected as f64));
    let enough = enough.map(|(temperature, _)| *temperature);
    observer.warn(Warning::LowTemperature { temperature, effective, selected, enough });
    Ok(())
}

/// Warns of draws that are no closer to a target than chance would make them.
pub(super) fn warn_of_chance(epochs: &[EpochReport], eligible: Totals, observer: &Observer) {
    for (number, epoch) in epochs.iter().enumerate() {
        let Some(reductions) = &epoch.kl_reduction else { continue };
        let share = epoch.selected.records as f64 / eligible.records.max(1) as f64;
        for kl in reductions.iter().filter(|kl| !kl.is_beyond_chance()) {
            let Closeness { ref target, reduction, random, .. } = *kl;
            observer.warn(Warning::NoCloserThanChance {
                epoch: (epochs.len() > 1).then_some(number),
                target: (reductions.len() > 1).then(|| target.clone()),
                reduction,
                chance: kl.is_chance_known().then(|| kl.by_chance()),
                random,
                share,
            });
        }
    }
}

/// A budget of which one part in so many is left was ended early.
const PART_LEFT: u64 = 20;

/// Warns of a budget in tokens or bytes that the first draw has not used.
pub(super) fn warn_of_budget(draw: &Draw, options: &DrawOptions, observer: &Observer) {
    let Some(selections) = draw.selections.first() else { return };
    let used = |unit: fn(&Totals) -> u64| selections.iter().map(|selection| unit(&selection.totals)).sum();
    let (unit, used, asked): (_, u64, _) = match options.budget {
        Budget::Tokens(asked) => ("tokens", used(|totals| totals.tokens), asked),
        Budget::Bytes(asked) => ("bytes", used(|totals| totals.bytes), asked),
        Budget::Records(_) | Budget::Fraction(_) => return,
    };
    let next = selections.iter().filter_map(|selection| selection.next).max();
    if let Some(next) = next.filter(|_| asked.saturating_sub(used) > asked / PART_LEFT) {
        observer.warn(Warning::BudgetLeft { unit, used, asked, next });
    }
}

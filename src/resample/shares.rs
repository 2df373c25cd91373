//! How the budget is split between targets.

use super::{Combine, DrawOptions, Error, TemperatureUnit};
use crate::ln::{exp, ln};
use crate::weights::TargetSize;

/// Which targets draw: each for itself, or all as one.
pub(super) struct TargetSplit {
    /// The shares of the budget of those that draw; they sum to 1.
    pub(super) shares: Vec<f64>,
    /// The exponents of the targets in the product that draws as one, if one does.
    pub(super) exponents: Option<Vec<f64>>,
}

/// For weights of `count` targets.
pub(super) fn target_split(
    options: &DrawOptions,
    targets: Option<&[TargetSize]>,
    count: usize,
) -> Result<TargetSplit, Error> {
    if let Combine::Product(exponents) = &options.combine {
        let exponents = match exponents {
            Some(exponents) => exponents.in_order(targets, count)?,
            None => vec![1.0 / count as f64; count],
        };
        return Ok(TargetSplit { shares: vec![1.0], exponents: Some(exponents) });
    }
    if options.temperature_unit == TemperatureUnit::Deviations && count > 1 {
        return Err(Error::DeviationsOfSeveral);
    }
    if options.curve.is_some() && count > 1 {
        return Err(Error::CurveOfSeveral);
    }
    let shares: Vec<f64> = match (&options.proportions, targets) {
        (Some(proportions), _) => proportions.in_order(targets, count)?,
        (None, _) if count == 1 => vec![1.0],
        (None, None) => return Err(Error::UnknownShares { targets: count }),
        (None, Some(targets)) => by_size(targets, options.proportions_temperature),
    };
    let sum: f64 = shares.iter().sum();
    Ok(TargetSplit { shares: shares.into_iter().map(|share| share / sum).collect(), exponents: None })
}

/// The shares of the budget that the targets draw, which sum to 1.
///
/// # Errors
/// Proportions that do not fit the targets.
pub fn target_shares(options: &DrawOptions, targets: &[TargetSize]) -> Result<Vec<f64>, Error> {
    Ok(target_split(options, Some(targets), targets.len())?.shares)
}

/// In proportion to tokens^(1 / τ).
fn by_size(targets: &[TargetSize], temperature: f64) -> Vec<f64> {
    let sizes = targets.iter().map(|target| target.tokens as f64);
    if temperature == 1.0 {
        return sizes.collect();
    }
    let largest = sizes.clone().fold(1.0, f64::max);
    sizes.map(|size| if size > 0.0 { exp((ln(size) - ln(largest)) / temperature) } else { 0.0 }).collect()
}

/// Splits `limit` by the shares: whole parts first, then one more to each of the largest remainders.
pub(super) fn apportion(limit: u64, shares: &[f64]) -> Vec<u64> {
    let exact: Vec<f64> = shares.iter().map(|share| limit as f64 * share).collect();
    let mut parts: Vec<u64> = Vec::with_capacity(shares.len());
    let mut left = limit;
    for exact in &exact {
        let part = (exact.floor() as u64).min(left);
        parts.push(part);
        left -= part;
    }
    let mut by_remainder: Vec<usize> = (0..shares.len()).filter(|target| shares[*target] > 0.0).collect();
    by_remainder.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()));
    for target in by_remainder.into_iter().cycle().take(usize::try_from(left).unwrap_or(0)) {
        parts[target] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resample::Proportions;

    #[test]
    fn parts_sum_to_the_whole_and_follow_the_shares() {
        assert_eq!(apportion(10, &[0.5, 0.5]), [5, 5]);
        assert_eq!(apportion(10, &[0.25, 0.75]), [3, 7]);
        assert_eq!(apportion(1, &[0.0, 1.0]), [0, 1]);
        assert_eq!(apportion(100, &[1.0 / 3.0; 3]), [34, 33, 33]);
        assert_eq!(apportion(1 << 60, &[0.1, 0.2, 0.7]).iter().sum::<u64>(), 1 << 60);
    }

    #[test]
    fn proportions_are_named_or_in_order() {
        let targets = ["a", "b"].map(|name| TargetSize { name: name.into(), tokens: 50, per_token: false });
        let shares = |text: &str| {
            let options = DrawOptions { proportions: Some(text.parse().unwrap()), ..DrawOptions::default() };
            target_split(&options, Some(&targets), 2).map(|split| split.shares).map_err(|e| e.to_string())
        };
        assert_eq!(shares("1,3").unwrap(), [0.25, 0.75]);
        assert_eq!(shares("b=3,a=1").unwrap(), [0.25, 0.75]);
        assert!(shares("a=1,c=1").unwrap_err().contains("no target `c`"));
        assert!(shares("a=1,a=1").unwrap_err().contains("twice"));
        assert!(shares("1").unwrap_err().contains("1 given for 2 targets"));
        for wrong in ["", "a=1,2", "-1,2", "0,0", "nan,1", "a=x"] {
            assert!(wrong.parse::<Proportions>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn between_by_size_and_even() {
        let targets = [("a", 100), ("b", 10_000)].map(|(name, tokens)| TargetSize {
            name: name.into(),
            tokens,
            per_token: false,
        });
        let shares = |proportions_temperature| {
            let options = DrawOptions { proportions_temperature, ..DrawOptions::default() };
            target_split(&options, Some(&targets), 2).unwrap().shares
        };
        let near = |shares: Vec<f64>, first: f64| assert!((shares[0] - first).abs() < 1e-12, "{shares:?}");
        near(shares(1.0), 1.0 / 101.0);
        near(shares(2.0), 1.0 / 11.0);
        near(shares(f64::INFINITY), 0.5);
    }
}

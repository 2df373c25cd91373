use super::{Combine, DrawOptions, Error};
use crate::ln::{exp, ln};
use crate::weights::TargetSize;

/// Numbers for the targets: `NAME=NUMBER` each, or plain numbers in the order of the targets.
#[derive(Clone, Debug, PartialEq)]
struct Numbers(Vec<(Option<String>, f64)>);

/// The shares of the targets, each at least 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Proportions(Numbers);

/// The exponents of the targets' importance weights in their product; a negative one draws away from a target.
#[derive(Clone, Debug, PartialEq)]
pub struct Exponents(Numbers);

impl std::fmt::Display for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (name, number)) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            match name {
                Some(name) => write!(f, "{comma}{name}={number}")?,
                None => write!(f, "{comma}{number}")?,
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for Proportions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Display for Exponents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Numbers {
    /// Reads `NAME=NUMBER,NAME=NUMBER` or `NUMBER,NUMBER`, each number being one that is `sound`.
    fn parse(text: &str, sound: impl Fn(f64) -> bool, what: &str) -> Result<Self, String> {
        let mut numbers = Vec::new();
        for part in text.split(',') {
            let (name, number) = match part.rsplit_once('=') {
                Some((name, number)) => (Some(name.to_owned()), number),
                None => (None, part),
            };
            match number.trim().parse::<f64>() {
                Ok(value) if value.is_finite() && sound(value) => numbers.push((name, value)),
                _ => return Err(format!("`{number}` is not {what}")),
            }
        }
        let named = numbers.iter().filter(|(name, _)| name.is_some()).count();
        if named != 0 && named != numbers.len() {
            return Err("give names to all or to none".into());
        }
        Ok(Numbers(numbers))
    }

    /// The numbers in the order of `count` targets.
    fn of(
        &self,
        what: &'static str,
        targets: Option<&[TargetSize]>,
        count: usize,
    ) -> Result<Vec<f64>, Error> {
        let names: Vec<String> = match targets {
            Some(targets) => targets.iter().map(|target| target.name.clone()).collect(),
            None => (1..=count).map(|number| format!("(nameless {number})")).collect(),
        };
        let refuse = |reason: String| Error::OfTargets { what, reason, targets: names.join(", ") };
        if self.0.len() != count {
            let targets = if count == 1 { "1 target".to_owned() } else { format!("{count} targets") };
            return Err(refuse(format!("{} given for {targets}", self.0.len())));
        }
        let mut numbers = vec![None; count];
        for (position, (name, number)) in self.0.iter().enumerate() {
            let target = match name {
                None => position,
                Some(name) => {
                    let found = names.iter().position(|target| target == name);
                    found.ok_or_else(|| refuse(format!("there is no target `{name}`")))?
                }
            };
            if numbers[target].replace(*number).is_some() {
                return Err(refuse(format!("target `{}` is given twice", names[target])));
            }
        }
        Ok(numbers.into_iter().flatten().collect())
    }
}

impl std::str::FromStr for Proportions {
    type Err = String;

    /// Reads `NAME=SHARE,NAME=SHARE` or `SHARE,SHARE`.
    fn from_str(text: &str) -> Result<Self, String> {
        let shares = Numbers::parse(text, |share| share >= 0.0, "a share: a number of at least 0")?;
        let sum = shares.0.iter().map(|(_, share)| share).sum::<f64>();
        if !(f64::MIN_POSITIVE..=f64::MAX).contains(&sum) {
            return Err("the shares sum to zero, or to more than a number can be".into());
        }
        Ok(Proportions(shares))
    }
}

impl Proportions {
    /// The shares by their names; `None` if they have none.
    pub fn named(&self) -> Option<Vec<(String, f64)>> {
        self.0.0.iter().map(|(name, share)| name.clone().map(|name| (name, *share))).collect()
    }
}

impl std::str::FromStr for Exponents {
    type Err = String;

    /// Reads `NAME=EXPONENT,NAME=EXPONENT` or `EXPONENT,EXPONENT`.
    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Exponents(Numbers::parse(
            text,
            |exponent| exponent.abs() <= 1e6,
            "an exponent: a number from -1e6 to 1e6",
        )?))
    }
}

/// What draws: each target for itself, or all as one.
pub(super) struct Lanes {
    /// Of the budget; they sum to 1.
    pub(super) shares: Vec<f64>,
    /// Of the targets in what draws as one.
    pub(super) exponents: Option<Vec<f64>>,
}

/// For weights of `count` targets.
pub(super) fn lanes(
    options: &DrawOptions,
    targets: Option<&[TargetSize]>,
    count: usize,
) -> Result<Lanes, Error> {
    if let Combine::Product(exponents) = &options.combine {
        let exponents = match exponents {
            Some(exponents) => exponents.0.of("exponents", targets, count)?,
            None => vec![1.0 / count as f64; count],
        };
        return Ok(Lanes { shares: vec![1.0], exponents: Some(exponents) });
    }
    let shares: Vec<f64> = match (&options.proportions, targets) {
        (Some(Proportions(shares)), _) => shares.of("proportions", targets, count)?,
        (None, _) if count == 1 => vec![1.0],
        (None, None) => return Err(Error::UnknownShares { targets: count }),
        (None, Some(targets)) => by_size(targets, options.proportions_temperature),
    };
    let sum: f64 = shares.iter().sum();
    Ok(Lanes { shares: shares.into_iter().map(|share| share / sum).collect(), exponents: None })
}

/// The shares of the budget that the targets draw, which sum to 1.
///
/// # Errors
/// Proportions that do not fit the targets.
pub fn target_shares(options: &DrawOptions, targets: &[TargetSize]) -> Result<Vec<f64>, Error> {
    Ok(lanes(options, Some(targets), targets.len())?.shares)
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
pub(super) fn split(limit: u64, shares: &[f64]) -> Vec<u64> {
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

    #[test]
    fn parts_sum_to_the_whole_and_follow_the_shares() {
        assert_eq!(split(10, &[0.5, 0.5]), [5, 5]);
        assert_eq!(split(10, &[0.25, 0.75]), [3, 7]);
        assert_eq!(split(1, &[0.0, 1.0]), [0, 1]);
        assert_eq!(split(100, &[1.0 / 3.0; 3]), [34, 33, 33]);
        assert_eq!(split(1 << 60, &[0.1, 0.2, 0.7]).iter().sum::<u64>(), 1 << 60);
    }

    #[test]
    fn proportions_are_named_or_in_order() {
        let targets = ["a", "b"].map(|name| TargetSize { name: name.into(), tokens: 50, refined: false });
        let shares = |text: &str| {
            let options = DrawOptions { proportions: Some(text.parse().unwrap()), ..DrawOptions::default() };
            lanes(&options, Some(&targets), 2).map(|lanes| lanes.shares).map_err(|e| e.to_string())
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
            refined: false,
        });
        let shares = |proportions_temperature| {
            let options = DrawOptions { proportions_temperature, ..DrawOptions::default() };
            lanes(&options, Some(&targets), 2).unwrap().shares
        };
        let near = |shares: Vec<f64>, first: f64| assert!((shares[0] - first).abs() < 1e-12, "{shares:?}");
        near(shares(1.0), 1.0 / 101.0);
        near(shares(2.0), 1.0 / 11.0);
        near(shares(f64::INFINITY), 0.5);
    }
}

//! Numbers for the targets, as they are typed.

use super::Error;
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
    fn in_order(
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
    /// The shares in the order of `count` targets.
    pub(super) fn in_order(&self, targets: Option<&[TargetSize]>, count: usize) -> Result<Vec<f64>, Error> {
        self.0.in_order("proportions", targets, count)
    }

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

impl Exponents {
    /// The exponents in the order of `count` targets.
    pub(super) fn in_order(&self, targets: Option<&[TargetSize]>, count: usize) -> Result<Vec<f64>, Error> {
        self.0.in_order("exponents", targets, count)
    }
}

use super::Error;
use crate::weights::TargetSize;

/// The shares of the targets: `NAME=SHARE` each, or plain numbers in the order of the targets.
#[derive(Clone, Debug, PartialEq)]
pub struct Proportions(Vec<(Option<String>, f64)>);

impl std::fmt::Display for Proportions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (name, share)) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            match name {
                Some(name) => write!(f, "{comma}{name}={share}")?,
                None => write!(f, "{comma}{share}")?,
            }
        }
        Ok(())
    }
}

impl std::str::FromStr for Proportions {
    type Err = String;

    /// Reads `NAME=SHARE,NAME=SHARE` or `SHARE,SHARE`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut shares = Vec::new();
        for part in text.split(',') {
            let (name, share) = match part.rsplit_once('=') {
                Some((name, share)) => (Some(name.to_owned()), share),
                None => (None, part),
            };
            match share.trim().parse::<f64>() {
                Ok(share) if share >= 0.0 && share.is_finite() => shares.push((name, share)),
                _ => return Err(format!("`{share}` is not a share: a number of at least 0")),
            }
        }
        let named = shares.iter().filter(|(name, _)| name.is_some()).count();
        if named != 0 && named != shares.len() {
            return Err("give names to all shares or to none".into());
        }
        let sum = shares.iter().map(|(_, share)| share).sum::<f64>();
        if !(f64::MIN_POSITIVE..=f64::MAX).contains(&sum) {
            return Err("the shares sum to zero, or to more than a number can be".into());
        }
        Ok(Proportions(shares))
    }
}

/// The share of each of `count` targets; they sum to 1.
pub(super) fn shares(
    proportions: Option<&Proportions>,
    targets: Option<&[TargetSize]>,
    count: usize,
) -> Result<Vec<f64>, Error> {
    let shares: Vec<f64> = match (proportions, targets) {
        (None, _) if count == 1 => vec![1.0],
        (None, None) => return Err(Error::UnknownShares { targets: count }),
        (None, Some(targets)) => targets.iter().map(|target| target.tokens as f64).collect(),
        (Some(proportions), targets) => given(&proportions.0, targets, count)?,
    };
    let sum: f64 = shares.iter().sum();
    Ok(shares.into_iter().map(|share| share / sum).collect())
}

fn given(
    given: &[(Option<String>, f64)],
    targets: Option<&[TargetSize]>,
    count: usize,
) -> Result<Vec<f64>, Error> {
    let names: Vec<String> = match targets {
        Some(targets) => targets.iter().map(|target| target.name.clone()).collect(),
        None => (1..=count).map(|number| format!("(nameless {number})")).collect(),
    };
    let refuse = |reason: String| Error::Proportions { reason, targets: names.join(", ") };
    if given.len() != count {
        return Err(refuse(format!("{} shares for {count} targets", given.len())));
    }
    let mut shares = vec![None; count];
    for (position, (name, share)) in given.iter().enumerate() {
        let target = match name {
            None => position,
            Some(name) => {
                let found = names.iter().position(|target| target == name);
                found.ok_or_else(|| refuse(format!("there is no target `{name}`")))?
            }
        };
        if shares[target].replace(*share).is_some() {
            return Err(refuse(format!("target `{}` is given twice", names[target])));
        }
    }
    Ok(shares.into_iter().flatten().collect())
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
        let targets = ["a", "b"].map(|name| TargetSize { name: name.into(), tokens: 50 });
        let shares =
            |text: &str| shares(Some(&text.parse().unwrap()), Some(&targets), 2).map_err(|e| e.to_string());
        assert_eq!(shares("1,3").unwrap(), [0.25, 0.75]);
        assert_eq!(shares("b=3,a=1").unwrap(), [0.25, 0.75]);
        assert!(shares("a=1,c=1").unwrap_err().contains("no target `c`"));
        assert!(shares("a=1,a=1").unwrap_err().contains("twice"));
        assert!(shares("1").unwrap_err().contains("1 shares for 2 targets"));
        for wrong in ["", "a=1,2", "-1,2", "0,0", "nan,1", "a=x"] {
            assert!(wrong.parse::<Proportions>().is_err(), "{wrong}");
        }
    }
}

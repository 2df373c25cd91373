//! How often a record is expected, by its rank.

use std::fmt;

/// A monotone, piecewise linear function: from a record's percentile, the part of all tokens in records that rank below
/// it, to how often the record is expected. Source: quality-aware upsampling (Olmo 3, arXiv 2512.13961).
///
/// ```
/// use dsir::resample::RepeatCurve;
///
/// // Nothing of the lower 40%, and the best 5% up to seven times.
/// let curve: RepeatCurve = "40:0,40:1,95:3,100:7".parse()?;
/// assert_eq!((curve.mean(0.0, 0.4), curve.mean(0.95, 1.0)), (0.0, 5.0));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RepeatCurve {
    /// Parts of the tokens, from 0 to 1, and what is expected there.
    points: Vec<(f64, f64)>,
}

impl RepeatCurve {
    /// What is expected at most, rounded up.
    pub fn most(&self) -> u32 {
        self.points.last().map_or(0, |(_, times)| times.ceil() as u32)
    }

    /// The mean from one part of the tokens to another, both from 0 to 1.
    pub fn mean(&self, from: f64, to: f64) -> f64 {
        let (first, last) = (self.after(from), self.before(to));
        // Since it is monotone, it is constant there. So nothing stays nothing, whatever is rounded.
        if first == last || to <= from {
            return first;
        }
        let inside = self.points.iter().filter(|(at, _)| (from..=to).contains(at)).copied();
        let (mut area, mut before) = (0.0, (from, first));
        for (at, times) in inside.chain([(to, last)]) {
            area += (at - before.0) * (before.1 + times) / 2.0;
            before = (at, times);
        }
        area / (to - from)
    }

    /// The limit from above.
    fn after(&self, at: f64) -> f64 {
        self.between(self.points.partition_point(|(point, _)| *point <= at), at)
    }

    /// The limit from below.
    fn before(&self, at: f64) -> f64 {
        self.between(self.points.partition_point(|(point, _)| *point < at), at)
    }

    /// Between the points before and from number `next` on.
    fn between(&self, next: usize, at: f64) -> f64 {
        let before = next.checked_sub(1).and_then(|before| self.points.get(before));
        match (before, self.points.get(next)) {
            (Some((low, from)), Some((high, to))) => from + (to - from) * ((at - low) / (high - low)),
            (Some((_, times)), None) | (None, Some((_, times))) => *times,
            (None, None) => 0.0,
        }
    }
}

/// No record is taken more often than this.
pub const MOST_REPEATS: u32 = 1000;

impl std::str::FromStr for RepeatCurve {
    type Err = String;

    /// Reads `P:C,P:C,…` with percentiles P from 0 to 100 and numbers C.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut points: Vec<(f64, f64)> = Vec::new();
        for part in text.split(',') {
            let (percentile, times) =
                part.split_once(':').ok_or_else(|| format!("`{part}`: write PERCENTILE:TIMES"))?;
            let number = |text: &str, most: f64| {
                text.trim().parse::<f64>().ok().filter(|number| (0.0..=most).contains(number))
            };
            let at = number(percentile, 100.0)
                .ok_or_else(|| format!("`{percentile}` is not a percentile from 0 to 100"))?;
            let times = number(times, f64::from(MOST_REPEATS))
                .ok_or_else(|| format!("`{times}` is not a number from 0 to {MOST_REPEATS}"))?;
            if points.last().is_some_and(|(before, fewer)| at / 100.0 < *before || times < *fewer) {
                return Err(format!("`{part}`: neither percentiles nor numbers may fall"));
            }
            points.push((at / 100.0, times));
        }
        if points.last().is_none_or(|(_, times)| *times == 0.0) {
            return Err("nothing is expected anywhere".into());
        }
        Ok(RepeatCurve { points })
    }
}

impl fmt::Display for RepeatCurve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (at, times)) in self.points.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{}:{times}", at * 100.0)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(text: &str) -> RepeatCurve {
        text.parse().unwrap()
    }

    #[test]
    fn means() {
        let line = curve("0:0,100:4");
        assert_eq!((line.mean(0.0, 1.0), line.mean(0.25, 0.75), line.mean(0.5, 0.5)), (2.0, 2.0, 2.0));
        // Beyond its points it goes on as it ends.
        let bent = curve("25:1,50:3");
        assert_eq!((bent.mean(0.0, 0.25), bent.mean(0.5, 1.0)), (1.0, 3.0));
        assert_eq!(bent.mean(0.0, 1.0), (0.25 + 0.5 + 1.5) / 1.0);
        // A step.
        let step = curve("40:0,40:1");
        assert_eq!((step.mean(0.2, 0.4), step.mean(0.4, 0.6)), (0.0, 1.0));
        assert!((step.mean(0.3, 0.5) - 0.5).abs() < 1e-15);
        assert_eq!(step.to_string(), "40:0,40:1");
    }

    #[test]
    fn what_is_no_curve_is_refused() {
        let refused = |text: &str| text.parse::<RepeatCurve>().unwrap_err();
        assert!(refused("40").contains("PERCENTILE:TIMES"));
        assert!(refused("101:1").contains("percentile"));
        assert!(refused("10:-1").contains("number from 0"));
        assert!(refused("10:NaN").contains("number from 0"));
        assert!(refused("10:2,20:1").contains("fall"));
        assert!(refused("20:1,10:2").contains("fall"));
        assert!(refused("0:0").contains("nothing"));
    }
}

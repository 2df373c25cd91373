use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::QualityScores;

/// Within which numbers a text must be to be kept; by default, within any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityBounds {
    /// How many tokens there are.
    pub tokens: Between,
    /// The share of the commonest token.
    pub repeating: Between,
    /// The share of tokens that are neither stop words nor punctuation.
    pub informative: Between,
    /// The share of tokens that are not a digit.
    pub numeric: Between,
}

impl QualityBounds {
    /// Those of the paper.
    pub const PAPER: QualityBounds = QualityBounds {
        tokens: Between { above: Some(40.0), below: Some(500.0) },
        repeating: Between { above: Some(0.02), below: Some(0.2) },
        informative: Between { above: Some(0.3), below: Some(0.7) },
        numeric: Between { above: Some(0.8), below: None },
    };

    /// Whether a text with these scores is kept.
    pub fn holds(&self, scores: &QualityScores) -> bool {
        self.tokens.holds(scores.tokens as f64)
            && self.repeating.holds(scores.repeating)
            && self.informative.holds(scores.informative)
            && self.numeric.holds(scores.numeric)
    }
}

impl fmt::Display for QualityBounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let QualityBounds { tokens, repeating, informative, numeric } = self;
        write!(f, "length {tokens}, repeating {repeating}, informative {informative}, numeric {numeric}")
    }
}

/// The numbers above one and below another, neither included: `40..500`, `0.8..`, `..0.2`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Between {
    /// No number is too small if there is none.
    pub above: Option<f64>,
    /// No number is too large if there is none.
    pub below: Option<f64>,
}

impl Between {
    /// Whether `number` is one of them.
    pub fn holds(&self, number: f64) -> bool {
        self.above.is_none_or(|above| number > above) && self.below.is_none_or(|below| number < below)
    }
}

impl FromStr for Between {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "it must be as 0.2..0.7, 0.2.. or ..0.7: above the one, below the other";
        let (above, below) = text.split_once("..").ok_or(FORM)?;
        let bound = |text: &str| match text {
            "" => Ok(None),
            text => text.parse().ok().filter(|bound: &f64| bound.is_finite()).map(Some).ok_or(FORM),
        };
        match (bound(above)?, bound(below)?) {
            (None, None) => Err(FORM),
            (Some(above), Some(below)) if above >= below => {
                Err("no number is above the first and below the second")
            }
            (above, below) => Ok(Between { above, below }),
        }
    }
}

impl fmt::Display for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = |bound: Option<f64>| bound.map_or(String::new(), |bound| bound.to_string());
        write!(f, "{}..{}", bound(self.above), bound(self.below))
    }
}

/// `..`, which nobody types, is any number.
impl<'de> Deserialize<'de> for Between {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == ".." {
            return Ok(Between::default());
        }
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Between {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_not_included() {
        let sound = QualityScores { tokens: 100, repeating: 0.1, informative: 0.5, numeric: 0.9 };
        assert!(QualityBounds::PAPER.holds(&sound));
        for wrong in [
            QualityScores { tokens: 40, ..sound },
            QualityScores { tokens: 500, ..sound },
            QualityScores { repeating: 0.02, ..sound },
            QualityScores { repeating: 0.2, ..sound },
            QualityScores { informative: 0.3, ..sound },
            QualityScores { informative: 0.7, ..sound },
            QualityScores { numeric: 0.8, ..sound },
        ] {
            assert!(!QualityBounds::PAPER.holds(&wrong), "{wrong:?}");
            assert!(QualityBounds::default().holds(&wrong));
        }
        for right in [
            QualityScores { tokens: 41, ..sound },
            QualityScores { tokens: 499, ..sound },
            QualityScores { numeric: 1.0, ..sound },
        ] {
            assert!(QualityBounds::PAPER.holds(&right), "{right:?}");
        }
    }

    #[test]
    fn as_they_are_typed() {
        let typed = |text: &str| text.parse::<Between>();
        assert_eq!(typed("40..500"), Ok(QualityBounds::PAPER.tokens));
        assert_eq!(typed("0.8.."), Ok(QualityBounds::PAPER.numeric));
        assert_eq!(typed("..0.2"), Ok(Between { above: None, below: Some(0.2) }));
        for text in ["40..500", "0.02..0.2", "0.8..", "..-1.5"] {
            assert_eq!(typed(text).unwrap().to_string(), text);
        }
        for wrong in ["", "..", "4", "a..b", "5..4", "5..5", "NaN..", "..inf", "1..2..3", "1...2"] {
            assert!(typed(wrong).is_err(), "{wrong}");
        }
    }
}

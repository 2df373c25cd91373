use std::fmt;

/// Options of a draw that make no sense together.
#[derive(Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDraw {
    /// An option that changes nothing with this method.
    #[error("{option} has no meaning for the method {method}")]
    Idle {
        /// The option.
        option: IdleOption,
        /// The method.
        method: &'static str,
    },
    /// A temperature for a method that knows none.
    #[error("a temperature is for Gumbel noise: the other methods know none")]
    TemperatureOfMethod,
    /// Another number of temperatures than of draws.
    #[error("{temperatures} temperatures for {draws} draws; give one for each, or one for all")]
    Temperatures {
        /// How many temperatures.
        temperatures: usize,
        /// How many draws.
        draws: u32,
    },
    /// A temperature that is no number from 0.
    #[error("{0} is no temperature: a temperature is a number from 0")]
    Temperature(f64),
    /// Several draws without noise, which are all the same.
    #[error("without noise every draw is the same: make disjoint ones, or one")]
    SameDraws,
    /// Exponents without a product.
    #[error("exponents are those of a product of targets")]
    ExponentsOfNoProduct,
    /// Shares of a product, which is one draw.
    #[error("a product of targets makes one draw: there are no proportions of it")]
    ProportionsOfProduct,
    /// A temperature between shares of a product, which is one draw.
    #[error(
        "a product of targets makes one draw: there are no shares between which a temperature could choose"
    )]
    SharesOfProduct,
    /// A curve for something else than one draw of a target by its log weights.
    #[error(
        "a curve draws by ranks: it is for Gumbel noise at a temperature of 1, and one target or a product"
    )]
    CurveOfMethod,
    /// A number of repeats that makes no sense.
    #[error("{0} times: a record is selected up to once, or up to a number of times that is not above 1000")]
    Repeats(u32),
    /// A share above 1, which takes repeats.
    #[error("a share of {0} of what is eligible takes records more than once: allow repeats")]
    ShareAboveAll(f64),
    /// Records that are repeated and kept apart.
    #[error("disjoint draws select no record again: there are no repeats in them")]
    RepeatsOfDisjoint,
    /// The method for probabilities, of something else.
    #[error("the method pareto draws by scores from 0 to 1")]
    ParetoOfNoScores,
}

/// An option that changes nothing with some method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleOption {
    /// Normalizing by length.
    Normalize,
    /// A product of targets.
    Product,
}

impl fmt::Display for IdleOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IdleOption::Normalize => "normalizing by length",
            IdleOption::Product => "a product of targets",
        })
    }
}

//! Resample: from rows of weights to a decision for each record.
//!
//! Gumbel-top-k (arXiv 2302.03169, section 3): key = log weight / T + Gumbel noise, and the records with
//! the largest keys are selected, which is sampling without replacement in proportion to
//! exp(log weight / T).

// Each module uses only those of the groups above its own.

mod budget;
mod groups;
mod invalid;
mod noise;
mod position;
mod repeat_curve;

mod error;

mod numbers;

mod options;

mod check;

mod keys;
mod scan;

mod expected;

mod rule;
mod threshold;

mod histogram;
mod plan;

mod plan_format;
mod request;
mod search;

mod moments;
mod sample;
mod shares;

mod survey;

mod effective;
mod strata;
mod times;

mod steps;

mod draw;

mod screen;

pub use budget::{Budget, Totals};
pub use draw::{Draw, FromGroup};
pub(crate) use effective::effective_sample_sizes;
pub use error::Error;
pub(crate) use groups::is_mix_in;
pub use groups::{GroupShares, Groups, MixIn, ShareBy, group_id, mix_in_id};
pub use histogram::{KeyHistogram, KeyRange};
pub use invalid::{IdleOption, InvalidDraw};
pub(crate) use keys::order;
pub use moments::LogWeights;
pub use noise::Noise;
pub use numbers::{Exponents, Proportions};
pub use options::{Combine, DrawOptions, Method, Normalize, TemperatureUnit};
pub use plan::{Plan, SelectedRecord};
pub use position::Position;
pub use repeat_curve::{MOST_REPEATS, RepeatCurve};
pub use request::CountRequest;
pub(crate) use scan::{PieceRows, Visit, scan as visit_rows};
pub(crate) use screen::Screen;
pub(crate) use screen::ScreenState;
pub use shares::target_shares;
pub use steps::Selection;
pub use survey::{Survey, SurveyPart};
pub(crate) use times::times_drawn;

//! The commands, each from its arguments to its outputs.

mod explain;
mod fit;
mod inspect;
mod measure;
mod merge;
mod prepare;
mod report;
mod resample;
mod select;
mod weigh;

pub(super) use explain::explain;
pub(super) use fit::fit;
pub(super) use inspect::inspect;
pub(super) use measure::measure;
pub(super) use merge::merge;
pub(super) use prepare::prepare;
pub(super) use report::report;
pub(super) use resample::resample;
pub(super) use select::select;
pub(super) use weigh::weigh;

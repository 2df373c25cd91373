//! Jobs: what a command does, each a function of validated options and an observer that returns a report.
//!
//! A job checks its options and its outputs, makes passes over the shards, and tells what came of them. It knows no
//! command line and no terminal. Several jobs may run in one process.

mod classify;
mod count_options;
mod decontaminate;
mod draw;
mod draw_rows;
mod draw_warnings;
mod explain;
mod fit;
#[cfg(feature = "cli")]
mod look;
mod measure;
mod measurement;
mod merge;
mod mix_in;
mod outputs;
mod place;
mod plan_file;
mod prepare;
mod refine;
mod rehearse;
mod report;
mod resample;
mod review;
mod run;
mod select;
mod telling;
mod unique;
mod weigh;
mod write_part;

pub use classify::Against;
pub use count_options::CountOptions;
pub use draw::OutputOptions;
pub use explain::{DocumentPlace, ExplainOptions, ExplainedDocument, explain};
pub use fit::{FitLearn, FitOptions, fit};
#[cfg(feature = "cli")]
pub use look::{CorpusLook, FieldLook, TextLook, look};
pub use measure::{MeasureIn, MeasureOptions, WeightsToSurvey, measure};
pub use measurement::{
    Corpus, MEASUREMENT_VERSION, MeanCloseness, MeasuredTarget, Measurement, OverlapReport, SelectionReport,
    WeightsReport,
};
pub use merge::{MergeOptions, merge};
pub use mix_in::FileMixIn;
pub use outputs::{are_to_stdout, write_whole};
pub use prepare::{PrepareOptions, prepare};
pub use rehearse::{Rehearsal, Room, RoomFor, rehearse};
pub use report::{
    DrawReport, EpochReport, Fitted, GroupReport, RawReport, Report, SUMMARY_VERSION, ScoreKind, StageRead,
    StageReport, TargetDraw, TargetReport,
};
pub use resample::{DrawBy, ResampleOptions, plan, resample};
pub use review::ReviewOptions;
pub use run::RunOptions;
pub use select::{Learn, ModelSource, SelectOptions, select};
pub use telling::{TellingNgram, TellingNgrams, telling_ngrams};
pub use weigh::{WeighOptions, weigh};
pub use write_part::{PartOptions, write_part};

pub use crate::passes::{
    DecontaminateOptions, Decontaminated, DecontaminatedSet, Eligible, Filter, Overlap, Prepared,
    ReadOptions, ReadReport, Repeats, ScoreFiles, SelectedRecords, SelectionShards, SharedNgram,
    TargetShards, do_piece,
};

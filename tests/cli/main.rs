//! The command line as a user runs it.

#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod dry_run;
mod explain;
mod harness;
mod job_files;
mod kinds;

/// The whole job, and the same job in steps.
mod select;

/// What `fit`, `weigh`, `merge` and `inspect` leave and say.
mod steps;

/// Other tokenizers, and the sentence model that one of them needs.
mod tokenizers;

/// Shards as they come: compressed, streamed, listed, with odd line ends.
mod input;

/// Records cut, filtered and joined.
mod prepare;

/// What `select` keeps while it weighs.
mod candidates;

/// Where selections go, and that they go there whole or not at all.
mod output;

/// Selections for many epochs.
mod draws;

/// Log-ratios that are learned.
mod refine;

/// Log-ratios that tell documents of the target from others.
mod classify;

/// Options that are chosen by trying them.
mod auto;

/// How close selections came to the target.
mod measure;

/// The same, against another implementation.
mod measure_by_numpy;

/// Runs that were killed, and resumed.
mod resume;

/// Calls to the system that fail.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod faults;

/// Records, files and requests that cannot be used.
mod refusals;

/// What real use has found: inputs on which the program was wrong or misleading, in `tests/cases`.
mod cases;

/// Shards, weights and scores are the same in every reading of a run.
mod same_bytes;

/// Wherever a person can write to.
mod places;

/// Decided once, written in parts.
mod plan;

/// Files that are there already, and outputs that would be read as inputs.
mod collisions;

/// Files that are no JSONL, and files of folders that are left out.
mod foreign;

/// Fields with dots, fields that are not there, and comparisons.
mod fields;

/// What is told though a run goes on.
mod warnings;

/// Very many records, shards and lines.
mod scale;

/// The reference of options in the docs.
mod methods;
mod options;

/// Documents that share n-grams with evaluation sets.
mod decontaminate;

/// Draws towards what is rare.
mod rare;

/// Records that are known by an id.
mod id_field;

/// Of documents with the same text, one alone.
mod unique;

/// Records that are selected more than once.
mod repeats;

/// Pages about selections.
mod report;

/// Help, usage errors, completions.
#[cfg(feature = "parquet")]
mod tables;
mod usage;

/// Files as earlier and later versions write them.
mod formats;
mod forms;
mod sidecars;

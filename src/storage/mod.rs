//! Storage: files that appear whole or not at all, files that grow, work directories, and what a run has under way.
//!
//! All that knows an operating system is here.

pub mod descriptor;
pub(crate) mod growing_file;
pub(crate) mod sync;
pub mod unfinished;
pub mod whole_file;
pub mod work_dir;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::glob;

/// Patterns of files in folders that are no shards.
///
/// In a pattern, `*` stands for any characters and `?` for any one. With a `/` in it, it is of the path from the
/// folder that was named; without one, of the file's name or of the name of any folder on the way.
#[derive(Clone, Debug, Default)]
pub struct Exclude {
    /// Each with whether it has left out a file; clones share that.
    patterns: Arc<[(String, AtomicBool)]>,
}

impl Exclude {
    /// Of these patterns.
    pub fn new<S: Into<String>>(patterns: impl IntoIterator<Item = S>) -> Self {
        let patterns = patterns.into_iter().map(|pattern| (pattern.into(), AtomicBool::new(false)));
        Exclude { patterns: patterns.collect() }
    }

    /// Whether the file at `path`, from the folder that was named, is left out.
    pub fn matches(&self, path: &Path) -> bool {
        let whole = path.to_string_lossy();
        let matches = |pattern: &str| match pattern.trim_start_matches('/').contains('/') {
            true => glob::matches(pattern.trim_start_matches('/'), &whole),
            false => path.components().any(|part| {
                let pattern = pattern.trim_start_matches('/');
                glob::matches(pattern, &part.as_os_str().to_string_lossy())
            }),
        };
        let mut any = false;
        for (_, used) in self.patterns.iter().filter(|(pattern, _)| matches(pattern)) {
            used.store(true, Ordering::Relaxed);
            any = true;
        }
        any
    }

    /// The patterns that have left out nothing.
    pub fn unused(&self) -> impl Iterator<Item = &str> {
        let unused = self.patterns.iter().filter(|(_, used)| !used.load(Ordering::Relaxed));
        unused.map(|(pattern, _)| pattern.as_str())
    }
}

use std::fs::Metadata;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// By which a file is known to be what it was: its size, and when it was last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) bytes: u64,
    /// `None` where the system does not tell.
    changed: Option<SystemTime>,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Stamp { bytes: metadata.len(), changed: metadata.modified().ok() }
    }

    /// Whether a file is still what it was.
    pub(crate) fn holds(self, metadata: &Metadata) -> bool {
        Stamp::of(metadata) == self
    }

    /// The size and the time of change in bytes, the same for the same.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let since =
            |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).map_err(|error| error.duration());
        let (seconds, nanoseconds) = match self.changed.map(since) {
            Some(Ok(after)) => (i128::from(after.as_secs()), after.subsec_nanos()),
            Some(Err(before)) => (-i128::from(before.as_secs()), before.subsec_nanos()),
            None => (i128::MIN, 0),
        };
        [&self.bytes.to_le_bytes()[..], &seconds.to_le_bytes(), &nanoseconds.to_le_bytes()].concat()
    }
}

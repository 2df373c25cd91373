use std::fs::Metadata;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// By which a file is known to be what it was: its size, and when it was last changed. An object of a store is known by
/// its entity tag instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Told", into = "Told")]
pub(crate) struct Stamp {
    pub(crate) bytes: u64,
    /// `None` where the system does not tell.
    changed: Option<SystemTime>,
    /// The hash of the entity tag, for objects.
    tag: Option<u64>,
}

/// The bytes; whether the time is before 1970, and by how much it is from there; the hash of the tag.
type Told = (u64, Option<(bool, Duration)>, Option<u64>);

impl From<Stamp> for Told {
    fn from(stamp: Stamp) -> Self {
        let since = |time: SystemTime| match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => (false, after),
            Err(before) => (true, before.duration()),
        };
        (stamp.bytes, stamp.changed.map(since), stamp.tag)
    }
}

impl From<Told> for Stamp {
    fn from((bytes, changed, tag): Told) -> Self {
        let time = |(before, by): (bool, Duration)| match before {
            true => SystemTime::UNIX_EPOCH.checked_sub(by),
            false => SystemTime::UNIX_EPOCH.checked_add(by),
        };
        Stamp { bytes, changed: changed.and_then(time), tag }
    }
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Stamp { bytes: metadata.len(), changed: metadata.modified().ok(), tag: None }
    }

    /// Of an object of so many bytes with this entity tag.
    #[cfg(feature = "stores")]
    pub(super) fn of_tag(bytes: u64, tag: &[u8]) -> Self {
        Stamp { bytes, changed: None, tag: Some(xxhash_rust::xxh3::xxh3_64(tag)) }
    }

    /// Whether a file is still what it was.
    pub(crate) fn holds(self, metadata: &Metadata) -> bool {
        Stamp::of(metadata) == self
    }

    /// The size, and the time of change or the tag, in bytes, the same for the same.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let since =
            |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).map_err(|error| error.duration());
        let (seconds, nanoseconds) = match self.changed.map(since) {
            Some(Ok(after)) => (i128::from(after.as_secs()), after.subsec_nanos()),
            Some(Err(before)) => (-i128::from(before.as_secs()), before.subsec_nanos()),
            None => (i128::MIN, 0),
        };
        let tag = self.tag.map(u64::to_le_bytes);
        let tag = tag.as_ref().map_or(&[][..], |tag| tag);
        [&self.bytes.to_le_bytes()[..], &seconds.to_le_bytes(), &nanoseconds.to_le_bytes(), tag].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_comes_back_of_any_time() {
        for changed in
            [None, Some(SystemTime::now()), SystemTime::UNIX_EPOCH.checked_sub(Duration::new(9, 7))]
        {
            let stamp = Stamp { bytes: 5, changed, tag: Some(3) };
            let told = serde_json::to_string(&stamp).unwrap();
            assert_eq!(serde_json::from_str::<Stamp>(&told).unwrap(), stamp);
        }
    }
}

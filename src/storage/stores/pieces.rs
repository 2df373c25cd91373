//! The content of an object, fetched ahead of whoever reads it.
//!
//! One request for a long range costs a store least; several short ones at a time are faster where each connection is
//! slow. Which it is, each store shows: both are tried where the first is not fast by itself.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, StreamExt};
use tokio::sync::mpsc;

use super::error::StoreError;
use super::object::Object;
use super::store::{self, Spawned};
use super::{AHEAD, PART};

/// How much is fetched in one way before the other may be chosen: in one stream, twice as much each time.
const OF_RANGES: u64 = 16 << 20;
const OF_STREAM: u64 = 64 << 20;
const LONGEST: u64 = 1 << 30;
/// So much is fetched in one stream before the other way is tried.
const ENOUGH: u64 = 256 << 20;
/// A stream of so many bytes a second needs no company.
const FAST: u64 = 500_000_000;
/// A piece that has not come together after so long, and was cut on the way, never will.
const LONGEST_PIECE: Duration = Duration::from_secs(300);
/// So many times in a row, a stream that was cut without giving anything is taken up again.
const MOST_CUTS: u32 = 5;

/// Pieces of an object of 4 MiB at most, in order; they are no longer fetched when this is dropped.
pub(super) struct Pieces {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    _fetching: Spawned,
}

impl Pieces {
    /// From byte `at` on.
    pub(super) fn fetch(object: &Object, at: u64) -> io::Result<Self> {
        let object = object.clone();
        let (to, pieces) = mpsc::channel(1);
        let fetching = async move {
            if let Err(error) = fetch(&object, at, &to).await {
                // Nobody may be there to hear it.
                let _ = to.send(Err(error)).await;
            }
        };
        Ok(Pieces { pieces, _fetching: store::spawn(fetching)? })
    }

    /// Waits for the next piece; `None` at the end.
    pub(super) fn next(&mut self) -> Option<io::Result<Bytes>> {
        self.pieces.blocking_recv()
    }

    /// The same on the threads that wait for stores.
    #[cfg(feature = "parquet")]
    pub(super) async fn arrived(&mut self) -> Option<io::Result<Bytes>> {
        self.pieces.recv().await
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    OneStream,
    Ranges,
}

/// How fast a store was in each way, in bytes a second of waiting; 0 if that is not known.
#[derive(Debug, Default)]
pub(super) struct Pace {
    stream: AtomicU64,
    ranges: AtomicU64,
    /// How much came in one stream.
    streamed: AtomicU64,
    /// Whether somebody tries ranges.
    is_tried: AtomicBool,
}

impl Pace {
    fn choose(&self) -> Way {
        let (stream, ranges) = (self.stream.load(Ordering::Relaxed), self.ranges.load(Ordering::Relaxed));
        match (stream, ranges) {
            (0, _) | (FAST.., _) => Way::OneStream,
            (_, 0)
                if self.streamed.load(Ordering::Relaxed) >= ENOUGH
                    && !self.is_tried.swap(true, Ordering::Relaxed) =>
            {
                Way::Ranges
            }
            (_, 0) => Way::OneStream,
            // By so much that it is no chance.
            _ if ranges > stream + stream / 4 => Way::Ranges,
            _ => Way::OneStream,
        }
    }

    fn note(&self, way: Way, bytes: u64, waited: Duration) {
        let nanoseconds = waited.as_nanos().max(1);
        let pace = (u128::from(bytes) * 1_000_000_000 / nanoseconds).min(u64::MAX.into()) as u64;
        let known = match way {
            Way::OneStream => {
                self.streamed.fetch_add(bytes, Ordering::Relaxed);
                &self.stream
            }
            Way::Ranges => &self.ranges,
        };
        // What is lost when two threads note at a time does not matter.
        let before = known.load(Ordering::Relaxed);
        known.store(if before == 0 { pace } else { before / 2 + pace / 2 }.max(1), Ordering::Relaxed);
    }
}

async fn fetch(object: &Object, mut at: u64, to: &mpsc::Sender<io::Result<Bytes>>) -> io::Result<()> {
    let mut stream = OF_STREAM;
    while at < object.stamp().bytes {
        let way = object.pace().choose();
        let length = if way == Way::Ranges { OF_RANGES } else { stream };
        let range = at..object.stamp().bytes.min(at + length);
        at = range.end;
        let bytes = range.end - range.start;
        let waited = match way {
            Way::OneStream => in_one_stream(object, range, to).await?,
            Way::Ranges => in_ranges(object, range, to).await?,
        };
        let Some(waited) = waited else { return Ok(()) };
        if bytes >= OF_RANGES {
            object.pace().note(way, bytes, waited);
        }
        stream = (stream * 2).min(LONGEST);
    }
    Ok(())
}

/// How long the store was waited for; `None` if nobody takes the pieces any more.
type Waited = io::Result<Option<Duration>>;

async fn in_ranges(object: &Object, range: Range<u64>, to: &mpsc::Sender<io::Result<Bytes>>) -> Waited {
    let parts = range.clone().step_by(PART as usize);
    let gets = parts.map(|start| object.get(start..range.end.min(start + PART)));
    let mut pieces = stream::iter(gets).buffered(AHEAD as usize - 1);
    let mut waited = Duration::ZERO;
    loop {
        let asked = Instant::now();
        let Some(piece) = pieces.next().await else { return Ok(Some(waited)) };
        waited += asked.elapsed();
        if to.send(Ok(piece?)).await.is_err() {
            return Ok(None);
        }
    }
}

async fn in_one_stream(object: &Object, range: Range<u64>, to: &mpsc::Sender<io::Result<Bytes>>) -> Waited {
    let (mut waited, mut cuts) = (Duration::ZERO, 0);
    let mut sent = range.start;
    let mut piece = BytesMut::new();
    let mut begun = Instant::now();
    while sent < range.end {
        let mut asked = Instant::now();
        let mut stream = object.stream(sent + piece.len() as u64..range.end).await?;
        loop {
            let chunk = stream.next().await.transpose();
            waited += asked.elapsed();
            match chunk {
                Ok(Some(chunk)) if !chunk.is_empty() => {
                    piece.extend_from_slice(&chunk);
                    cuts = 0;
                }
                Ok(Some(_)) => {}
                Err(error) if cuts == MOST_CUTS || StoreError::is_of_change(&error) => return Err(error),
                Ok(None) | Err(_) => break,
            }
            while piece.len() as u64 >= PART || !piece.is_empty() && sent + piece.len() as u64 == range.end {
                let whole = piece.split_to(piece.len().min(PART as usize)).freeze();
                sent += whole.len() as u64;
                if to.send(Ok(whole)).await.is_err() {
                    return Ok(None);
                }
                begun = Instant::now();
            }
            asked = Instant::now();
        }
        // It ended, or was cut.
        if sent < range.end {
            if cuts == MOST_CUTS || begun.elapsed() > LONGEST_PIECE {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            tokio::time::sleep(store::FIRST_PAUSE * 2u32.pow(cuts)).await;
            cuts += 1;
        }
    }
    Ok(Some(waited))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_faster_way_is_chosen_and_a_fast_stream_is_enough() {
        let pace = Pace::default();
        assert_eq!(pace.choose(), Way::OneStream);
        let second = Duration::from_secs(1);
        pace.note(Way::OneStream, 100_000_000, second);
        assert_eq!(pace.choose(), Way::OneStream, "not much is known yet");
        pace.note(Way::OneStream, 300_000_000, 3 * second);
        assert_eq!(pace.choose(), Way::Ranges, "it may be faster");
        assert_eq!(pace.choose(), Way::OneStream, "somebody tries it");
        pace.note(Way::Ranges, 110_000_000, second);
        assert_eq!(pace.choose(), Way::OneStream, "by no more than chance");
        pace.note(Way::Ranges, 300_000_000, second);
        assert_eq!(pace.choose(), Way::Ranges);
        let fast = Pace::default();
        fast.note(Way::OneStream, 2 * FAST, second);
        assert_eq!(fast.choose(), Way::OneStream);
    }
}

//! Reads the rows of a source in parallel, in pieces.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Position;
use crate::weights::{Error, Row, RowBlock, RowSource};

/// How many rows are read at a time.
const PIECE: u64 = 1 << 14;

/// Consecutive rows of one shard.
#[derive(Clone, Copy, Debug)]
struct Piece {
    shard: usize,
    first: u64,
    count: usize,
}

fn pieces(source: &dyn RowSource) -> impl Iterator<Item = Piece> + '_ {
    (0..source.shards()).flat_map(move |shard| {
        let rows = source.rows(shard);
        (0..rows).step_by(PIECE as usize).map(move |first| Piece {
            shard,
            first,
            count: (rows - first).min(PIECE) as usize,
        })
    })
}

/// The rows of a piece, with their positions.
pub(crate) trait PieceRows<'a>: Iterator<Item = (Position, Row<'a>)> + Clone {}
impl<'a, I: Iterator<Item = (Position, Row<'a>)> + Clone> PieceRows<'a> for I {}

/// What is done with the rows of a piece.
pub(crate) trait Visit: Sync {
    /// What one thread gathers.
    type State: Send;
    /// Begins a thread.
    fn state(&self) -> Self::State;
    /// Reads the piece whose first row is at `start`.
    fn piece<'a>(&self, state: &mut Self::State, start: Position, rows: impl PieceRows<'a>);
}

/// Gives every piece to some thread; returns what the threads have gathered. The first shard of `source` has the number
/// `first_shard` in the input order.
pub(crate) fn scan<V: Visit>(
    source: &dyn RowSource,
    first_shard: usize,
    visit: &V,
) -> Result<Vec<V::State>, Error> {
    let queue = Mutex::new(pieces(source).enumerate());
    let first_failed: Mutex<Option<(usize, Error)>> = Mutex::new(None);
    let stop = AtomicUsize::new(usize::MAX);
    let states = rayon::broadcast(|_| {
        let mut state = visit.state();
        let mut block = RowBlock::default();
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((number, Piece { shard, first, count })) = next else { break };
            if number > stop.load(Ordering::Relaxed) {
                break;
            }
            if let Err(error) = source.read(shard, first, count, &mut block) {
                stop.fetch_min(number, Ordering::Relaxed);
                let mut failed = first_failed.lock().unwrap_or_else(PoisonError::into_inner);
                if failed.as_ref().is_none_or(|(earlier, _)| number < *earlier) {
                    *failed = Some((number, error));
                }
                break;
            }
            let shard = first_shard + shard;
            let position = |index: usize| Position { shard, record: first + index as u64 };
            let rows = block.rows().enumerate().map(|(index, row)| (position(index), row));
            visit.piece(&mut state, position(0), rows);
        }
        state
    });
    match first_failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((_, error)) => Err(error),
        None => Ok(states),
    }
}

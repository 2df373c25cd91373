//! Reads the rows of all weights files in parallel, in pieces.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Position;
use crate::weights::{Error, Row, RowBlock, WeightsFile};

/// How many rows are read at a time.
const PIECE: u64 = 1 << 15;

/// Rows of one file that follow each other.
#[derive(Clone, Copy, Debug)]
struct Piece {
    file: usize,
    first: u64,
    count: usize,
}

fn pieces(weights: &[WeightsFile]) -> impl Iterator<Item = Piece> + '_ {
    weights.iter().enumerate().flat_map(|(file, weights)| {
        (0..weights.rows()).step_by(PIECE as usize).map(move |first| {
            let count = (weights.rows() - first).min(PIECE) as usize;
            Piece { file, first, count }
        })
    })
}

/// Gives every row, with its position, to the state of one thread; returns the threads' states.
///
/// `after` is called when a piece is through, with the number of the piece in input order.
pub(super) fn scan<S: Send>(
    weights: &[WeightsFile],
    state: impl Fn() -> S + Sync,
    row: impl Fn(&mut S, Position, &Row<'_>) + Sync,
    after: impl Fn(&mut S, usize) + Sync,
) -> Result<Vec<S>, Error> {
    let queue = Mutex::new(pieces(weights).enumerate());
    let first_failed: Mutex<Option<(usize, Error)>> = Mutex::new(None);
    let stop = AtomicUsize::new(usize::MAX);
    let states = rayon::broadcast(|_| {
        let mut state = state();
        let mut block = RowBlock::default();
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((number, piece)) = next else { break };
            if number > stop.load(Ordering::Relaxed) {
                break;
            }
            if let Err(error) = weights[piece.file].read(piece.first, piece.count, &mut block) {
                stop.fetch_min(number, Ordering::Relaxed);
                let mut failed = first_failed.lock().unwrap_or_else(PoisonError::into_inner);
                if failed.as_ref().is_none_or(|(earlier, _)| number < *earlier) {
                    *failed = Some((number, error));
                }
                break;
            }
            for (index, of) in block.rows().enumerate() {
                row(&mut state, Position { shard: piece.file, record: piece.first + index as u64 }, &of);
            }
            after(&mut state, number);
        }
        state
    });
    match first_failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((_, error)) => Err(error),
        None => Ok(states),
    }
}

/// Gives every row, with its position, to `row` in input order, until it returns false.
pub(super) fn in_order(
    weights: &[WeightsFile],
    mut row: impl FnMut(Position, &Row<'_>) -> bool,
) -> Result<(), Error> {
    let mut block = RowBlock::default();
    for Piece { file, first, count } in pieces(weights) {
        weights[file].read(first, count, &mut block)?;
        for (index, of) in block.rows().enumerate() {
            if !row(Position { shard: file, record: first + index as u64 }, &of) {
                return Ok(());
            }
        }
    }
    Ok(())
}

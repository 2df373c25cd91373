//! Reads the rows of all weights files in parallel, in pieces.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Position;
use crate::weights::{Error, Row, RowBlock, WeightsFile};

/// How many rows are read at a time.
const PIECE: u64 = 1 << 14;

/// Rows of one file that follow each other.
#[derive(Clone, Copy, Debug)]
struct Piece {
    file: usize,
    first: u64,
    count: usize,
}

impl Piece {
    fn rows<'a>(self, block: &'a RowBlock) -> impl Iterator<Item = (Position, Row<'a>)> + Clone {
        let Piece { file, first, .. } = self;
        block
            .rows()
            .enumerate()
            .map(move |(index, row)| (Position { shard: file, record: first + index as u64 }, row))
    }
}

fn pieces(weights: &[WeightsFile]) -> impl Iterator<Item = Piece> + '_ {
    weights.iter().enumerate().flat_map(|(file, weights)| {
        (0..weights.rows()).step_by(PIECE as usize).map(move |first| {
            let count = (weights.rows() - first).min(PIECE) as usize;
            Piece { file, first, count }
        })
    })
}

/// The rows of a piece, with their positions.
pub(super) trait Rows<'a>: Iterator<Item = (Position, Row<'a>)> + Clone {}
impl<'a, I: Iterator<Item = (Position, Row<'a>)> + Clone> Rows<'a> for I {}

/// What is done with the rows of a piece.
pub(super) trait Visit: Sync {
    /// What one thread gathers.
    type State: Send;
    /// Begins a thread.
    fn state(&self) -> Self::State;
    /// Looks at a piece, the `number`-th in input order.
    fn piece<'a>(&self, state: &mut Self::State, number: usize, rows: impl Rows<'a>);
}

/// Shows every piece to some thread; returns what the threads have gathered.
pub(super) fn scan<V: Visit>(weights: &[WeightsFile], visit: &V) -> Result<Vec<V::State>, Error> {
    let queue = Mutex::new(pieces(weights).enumerate());
    let first_failed: Mutex<Option<(usize, Error)>> = Mutex::new(None);
    let stop = AtomicUsize::new(usize::MAX);
    let states = rayon::broadcast(|_| {
        let mut state = visit.state();
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
            visit.piece(&mut state, number, piece.rows(&block));
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
    for piece in pieces(weights) {
        weights[piece.file].read(piece.first, piece.count, &mut block)?;
        for (position, of) in piece.rows(&block) {
            if !row(position, &of) {
                return Ok(());
            }
        }
    }
    Ok(())
}

//! Where rows of weights come from: files, memory, or whatever else holds them.

use super::{Error, RowBlock, WeightsFile};
use crate::observer::Observer;

/// Rows of weights in input order, shard after shard; they can be read several times, by many threads at once.
///
/// A draw needs no more than this: a slice of [`WeightsFile`]s is a source, and so are [`Rows`](super::Rows) in
/// memory, from which another kind of source can fill a block. Each reading must give the same rows, and no log
/// weight may be NaN or +inf.
pub trait RowSource: Sync {
    /// How many shards there are.
    fn shards(&self) -> usize;

    /// How many rows a shard has, and so how many records. `shard` is below [`shards`](RowSource::shards).
    fn rows(&self, shard: usize) -> u64;

    /// How many log weights each row has, one for each target; 1 if there is no shard.
    fn targets(&self) -> usize;

    /// Replaces what is in `block` by `count` rows of a shard, from row `first` on; the shard must have them.
    ///
    /// # Errors
    /// Rows that cannot be read; a log weight that is NaN or +inf.
    fn read(&self, shard: usize, first: u64, count: usize, block: &mut RowBlock) -> Result<(), Error>;

    /// How many rows all shards have together.
    fn total_rows(&self) -> u64 {
        (0..self.shards()).map(|shard| self.rows(shard)).sum()
    }
}

/// One file for each shard.
impl RowSource for [WeightsFile] {
    fn shards(&self) -> usize {
        self.len()
    }

    fn rows(&self, shard: usize) -> u64 {
        self[shard].rows()
    }

    fn targets(&self) -> usize {
        self.first().map_or(1, |file| file.layout().targets())
    }

    fn read(&self, shard: usize, first: u64, count: usize, block: &mut RowBlock) -> Result<(), Error> {
        self[shard].read(first, count, block)
    }
}

/// Rows that cannot be read any more once `observer` is [cancelled](Observer::cancel): a draw from them ends with
/// [`Error::Cancelled`].
#[derive(Clone, Copy, Debug)]
pub struct UntilCancelled<'a, S: ?Sized> {
    /// The rows.
    pub rows: &'a S,
    /// The handle on the job.
    pub observer: &'a Observer,
}

impl<S: RowSource + ?Sized> RowSource for UntilCancelled<'_, S> {
    fn shards(&self) -> usize {
        self.rows.shards()
    }

    fn rows(&self, shard: usize) -> u64 {
        self.rows.rows(shard)
    }

    fn targets(&self) -> usize {
        self.rows.targets()
    }

    fn read(&self, shard: usize, first: u64, count: usize, block: &mut RowBlock) -> Result<(), Error> {
        match self.observer.is_cancelled() {
            true => Err(Error::Cancelled),
            false => self.rows.read(shard, first, count, block),
        }
    }
}

/// Implements [`RowSource`] for a type that derefs to a source, since a generic argument is not dereferenced by itself.
macro_rules! source_by_deref {
    ($(#[$doc:meta] { $($generics:tt)* } $type:ty => $target:ty;)*) => {$(
        #[$doc]
        impl<$($generics)*> RowSource for $type {
            fn shards(&self) -> usize {
                <$target>::shards(self)
            }

            fn rows(&self, shard: usize) -> u64 {
                <$target>::rows(self, shard)
            }

            fn targets(&self) -> usize {
                <$target>::targets(self)
            }

            fn read(&self, shard: usize, first: u64, count: usize, block: &mut RowBlock) -> Result<(), Error> {
                <$target>::read(self, shard, first, count, block)
            }
        }
    )*};
}

source_by_deref! {
    /// One file for each shard.
    {} Vec<WeightsFile> => [WeightsFile];
    /// One file for each shard.
    { const N: usize } [WeightsFile; N] => [WeightsFile];
    /// The source that is borrowed.
    { S: RowSource + ?Sized } &S => S;
}

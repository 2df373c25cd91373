use std::path::Path;

use super::{Error, Layout, RecordId, Row, RowBlock, RowSource, WeightsWriter, push_row, unsound};
use crate::storage::{self, Storage};

/// The fields of a row beside its log weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowFields {
    /// The content hash: the 64 bits by which the noise of the record is made and ties are broken.
    pub record: u64,
    /// Tokens of the text.
    pub tokens: u32,
    /// Bytes of the record with its newline.
    pub bytes: u32,
    /// The number of its group ([`group_id`](crate::resample::group_id)); for every row or for none.
    pub group: Option<u64>,
}

/// Rows of weights in memory, of one shard or of several, in the layout of the weights files that dsir writes.
///
/// ```
/// use dsir::weights::{RowFields, RowSource, Rows};
///
/// # fn main() -> Result<(), dsir::weights::Error> {
/// let mut rows = Rows::new(2);
/// rows.push(&[0.5, -1.0], RowFields { record: 7, tokens: 120, bytes: 800, group: None })?;
/// rows.begin_shard();
/// rows.push(&[f64::NEG_INFINITY, 2.0], RowFields { record: 8, tokens: 300, bytes: 1900, group: None })?;
/// assert_eq!((rows.shards(), rows.rows(0), rows.rows(1)), (2, 1, 1));
/// assert!(rows.push(&[f64::NAN, 0.0], RowFields::default()).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Rows {
    layout: Layout,
    bytes: Vec<u8>,
    /// The number of rows before each shard.
    starts: Vec<usize>,
}

impl Rows {
    /// No rows yet, in one shard; each will have so many log weights and no group.
    pub fn new(targets: usize) -> Self {
        Rows { layout: Layout::own(targets, false), bytes: Vec::new(), starts: vec![0] }
    }

    /// The same for rows that have a group.
    pub fn with_groups(targets: usize) -> Self {
        Rows { layout: Layout::own(targets, true), ..Rows::new(targets) }
    }

    /// One shard of records of which only the log weight, for one target, and the content hash are known.
    ///
    /// They have 0 tokens and 0 bytes: draw them with `min_tokens: 0`, and with a budget in records.
    ///
    /// # Errors
    /// A log weight that is NaN or +inf.
    pub fn from_log_weights(rows: impl IntoIterator<Item = (f64, u64)>) -> Result<Self, Error> {
        let mut all = Rows::new(1);
        for (log_weight, record) in rows {
            all.push(&[log_weight], RowFields { record, ..RowFields::default() })?;
        }
        Ok(all)
    }

    /// Appends the row of the next record of the last shard. A record that may not be drawn has the log weight −inf.
    ///
    /// # Errors
    /// A log weight that is NaN or +inf; another number of log weights than each row has; a group where rows have
    /// none, or none where they have one.
    pub fn push(&mut self, log_weights: &[f64], fields: RowFields) -> Result<(), Error> {
        let RowFields { record: hash, tokens, bytes, group } = fields;
        let row = self.len() as u64;
        if log_weights.len() != self.layout.targets || group.is_some() != self.layout.group.is_some() {
            return Err(Error::RowInMemory { row });
        }
        if let Some(value) = unsound(log_weights.iter().copied()) {
            return Err(Error::UnsoundInMemory { row, value });
        }
        let (log_weights, record) = (log_weights.iter().copied(), RecordId { hash, bytes, text: None });
        push_row(&mut self.bytes, log_weights, record, tokens.into(), group);
        Ok(())
    }

    /// Ends the last shard: rows pushed from now on belong to the next.
    pub fn begin_shard(&mut self) {
        self.starts.push(self.len());
    }

    /// How many rows all shards have together.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.layout.row
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Writes the rows of a shard as a weights file, with the folders it needs. `shard` is below
    /// [`shards`](RowSource::shards).
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, shard: usize, path: &Path) -> Result<(), storage::Error> {
        let mut writer = WeightsWriter::create_in(&Storage::default(), path, self.layout)?;
        writer.write(self.bytes_of(shard, 0, self.rows(shard) as usize))?;
        writer.finish()
    }

    fn bytes_of(&self, shard: usize, first: u64, count: usize) -> &[u8] {
        let start = (self.starts[shard] + first as usize) * self.layout.row;
        &self.bytes[start..start + count * self.layout.row]
    }

    /// All rows, shard after shard.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        super::rows(&self.bytes, self.layout)
    }
}

impl RowSource for Rows {
    fn shards(&self) -> usize {
        self.starts.len()
    }

    fn rows(&self, shard: usize) -> u64 {
        let end = self.starts.get(shard + 1).copied().unwrap_or(self.len());
        (end - self.starts[shard]) as u64
    }

    fn targets(&self) -> usize {
        self.layout.targets
    }

    fn read(&self, shard: usize, first: u64, count: usize, block: &mut RowBlock) -> Result<(), Error> {
        block.set(self.layout, self.bytes_of(shard, first, count));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(record: u64) -> RowFields {
        RowFields { record, tokens: 10 + record as u32, bytes: 100, group: None }
    }

    #[test]
    fn shards_are_read_apart() {
        let mut rows = Rows::new(1);
        (0..5).for_each(|record| rows.push(&[record as f64], fields(record)).unwrap());
        rows.begin_shard();
        rows.begin_shard();
        (5..7).for_each(|record| rows.push(&[record as f64], fields(record)).unwrap());
        assert_eq!((0..rows.shards()).map(|shard| rows.rows(shard)).collect::<Vec<_>>(), [5, 0, 2]);
        assert_eq!(rows.total_rows(), 7);
        let mut block = RowBlock::default();
        let mut read = |shard, first, count| {
            rows.read(shard, first, count, &mut block).unwrap();
            block.rows().map(|row| (row.log_weight(0), row.record(), row.tokens())).collect::<Vec<_>>()
        };
        assert_eq!(read(0, 3, 2), [(3.0, 3, 13), (4.0, 4, 14)]);
        assert_eq!(read(1, 0, 0), []);
        assert_eq!(read(2, 0, 2), [(5.0, 5, 15), (6.0, 6, 16)]);
    }

    #[test]
    fn rows_that_no_file_could_hold_are_refused() {
        let mut rows = Rows::with_groups(2);
        let in_group = RowFields { group: Some(1), ..fields(1) };
        rows.push(&[f64::NEG_INFINITY, 1.0], in_group).unwrap();
        for value in [f64::NAN, f64::INFINITY] {
            let refused = rows.push(&[0.0, value], in_group).unwrap_err();
            assert!(matches!(refused, Error::UnsoundInMemory { row: 1, .. }), "{refused}");
        }
        assert!(matches!(rows.push(&[0.0], in_group), Err(Error::RowInMemory { row: 1 })));
        assert!(matches!(rows.push(&[0.0, 0.0], fields(1)), Err(Error::RowInMemory { row: 1 })));
        assert_eq!(rows.iter().map(|row| row.group()).collect::<Vec<_>>(), [Some(1)]);
    }
}

//! Which shards are written as rows of a table, and in what form.

use std::path::Path;
use std::sync::Arc;

use super::{Source, WriteOptions};
use crate::error::Error;
use crate::observer::Observer;
use crate::reader::{Shard, TableSchema, table_schema};
use crate::warning::Warning;
use crate::writer::{self, Destination, RowForm, is_table, output_name};

/// For each shard of all sources, the form of its rows; `None` where its records are written as lines.
pub(in crate::passes) struct Forms(Vec<Option<Arc<RowForm>>>);

impl Forms {
    /// Rows go from tables to tables: from a shard to its output in a folder; to one file, if all shards are tables
    /// that go together. Everything else is written as lines, of which a table may be made in the end.
    ///
    /// # Errors
    /// Shards that cannot be opened; tables of different columns that go into one file.
    pub(in crate::passes) fn of(sources: &[Source<'_>], options: &WriteOptions<'_>) -> Result<Self, Error> {
        let shards = || sources.iter().flat_map(|source| source.shards.iter());
        let lines = || Forms(vec![None; shards().count()]);
        let weighed = sources.iter().find(|source| options.annotate && source.is_weighed);
        let targets = weighed.and_then(|source| source.weights.first());
        let log_weights = targets.map_or(0, |file| file.layout().targets());
        match options.destinations.first() {
            Some(Destination::File(path)) if is_table(path) => {
                let Some(schema) = in_common(shards())? else { return Ok(lines()) };
                let form = Arc::new(form(&schema, log_weights, path)?);
                Ok(Forms(vec![Some(form); shards().count()]))
            }
            Some(Destination::Folder(_)) => {
                let of_shard = |shard: &Shard| {
                    let name = output_name(shard.relative());
                    let schema = if is_table(&name) { table_schema(shard)? } else { None };
                    schema.map(|schema| form(&schema, log_weights, &name).map(Arc::new)).transpose()
                };
                Ok(Forms(shards().map(of_shard).collect::<Result<_, Error>>()?))
            }
            _ => Ok(lines()),
        }
    }

    /// The form of the rows of a shard, by its place among those of all sources.
    pub(super) fn of_shard(&self, shard: usize) -> Option<&Arc<RowForm>> {
        self.0.get(shard)?.as_ref()
    }

    /// The form of the rows of one output of all shards.
    pub(super) fn of_all(&self) -> Option<&Arc<RowForm>> {
        self.of_shard(0)
    }
}

/// Makes sure, before the work, that tables which go into one file have the same columns; warns where the columns of
/// tables become lines, of which a table is made in the end.
///
/// # Errors
/// Shards that cannot be opened; tables of other columns than the first.
pub(crate) fn check_tables<'a>(
    shards: impl Iterator<Item = &'a Shard> + Clone,
    destination: &Destination,
    observer: &Observer,
) -> Result<(), Error> {
    if !matches!(destination, Destination::File(path) if is_table(path))
        || in_common(shards.clone())?.is_some()
    {
        return Ok(());
    }
    let (mut table, mut other) = (None, None);
    for shard in shards {
        let place = if table_schema(shard)?.is_some() { &mut table } else { &mut other };
        place.get_or_insert(shard.path());
        if let (Some(table), Some(other)) = (table, other) {
            observer.warn(Warning::ColumnsGuessed { table: table.into(), other: other.into() });
            break;
        }
    }
    Ok(())
}

fn form(schema: &TableSchema, log_weights: usize, output: &Path) -> Result<RowForm, Error> {
    let form = RowForm::new(schema, log_weights);
    Ok(form.map_err(|what| writer::Error::Parquet { path: output.into(), what })?)
}

/// The columns of all shards, if all are tables.
fn in_common<'a>(shards: impl Iterator<Item = &'a Shard>) -> Result<Option<TableSchema>, Error> {
    let mut common: Option<(TableSchema, &Shard)> = None;
    for shard in shards {
        let Some(schema) = table_schema(shard)? else { return Ok(None) };
        match &mut common {
            None => common = Some((schema, shard)),
            Some((common, first)) => {
                if let Err(what) = common.join(&schema) {
                    let (shard, first) = (shard.path().into(), first.path().into());
                    return Err(writer::Error::OtherColumns { shard, what, first }.into());
                }
            }
        }
    }
    Ok(common.map(|(schema, _)| schema))
}

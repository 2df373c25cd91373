//! Texts in memory as a shard, for jobs that read shards.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use pyo3::prelude::*;

use crate::error;
use crate::texts::{Content, Source};

/// Write each text as a record with one field to a JSONL file, which must not be there; returns how many. A text of
/// ids becomes an array.
#[pyfunction]
#[pyo3(signature = (path: "Path", texts: "GivenTexts", text_field: "str", record_field: "str", ids: "bool") -> "int")]
pub(crate) fn spool(
    path: PathBuf,
    texts: &Bound<'_, PyAny>,
    text_field: &str,
    record_field: &str,
    ids: bool,
) -> PyResult<u64> {
    let py = texts.py();
    let failed = |failed: std::io::Error| error::of_io(py, &path, &failed);
    let content = if ids { Content::Ids } else { Content::Text };
    let mut source = Source::new(texts, text_field, content)?;
    let mut out = BufWriter::with_capacity(1 << 18, File::create_new(&path).map_err(failed)?);
    let start = format!("{{{}:", serde_json::Value::from(record_field));
    let mut records = 0;
    while let Some(batch) = source.next(py)? {
        records += batch.texts().len() as u64;
        let written = py.detach(|| -> std::io::Result<()> {
            for text in batch.texts() {
                out.write_all(start.as_bytes())?;
                match content {
                    Content::Text => serde_json::to_writer(&mut out, text.as_ref())?,
                    Content::Ids => write!(out, "[{}]", text.as_ref().replace(' ', ","))?,
                }
                out.write_all(b"}\n")?;
            }
            Ok(())
        });
        written.map_err(failed)?;
        py.check_signals()?;
    }
    out.flush().map_err(failed)?;
    Ok(records)
}

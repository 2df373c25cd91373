//! The records of one JSONL file, for `dsir.data_selection`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use dsir::Observer;
use dsir::reader::{self, Block, BlockReader, Shards, TextFields, TextReader};
use numpy::PyReadonlyArray1;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::error;
use crate::texts::{Batch, Texts};

/// The texts of a JSONL file, plain or compressed, in batches; blank lines are no records.
///
/// Raises:
///     Error: A record that is not valid, with its file and line.
#[pyclass(module = "dsir._dsir", frozen)]
pub(crate) struct JsonlTexts {
    records: Mutex<Records>,
    fields: TextFields,
}

#[pymethods]
impl JsonlTexts {
    #[new]
    #[pyo3(signature = (path: "Path", field: "str" = "text"))]
    fn new(py: Python<'_>, path: PathBuf, field: &str) -> PyResult<Self> {
        let fields = TextFields::new([field]);
        let fields = fields.ok_or_else(|| PyValueError::new_err(format!("`{field}` names no field")))?;
        let records = py.detach(|| Records::open(&path)).map_err(|failed| error::of(py, failed))?;
        Ok(JsonlTexts { records: Mutex::new(records), fields })
    }

    fn __iter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Texts>> {
        py.check_signals()?;
        let JsonlTexts { records, fields } = self;
        let batch = py.detach(|| -> Result<Batch, reader::Error> {
            let mut records = records.lock().unwrap_or_else(PoisonError::into_inner);
            let records = &mut *records;
            let (mut batch, mut texts) = (Batch::default(), TextReader::new(fields));
            while !batch.is_full() && records.reader.next_block(&mut records.block)? {
                for record in records.block.records() {
                    let text = texts.text(record.bytes).map_err(|fault| reader::Error::Record {
                        shard: records.path.clone(),
                        line: record.line,
                        fault,
                        walked: false,
                    })?;
                    batch.push_own(text.into_owned());
                }
            }
            Ok(batch)
        });
        let batch = batch.map_err(|failed| error::of(py, failed))?;
        Ok((!batch.texts().is_empty()).then_some(Texts(batch)))
    }
}

/// An open file of records.
struct Records {
    path: PathBuf,
    reader: BlockReader,
    block: Block,
}

impl Records {
    fn open(path: &Path) -> Result<Self, reader::Error> {
        let shards = Shards::find([path])?;
        let mut shards = shards.iter();
        match (shards.next(), shards.next()) {
            (Some(shard), None) => {
                let reader = BlockReader::open(shard, &Observer::default())?;
                Ok(Records { path: path.into(), reader, block: Block::default() })
            }
            _ => Err(reader::Error::NoShard { folder: path.into() }),
        }
    }
}

/// Of the records of one part of a JSONL file, every ``parts``-th from ``part`` on, write those of ``mask``.
///
/// Raises:
///     ValueError: As many records as ``mask`` has were expected, and there are others.
#[pyfunction]
#[pyo3(signature = (source: "Path", mask: "npt.NDArray[np.bool_]", parts: "int", part: "int", out: "Path"))]
pub(crate) fn write_records(
    py: Python<'_>,
    source: PathBuf,
    mask: PyReadonlyArray1<'_, bool>,
    parts: usize,
    part: usize,
    out: PathBuf,
) -> PyResult<()> {
    let mask = mask.as_slice()?;
    let failed = |failed: std::io::Error| error::of_io(py, &out, &failed);
    let mut file = BufWriter::with_capacity(1 << 18, File::create(&out).map_err(failed)?);
    let mut records = py.detach(|| Records::open(&source)).map_err(|failed| error::of(py, failed))?;
    let (mut row, mut seen) = (0, 0);
    loop {
        let more = py.detach(|| -> Result<std::io::Result<bool>, reader::Error> {
            if !records.reader.next_block(&mut records.block)? {
                return Ok(Ok(false));
            }
            for record in records.block.records() {
                if row % parts == part {
                    if mask.get(seen).copied().unwrap_or(false) {
                        let written = file.write_all(record.bytes).and_then(|()| file.write_all(b"\n"));
                        if let Err(failed) = written {
                            return Ok(Err(failed));
                        }
                    }
                    seen += 1;
                }
                row += 1;
            }
            Ok(Ok(true))
        });
        let more = more.map_err(|failed| error::of(py, failed))?;
        if !more.map_err(failed)? {
            break;
        }
        py.check_signals()?;
    }
    if seen != mask.len() {
        return Err(PyValueError::new_err(format!(
            "{}: {seen} records of this part, but {} were weighed: it has changed since",
            source.display(),
            mask.len()
        )));
    }
    file.flush().map_err(failed)
}

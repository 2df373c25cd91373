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
use pyo3::types::PyBytes;

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
        Ok(JsonlTexts { records: Mutex::new(Records::open(py, &path)?), fields })
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
        let batch = batch.map_err(|failed| error::plain(py, failed))?;
        Ok((!batch.texts().is_empty()).then_some(Texts(batch)))
    }
}

/// The records of a JSONL file, plain or compressed, in lists: for each that is not blank, the number of its line, from
/// 1, and its bytes without the end of the line.
#[pyclass(module = "dsir._dsir", frozen)]
pub(crate) struct JsonlLines(Mutex<Records>);

type Lines<'py> = Vec<(u64, Bound<'py, PyBytes>)>;

#[pymethods]
impl JsonlLines {
    #[new]
    #[pyo3(signature = (path: "Path"))]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        Ok(JsonlLines(Mutex::new(Records::open(py, &path)?)))
    }

    fn __iter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Lines<'py>>> {
        py.check_signals()?;
        let (lines, more) = py.detach(|| {
            let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Records { reader, block, .. } = &mut *records;
            let more = reader.next_block(block);
            let lines = block.records().map(|record| (record.line, record.bytes.to_vec()));
            (lines.collect::<Vec<_>>(), more)
        });
        let more = more.map_err(|failed| error::plain(py, failed))?;
        Ok(more.then(|| lines.into_iter().map(|(line, bytes)| (line, PyBytes::new(py, &bytes))).collect()))
    }
}

/// An open file of records.
struct Records {
    path: PathBuf,
    reader: BlockReader,
    block: Block,
}

impl Records {
    fn open(py: Python<'_>, path: &Path) -> PyResult<Self> {
        let opened = py.detach(|| {
            let shards = Shards::find([path])?;
            let mut shards = shards.iter();
            match (shards.next(), shards.next()) {
                (Some(shard), None) => {
                    let reader = BlockReader::open(shard, &Observer::default())?;
                    Ok(Records { path: path.into(), reader, block: Block::default() })
                }
                _ => Err(reader::Error::NoShard { folder: path.into() }),
            }
        });
        opened.map_err(|failed| error::plain(py, failed))
    }
}

/// Of the records of a JSONL file, write those of ``mask``: record number r to the file ``outs[r % len(outs)]``.
///
/// Raises:
///     ValueError: As many records as ``mask`` has were expected, and there are others.
#[pyfunction]
#[pyo3(signature = (source: "Path", mask: "npt.NDArray[np.bool_]", outs: "Sequence[Path]"))]
pub(crate) fn write_records(
    py: Python<'_>,
    source: PathBuf,
    mask: PyReadonlyArray1<'_, bool>,
    outs: Vec<PathBuf>,
) -> PyResult<()> {
    let mask = mask.as_slice()?;
    let mut files = Vec::new();
    for out in &outs {
        let file = File::create(out).map_err(|failed| error::of_io(py, out, &failed))?;
        files.push(BufWriter::with_capacity(1 << 18, file));
    }
    if outs.is_empty() {
        return Err(PyValueError::new_err("no file to write to"));
    }
    let mut records = Records::open(py, &source)?;
    let mut row = 0;
    while py
        .detach(|| records.reader.next_block(&mut records.block))
        .map_err(|failed| error::plain(py, failed))?
    {
        let (block, files) = (&records.block, &mut files);
        let written = py.detach(|| -> Result<(), (usize, std::io::Error)> {
            for record in block.records() {
                let out = row % files.len();
                if mask.get(row).copied().unwrap_or(false) {
                    let written =
                        files[out].write_all(record.bytes).and_then(|()| files[out].write_all(b"\n"));
                    written.map_err(|failed| (out, failed))?;
                }
                row += 1;
            }
            Ok(())
        });
        written.map_err(|(out, failed)| error::of_io(py, &outs[out], &failed))?;
        py.check_signals()?;
    }
    if row != mask.len() {
        return Err(PyValueError::new_err(format!(
            "{}: {row} records, but {} were weighed: it has changed since",
            source.display(),
            mask.len()
        )));
    }
    for (mut file, out) in files.into_iter().zip(&outs) {
        file.flush().map_err(|failed| error::of_io(py, out, &failed))?;
    }
    Ok(())
}

//! Drawing from weights in arrays.

use std::ffi::OsString;

use dsir::Observer;
use dsir::cli::draw_options;
use dsir::resample::{Draw, Groups, Noise, group_id};
use dsir::weights::{self, RowFields, Rows, TargetSize, UntilCancelled};
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::error;
use crate::model::Model;
use crate::pool::pool;
use crate::watch::watched;

/// What there is to know of each row beside its log weights; arrays of one length.
#[derive(FromPyObject)]
pub(crate) struct Columns<'py> {
    /// The hash of what the row is known by.
    #[pyo3(item)]
    records: PyReadonlyArray1<'py, u64>,
    #[pyo3(item)]
    tokens: PyReadonlyArray1<'py, u32>,
    #[pyo3(item)]
    bytes: PyReadonlyArray1<'py, u32>,
    /// The number of each row's group among `group_names`.
    #[pyo3(item)]
    groups: Option<PyReadonlyArray1<'py, i64>>,
    #[pyo3(item)]
    group_names: Vec<String>,
}

/// The rows that each draw selects; ``args`` are the options of ``dsir resample``.
#[pyfunction]
#[pyo3(signature = (args: "list[str]", log_weights: "npt.NDArray[np.float64]", columns: "dict[str, Any]",
                    model: "Model | None", targets: "list[str] | None", threads: "int | None")
       -> "list[npt.NDArray[np.int64]]")]
pub(crate) fn draw<'py>(
    py: Python<'py>,
    args: Vec<OsString>,
    log_weights: PyReadonlyArray2<'py, f64>,
    columns: Columns<'py>,
    model: Option<&Bound<'py, Model>>,
    targets: Option<Vec<String>>,
    threads: Option<usize>,
) -> PyResult<Vec<Bound<'py, PyArray1<i64>>>> {
    let mut options = draw_options(args).map_err(|failure| error::of_failure(py, &failure))?;
    let sizes: Option<Vec<TargetSize>> = match (model, targets) {
        (Some(model), _) => Some(model.get().counted().targets.iter().map(TargetSize::of).collect()),
        // Targets of a size that nobody knows draw alike.
        (None, Some(names)) => {
            Some(names.into_iter().map(|name| TargetSize { name, tokens: 1, per_token: false }).collect())
        }
        (None, None) => None,
    };
    if columns.groups.is_some() {
        let names = columns.group_names.iter().map(|name| (group_id(name), name.clone()));
        options.set_group_names(names.collect::<Groups>());
    }
    let observer = Observer::default();
    let given = Given {
        log_weights: log_weights.as_slice()?,
        targets: log_weights.shape()[1],
        records: columns.records.as_slice()?,
        tokens: columns.tokens.as_slice()?,
        bytes: columns.bytes.as_slice()?,
        groups: columns.groups.as_ref().map(|groups| groups.as_slice()).transpose()?,
        group_ids: columns.group_names.iter().map(|name| group_id(name)).collect(),
    };
    let pool = pool(py, threads)?;
    let draw = || -> Result<Vec<Vec<i64>>, dsir::resample::Error> {
        let rows = given.rows(&observer)?;
        let rows = UntilCancelled { rows: &rows, observer: &observer };
        let selected = Draw::new(&rows, sizes.as_deref(), &options)?.selected(&rows)?.into_iter();
        Ok(selected.map(|of| of.into_iter().map(|record| record.position.record as i64).collect()).collect())
    };
    let drawn = watched(py, &observer, || pool.install(draw), || Ok(()))?;
    let drawn = drawn.map_err(|failed| error::of(py, failed))?;
    Ok(drawn.into_iter().map(|indices| PyArray1::from_vec(py, indices)).collect())
}

/// What rows are made of.
struct Given<'a> {
    log_weights: &'a [f64],
    targets: usize,
    records: &'a [u64],
    tokens: &'a [u32],
    bytes: &'a [u32],
    groups: Option<&'a [i64]>,
    group_ids: Vec<u64>,
}

impl Given<'_> {
    fn rows(&self, observer: &Observer) -> Result<Rows, weights::Error> {
        let of_targets = if self.groups.is_some() { Rows::with_groups } else { Rows::new };
        let mut rows = of_targets(self.targets);
        for (row, log_weights) in self.log_weights.chunks_exact(self.targets).enumerate() {
            if observer.is_cancelled() {
                return Err(weights::Error::Cancelled);
            }
            let group = self.groups.map(|groups| self.group_ids[groups[row] as usize]);
            let (record, tokens, bytes) = (self.records[row], self.tokens[row], self.bytes[row]);
            rows.push(log_weights, RowFields { record, tokens, bytes, group })?;
        }
        Ok(rows)
    }
}

/// The noise of records with these content hashes, Gumbel(0, 1), in the first draw for a target.
#[pyfunction]
#[pyo3(signature = (seed: "int", target: "int", ids: "npt.NDArray[np.uint64]") -> "npt.NDArray[np.float64]")]
pub(crate) fn gumbel<'py>(
    py: Python<'py>,
    seed: u64,
    target: u64,
    ids: PyReadonlyArray1<'py, u64>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let noise = Noise::new(seed, 0, target);
    let ids = ids.as_slice()?;
    Ok(PyArray1::from_vec(py, py.detach(|| ids.iter().map(|id| noise.gumbel(*id)).collect())))
}

//! Drawing from weights in arrays.

use std::ffi::OsString;

use dsir::cli::draw_options;
use dsir::resample::{Draw, Groups, Noise, group_id};
use dsir::weights::{RowFields, Rows, TargetSize};
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

use crate::error;
use crate::model::Model;

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

/// The rows that each draw selects; `args` are the options of `dsir resample`.
#[pyfunction]
#[pyo3(signature = (args: "list[str]", log_weights: "npt.NDArray[np.float64]", columns: "dict[str, Any]", model: "Model | None",
                    targets: "list[str] | None") -> "list[npt.NDArray[np.int64]]")]
pub(crate) fn draw<'py>(
    py: Python<'py>,
    args: Vec<OsString>,
    log_weights: PyReadonlyArray2<'py, f64>,
    columns: Columns<'py>,
    model: Option<&Bound<'py, Model>>,
    targets: Option<Vec<String>>,
) -> PyResult<Vec<Bound<'py, PyArray1<i64>>>> {
    let mut options = draw_options(args).map_err(|failure| error::of_failure(py, &failure))?;
    let sizes: Option<Vec<TargetSize>> = match (model, targets) {
        (Some(model), _) => Some(model.get().counted().targets.iter().map(TargetSize::of).collect()),
        // Targets of a size that nobody knows draw alike.
        (None, Some(names)) => {
            Some(names.into_iter().map(|name| TargetSize { name, tokens: 1, refined: false }).collect())
        }
        (None, None) => None,
    };
    let log_weights = log_weights.as_slice()?;
    let (records, tokens, bytes) =
        (columns.records.as_slice()?, columns.tokens.as_slice()?, columns.bytes.as_slice()?);
    let groups = columns.groups.as_ref().map(|groups| groups.as_slice()).transpose()?;
    let names = &columns.group_names;
    let targets = if records.is_empty() { 1 } else { log_weights.len() / records.len() };
    if groups.is_some() {
        options.set_group_names(names.iter().map(|name| (group_id(name), name.clone())).collect::<Groups>());
    }
    let drawn = py.detach(|| -> Result<Vec<Vec<i64>>, dsir::Error> {
        let ids: Vec<u64> = names.iter().map(|name| group_id(name)).collect();
        let mut rows = if groups.is_some() { Rows::with_groups(targets) } else { Rows::new(targets) };
        for (row, log_weights) in log_weights.chunks_exact(targets).enumerate() {
            let group = groups.map(|groups| ids[groups[row] as usize]);
            let fields = RowFields { record: records[row], tokens: tokens[row], bytes: bytes[row], group };
            rows.push(log_weights, fields)?;
        }
        let draw = Draw::new(&rows, sizes.as_deref(), &options)?;
        let selected = draw.selected(&rows)?.into_iter();
        Ok(selected.map(|of| of.into_iter().map(|record| record.position.record as i64).collect()).collect())
    });
    let drawn = drawn.map_err(|failed| error::of(py, failed))?;
    Ok(drawn.into_iter().map(|indices| PyArray1::from_vec(py, indices)).collect())
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

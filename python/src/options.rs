//! The options of the commands, from their definitions.

use std::any::TypeId;
use std::path::PathBuf;

use clap::{Arg, ArgAction};
use dsir::cli;
use pyo3::prelude::*;

/// An option: its name, what its value is (`flag` if it takes none), whether it may be given several times, the values
/// there are, and its help.
type Described = (String, &'static str, bool, Vec<String>, String);

/// The options of a command: name, kind, whether it repeats, the values there are, and help.
#[pyfunction]
#[pyo3(signature = (command: "str") -> "list[tuple[str, str, bool, list[str], str]] | None")]
pub(crate) fn options(command: &str) -> Option<Vec<Described>> {
    let definitions = cli::definitions();
    let command = definitions.find_subcommand(command)?;
    Some(command.get_arguments().filter_map(described).collect())
}

fn described(arg: &Arg) -> Option<Described> {
    let name = arg.get_long()?.to_owned();
    let repeats = matches!(arg.get_action(), ArgAction::Append);
    let values = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    Some((name, kind(arg), repeats, values, help))
}

fn kind(arg: &Arg) -> &'static str {
    let of = arg.get_value_parser().type_id();
    let is_integer = [TypeId::of::<u8>(), TypeId::of::<u16>(), TypeId::of::<u32>(), TypeId::of::<u64>()]
        .iter()
        .any(|integer| of == *integer);
    match () {
        () if !arg.get_action().takes_values() => "flag",
        () if of == TypeId::of::<PathBuf>() => "path",
        () if is_integer => "int",
        () if of == TypeId::of::<f64>() => "float",
        () => "str",
    }
}

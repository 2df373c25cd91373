//! Job files: the options of a command in TOML, under their own names, or those of an earlier run in its summary. What
//! is typed wins.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command};
use toml::{Table, Value};

use super::failure::Failure;
use crate::storage;

/// Options about the job file itself, which is no place for them.
const NOT_IN_FILES: [&str; 4] = ["config", "print_config", "help", "version"];

/// What was typed, with the options of the job file that it names before them.
///
/// # Errors
/// A file that cannot be read, is no TOML, or has keys that the command does not know.
pub(super) fn with_job_file(program: &Command, typed: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let Some(path) = named(&typed) else { return Ok(typed) };
    let Some(command) = typed.get(1).and_then(|name| program.find_subcommand(name)) else { return Ok(typed) };
    let failed = |what: String| Failure::usage(format!("{}: {what}", path.display()));
    let text = storage::read(&path).map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8(text).map_err(|_| failed("it is not UTF-8".to_owned()))?;
    let summary = of_summary(&text);
    let is_summary = summary.is_some();
    let table: Table = match summary {
        Some(options) => options,
        None => text.parse().map_err(|error: toml::de::Error| failed(error.to_string()))?,
    };
    // What is wrong with what was typed is told when all is read.
    let matches = command.clone().ignore_errors(true).try_get_matches_from(&typed[1..]).unwrap_or_default();
    let (mut options, mut shards) = (Vec::new(), Vec::new());
    for (key, value) in &table {
        let arg = match find(command, key) {
            Some(arg) => arg,
            // Another command has other options.
            None if is_summary => continue,
            None => return Err(failed(unknown(command, key))),
        };
        let values =
            words(value).ok_or_else(|| failed(format!("`{key}` is neither a value nor a list of them")))?;
        if is_settled(command, arg, &matches) {
            continue;
        }
        let takes_none = matches!(arg.get_action(), ArgAction::SetTrue);
        match (arg.get_long(), value) {
            (Some(_), Value::Boolean(false)) if takes_none => {}
            (Some(long), Value::Boolean(true)) if takes_none => options.push(format!("--{long}").into()),
            (Some(_), _) if takes_none => return Err(failed(format!("`{key}` must be true or false"))),
            (Some(long), _) => {
                options.extend(values.into_iter().map(|value| format!("--{long}={value}").into()))
            }
            (None, _) => shards.extend(values.into_iter().map(OsString::from)),
        }
    }
    if !shards.is_empty() && !typed.iter().any(|word| word == "--") {
        shards.insert(0, "--".into());
    }
    let (start, rest) = typed.split_at(2);
    Ok([start, &options, rest, &shards].concat())
}

/// What a run has written is not for another run to overwrite.
const OUTPUTS: [&str; 6] = ["output", "summary", "report", "rejects", "work", "plan_only"];

/// The options of the run that a summary is of, if it is one.
fn of_summary(text: &str) -> Option<Table> {
    let summary: serde_json::Value = serde_json::from_str(text).ok()?;
    summary.get("dsir_summary")?;
    let mut table = Table::new();
    for (group, of_group) in summary.get("options")?.as_object()? {
        match of_group {
            serde_json::Value::Object(of_group) => {
                of_group.iter().for_each(|(key, value)| add_option(key, value, &mut table));
            }
            value => add_option(group, value, &mut table),
        }
    }
    Some(table)
}

/// Adds an option of a summary, unless it was not given.
fn add_option(key: &str, value: &serde_json::Value, table: &mut Table) {
    if OUTPUTS.contains(&key) {
        return;
    }
    // Shares of groups are pairs of a name and a number.
    let pair = |value: &serde_json::Value| Some(format!("{}={}", value.get(0)?.as_str()?, value.get(1)?));
    let pairs = value.as_array().and_then(|values| values.iter().map(pair).collect::<Option<Vec<_>>>());
    let value = match pairs.filter(|pairs| !pairs.is_empty()) {
        Some(pairs) => Some(Value::String(pairs.join(","))),
        None => Value::try_from(value).ok(),
    };
    let is_given =
        |value: &Value| !matches!(value, Value::Boolean(false)) && value.as_array() != Some(&Vec::new());
    if let Some(value) = value.filter(is_given) {
        table.insert(key.to_owned(), value);
    }
}

/// The file that `--config` names.
fn named(typed: &[OsString]) -> Option<PathBuf> {
    let mut words = typed.iter().take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        if word == "--config" {
            return words.next().map(PathBuf::from);
        }
        if let Some(path) = word.to_str().and_then(|word| word.strip_prefix("--config=")) {
            return Some(path.into());
        }
    }
    None
}

/// The option, or what stands without one, that a key names.
fn find<'a>(command: &'a Command, key: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|arg| name(arg) == key.replace('_', "-") && is_for_files(arg))
}

fn is_for_files(arg: &Arg) -> bool {
    !NOT_IN_FILES.contains(&arg.get_id().as_str())
}

fn name(arg: &Arg) -> String {
    arg.get_long().map_or_else(|| arg.get_id().as_str().replace('_', "-"), str::to_owned)
}

fn unknown(command: &Command, key: &str) -> String {
    let names = command.get_arguments().filter(|arg| is_for_files(arg)).map(name);
    let likeness = |name: &String| strsim::jaro_winkler(name, &key.replace('_', "-"));
    let nearest =
        names.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|name| likeness(name) > 0.8);
    let hint = nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
    format!("`{key}` is no option of `dsir {}`{hint}", command.get_name())
}

/// Whether what was typed decides on an option: by itself, or by one that it excludes.
fn is_settled(command: &Command, arg: &Arg, typed: &ArgMatches) -> bool {
    let is_typed = |id: &str| {
        matches!(typed.try_contains_id(id), Ok(true))
            && typed.value_source(id) == Some(ValueSource::CommandLine)
    };
    let excluded = command.get_arg_conflicts_with(arg);
    // Of such a group, one option is given.
    let is_choice =
        |group: &&ArgGroup| group.get_args().any(|id| id == arg.get_id()) && !(*group).clone().is_multiple();
    let mut grouped = command.get_groups().filter(is_choice).flat_map(ArgGroup::get_args);
    is_typed(arg.get_id().as_str())
        || excluded.iter().any(|other| is_typed(other.get_id().as_str()))
        || grouped.any(|id| is_typed(id.as_str()))
}

/// A value, or those of a list, as they would be typed.
fn words(value: &Value) -> Option<Vec<String>> {
    Some(match value {
        Value::String(text) => vec![text.clone()],
        Value::Integer(number) => vec![number.to_string()],
        Value::Float(number) => vec![number.to_string()],
        Value::Boolean(truth) => vec![truth.to_string()],
        Value::Datetime(time) => vec![time.to_string()],
        Value::Array(values) => {
            values.iter().map(words).collect::<Option<Vec<_>>>()?.into_iter().flatten().collect()
        }
        Value::Table(_) => return None,
    })
}

/// The job file of the command that was typed, with the options of a job file that it names.
pub(super) fn of_command(command: &Command, matches: &ArgMatches) -> String {
    let mut file = format!("# dsir {} --config THIS_FILE\n", command.get_name());
    for arg in command.get_arguments().filter(|arg| is_for_files(arg)) {
        let id = arg.get_id().as_str();
        if matches.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        let mut values = matches.get_raw(id).into_iter().flatten().map(as_value);
        let value = match arg.get_action() {
            ArgAction::SetTrue => Value::Boolean(true),
            ArgAction::Append => Value::Array(values.collect()),
            _ if arg.get_long().is_none() => Value::Array(values.collect()),
            _ => values.next_back().unwrap_or(Value::Boolean(true)),
        };
        let _ = writeln!(file, "{} = {value}", name(arg));
    }
    file
}

fn as_value(typed: &OsStr) -> Value {
    let typed = Path::new(typed).to_string_lossy();
    let number = typed.parse().map(Value::Integer).ok().filter(|number| number.to_string() == typed);
    number.unwrap_or_else(|| Value::String(typed.into_owned()))
}

//! A folder to work in, and the program run in it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder that is gone at the end of the test.
pub(crate) struct Dir {
    folder: tempfile::TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Dir {
    pub(crate) fn new() -> Self {
        Dir { folder: tempfile::tempdir().unwrap() }
    }

    /// With a `target.jsonl` about the sea and a `raw.jsonl` of 40 documents, every fourth about the sea.
    pub(crate) fn with_corpus() -> Self {
        let dir = Dir::new();
        dir.write(
            "target.jsonl",
            record("the tide came in and the boats went out to sea") + &record("sea and tide and boats"),
        );
        dir.write("raw.jsonl", (0..40).map(document).collect::<String>());
        dir
    }

    /// With a copy of the files of `tests/cases/NAME`.
    pub(crate) fn of_case(name: &str) -> Self {
        Dir::of(&format!("tests/cases/{name}"))
    }

    /// With a copy of the files of a folder of the project.
    pub(crate) fn of(folder: &str) -> Self {
        let dir = Dir::new();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in walkdir::WalkDir::new(&folder).into_iter().map(Result::unwrap) {
            if entry.file_type().is_file() {
                let inside = entry.path().strip_prefix(&folder).unwrap();
                dir.write(inside.to_str().unwrap(), fs::read(entry.path()).unwrap());
            }
        }
        dir
    }

    /// Runs a line of shell in the folder, in which `dsir` is the program.
    pub(crate) fn shell(&self, line: &str) -> Ran {
        let program = format!("dsir() {{ '{}' \"$@\"; }}\n{line}", env!("CARGO_BIN_EXE_dsir"));
        let mut command = Command::new("bash");
        command.args(["-c", &program]).current_dir(self.folder.path()).stdin(Stdio::null());
        Ran::from(command.output().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// A sentence model that knows one abbreviation, to be named with `--punkt punkt`.
    pub(crate) fn write_punkt(&self) {
        self.write("punkt/abbrev_types.txt", "dr\n");
        for name in ["collocations.tab", "sent_starters.txt", "ortho_context.tab"] {
            self.write(&format!("punkt/{name}"), "");
        }
    }

    /// The names in the folder, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Runs `dsir` in the folder with these arguments, split at spaces.
    pub(crate) fn run(&self, arguments: &str) -> Ran {
        self.run_with_input(arguments, b"")
    }

    /// The same, with this on standard input.
    pub(crate) fn run_with_input(&self, arguments: &str, input: &[u8]) -> Ran {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A program that does not read its input closes it: no failure of the test.
        let feeding = std::thread::spawn(move || stdin.write_all(&input).unwrap_or_default());
        let output = child.wait_with_output().unwrap();
        feeding.join().unwrap();
        Ran::from(output)
    }

    /// The command itself, output piped.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dsir"));
        command.args(arguments.split_whitespace()).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Ran {
    /// Exit code 0 and a warning with all of these parts; gives what was printed on standard output.
    #[track_caller]
    pub(crate) fn warns(self, parts: &[&str]) -> String {
        let is_it =
            |line: &&str| line.starts_with("warning: ") && parts.iter().all(|part| line.contains(part));
        assert!(
            self.stderr.lines().any(|line| is_it(&line)),
            "no warning with {parts:?} in:\n{}",
            self.stderr
        );
        self.ok()
    }

    /// Exit code 0 and no warning with this; gives what was printed on standard output.
    #[track_caller]
    pub(crate) fn says_nothing_of(self, part: &str) -> String {
        let is_it = |line: &str| line.starts_with("warning: ") && line.contains(part);
        assert!(!self.stderr.lines().any(is_it), "a warning with {part:?} in:\n{}", self.stderr);
        self.ok()
    }

    /// Exit code 0; gives what was printed on standard output.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.stdout
    }

    /// Exit code 1 and a message with all of these parts.
    #[track_caller]
    pub(crate) fn fails(self, parts: &[&str]) -> String {
        self.ends(1, parts)
    }

    /// Exit code 2 and a message with all of these parts.
    #[track_caller]
    pub(crate) fn misused(self, parts: &[&str]) -> String {
        self.ends(2, parts)
    }

    #[track_caller]
    fn ends(self, code: i32, parts: &[&str]) -> String {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        for part in parts {
            assert!(self.stderr.contains(part), "no {part:?} in:\n{}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self.stderr
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The `id` of each record, in order.
pub(crate) fn ids(records: &str) -> Vec<u64> {
    let id = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_u64().unwrap();
    records.lines().map(id).collect()
}

/// A record with this text.
pub(crate) fn record(text: &str) -> String {
    serde_json::json!({ "text": text }).to_string() + "\n"
}

/// The `i`-th document of the corpus, with an `id`; every fourth is about the sea.
pub(crate) fn document(i: usize) -> String {
    let text = if i.is_multiple_of(4) {
        format!("the boats went out to sea with tide {i}")
    } else {
        format!("invoice {i} is due and the tax office wants its form")
    };
    serde_json::json!({ "id": i, "text": text }).to_string() + "\n"
}

pub(crate) fn gzip(content: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// What a file holds, decompressed by its name.
pub(crate) fn decompressed(path: &Path) -> String {
    let bytes = fs::read(path).unwrap();
    match path.extension().and_then(|e| e.to_str()) {
        Some("gz") => std::io::read_to_string(flate2::read::MultiGzDecoder::new(&bytes[..])).unwrap(),
        Some("zst") => String::from_utf8(zstd::decode_all(&bytes[..]).unwrap()).unwrap(),
        _ => String::from_utf8(bytes).unwrap(),
    }
}

/// The lines in falling order, to compare selections whose order may differ.
pub(crate) fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

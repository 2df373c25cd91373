use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use dsir::jobs::do_piece;
use dsir::{Engine, EngineError, ErrorKind, Observer, cli};
use serde_json::Value;

use crate::corpus::{Corpus, record};
use crate::determinism::{TARGET, documents};

/// An engine that works in this process: one piece at a time, in an order that only a seed decides, some of them twice,
/// some only after a machine has died.
struct Untidy {
    piece_bytes: u64,
    state: Mutex<State>,
}

struct State {
    seed: u64,
    waiting: Vec<PathBuf>,
    /// How many pieces were begun.
    begun: usize,
    /// The engine fails for good when it has done so many.
    fails_after: Option<usize>,
}

impl Untidy {
    fn new(piece_bytes: u64, seed: u64) -> Arc<Self> {
        let state = State { seed, waiting: Vec::new(), begun: 0, fails_after: None };
        Arc::new(Untidy { piece_bytes, state: Mutex::new(state) })
    }

    fn begun(&self) -> usize {
        self.state.lock().unwrap().begun
    }

    fn fails_after(&self, pieces: usize) {
        self.state.lock().unwrap().fails_after = Some(pieces);
    }
}

impl State {
    fn chance(&mut self) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.seed >> 33
    }
}

fn work(piece: &Path) {
    do_piece(piece, 1, &cli::words_of_error, &Observer::default()).unwrap();
}

impl Engine for Untidy {
    fn piece_bytes(&self, _: u64) -> u64 {
        self.piece_bytes
    }

    fn places(&self) -> Result<usize, EngineError> {
        Ok(5)
    }

    fn begin(&self, piece: &Path) -> Result<(), EngineError> {
        let mut state = self.state.lock().unwrap();
        state.begun += 1;
        state.waiting.push(piece.into());
        Ok(())
    }

    fn ended(&self) -> Result<Vec<PathBuf>, EngineError> {
        let mut state = self.state.lock().unwrap();
        match &mut state.fails_after {
            Some(0) => return Err(EngineError("no machines are left".into())),
            Some(more) => *more -= 1,
            None => {}
        }
        let next = state.chance() as usize % state.waiting.len();
        let piece = state.waiting.swap_remove(next);
        match state.chance() % 4 {
            // A machine that dies leaves what it was writing.
            0 => {
                fs::create_dir_all(piece.with_file_name(".dsir-dead")).unwrap();
                let observer = Observer::default();
                observer.cancel();
                let died = do_piece(&piece, 1, &cli::words_of_error, &observer);
                assert_eq!(died.unwrap_err().kind(), ErrorKind::Cancelled);
                work(&piece);
            }
            1 => std::thread::scope(|threads| {
                (0..3).for_each(|_| drop(threads.spawn(|| work(&piece))));
            }),
            _ => work(&piece),
        }
        Ok(vec![piece])
    }

    fn stop(&self) {
        self.state.lock().unwrap().waiting.clear();
    }
}

fn typed(folder: &Corpus, options: &str, output: &Path) -> Vec<OsString> {
    let words = options
        .split_whitespace()
        .map(|word| OsString::from(word.replace("DIR", folder.path("").to_str().unwrap())));
    let fixed = ["dsir", "select"].map(OsString::from).into_iter();
    fixed.chain(words).chain([OsString::from("-o"), output.into(), folder.path("raw").into()]).collect()
}

/// All files below a path, with what they hold.
fn files(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = walkdir(path);
    entries
        .into_iter()
        .map(|file| (file.strip_prefix(path).unwrap().into(), fs::read(&file).unwrap()))
        .collect()
}

fn walkdir(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walkdir(&path) } else { vec![path] }).collect()
}

/// A report without what depends on the clock or on who has worked.
fn comparable(mut report: Value) -> Value {
    let report_map = report.as_object_mut().unwrap();
    for key in ["seconds", "threads"] {
        report_map.remove(key);
    }
    for stage in report_map["stages"].as_array_mut().unwrap() {
        // How much is read to be written depends on what was kept while it was weighed.
        let also: &[&str] = if stage["stage"] == "write" { &["bytes", "records"] } else { &[] };
        for key in ["seconds", "mb_per_second"].iter().chain(also) {
            stage.as_object_mut().unwrap().remove(*key);
        }
    }
    report
}

fn numbered(from: usize, to: usize) -> String {
    let fields = |number: usize| {
        format!("{{\"id\": {number}, \"kind\": \"{}\", \"text\": ", ["a", "b", "c"][number % 3])
    };
    let all = documents(to);
    let lines = all[from..].iter().enumerate();
    lines.map(|(at, line)| line.replacen("{\"text\":", &fields(from + at), 1)).collect()
}

/// The lines as a table of many row groups.
#[cfg(feature = "parquet")]
fn parquet(lines: &str) -> Vec<u8> {
    use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};

    let values: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let text = |key: &str| -> ArrayRef {
        Arc::new(StringArray::from_iter(values.iter().map(|value| value[key].as_str())))
    };
    let ids: ArrayRef = Arc::new(Int64Array::from_iter(values.iter().map(|value| value["id"].as_i64())));
    let batch =
        RecordBatch::try_from_iter([("id", ids), ("kind", text("kind")), ("text", text("text"))]).unwrap();
    let properties =
        parquet::file::properties::WriterProperties::builder().set_max_row_group_row_count(Some(40));
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties.build())).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// Shards of every kind.
fn corpus() -> Corpus {
    let folder = Corpus::new();
    folder.write("raw/a.jsonl", numbered(0, 500));
    folder.write("raw/b/large.jsonl", numbered(500, 3000));
    folder.write("raw/b/c.jsonl.zst", zstd::encode_all(numbered(3000, 3600).as_bytes(), 3).unwrap());
    #[cfg(feature = "parquet")]
    folder.write("raw/b/d.parquet", parquet(&numbered(2950, 3550)));
    folder.write("raw/empty.jsonl", "");
    folder.write("raw/z.jsonl", numbered(3600, 4000) + &numbered(3990, 4000));
    folder.write("target.jsonl", record(TARGET).repeat(20) + &documents(40).concat());
    folder.write("other.jsonl", documents(30).concat());
    folder.write("mixed.jsonl", numbered(100, 160));
    folder
}

#[test]
fn an_engine_selects_what_one_machine_selects() {
    let folder = corpus();
    let outputs = ["out.jsonl", "out/", "out.jsonl.zst"];
    let options = [
        "--target DIR/target.jsonl --min-tokens 1 -k 300",
        "--target DIR/target.jsonl --min-tokens 1 --fraction 0.1 --fit-tokens 20000 --annotate",
        "--target DIR/target.jsonl --min-tokens 1 --tokens 9000 --refine",
        "--target DIR/target.jsonl --min-tokens 1 --tokens 9000 --learn classifier",
        "--target DIR/target.jsonl --min-tokens 1 -k 300 --auto",
        "--target t=DIR/target.jsonl --target o=DIR/other.jsonl --separate-targets --min-tokens 1 -k 200 --refine",
        "--target DIR/target.jsonl --min-tokens 1 -k 300 --group-by kind --group-share a=1,b=2 \
         --where id<2500 --mix-in DIR/mixed.jsonl=20",
        "--target DIR/target.jsonl --min-tokens 1 -k 400 --draws 2 --repeat 3 --temperature 9",
        "--target DIR/target.jsonl --min-tokens 1 -k 100 --ngrams 3 --hash sha256 --method topk --id-field id",
        "--target DIR/target.jsonl --min-tokens 1 -k 40 --unique --decontaminate DIR/other.jsonl --decontaminate-ngrams 9",
    ];
    for (number, options) in options.iter().enumerate() {
        for output in if number == 0 { &outputs[..] } else { &outputs[number % 2..][..1] } {
            let (one, many) = (folder.path("one").join(output), folder.path("many").join(output));
            ["one", "many"].iter().for_each(|name| fs::create_dir_all(folder.path(name)).unwrap());
            let alone = cli::run(typed(&folder, options, &one), &Observer::default()).unwrap();
            // Of few bytes, large shards are cut; of a megabyte, nothing is.
            let small = if number == 0 { 2_000 } else { 8_000 };
            for (piece_bytes, seed) in [(small, 1), (30_000, 2), (1 << 20, 3)] {
                let engine: Arc<dyn Engine> = Untidy::new(piece_bytes, seed);
                let by_engine =
                    cli::run_on(Some(&engine), typed(&folder, options, &many), &Observer::default());
                let by_engine = by_engine.unwrap_or_else(|failure| panic!("{options}: {failure}"));
                let expected = files(&folder.path("one"));
                assert!(!expected.is_empty());
                assert!(files(&folder.path("many")) == expected, "{options} {output} {piece_bytes}");
                let text = |value: Value| {
                    comparable(value).to_string().replace(many.to_str().unwrap(), one.to_str().unwrap())
                };
                assert_eq!(text(by_engine.report), text(alone.report.clone()), "{options}");
                let names =
                    fs::read_dir(folder.path("many")).unwrap().map(|entry| entry.unwrap().file_name());
                let left = names.filter(|name| name.to_str().unwrap().ends_with(".dsir-work")).count();
                assert_eq!(left, 0, "the work directory is gone");
                fs::remove_dir_all(folder.path("many")).unwrap();
                fs::create_dir(folder.path("many")).unwrap();
            }
            fs::remove_dir_all(folder.path("one")).unwrap();
        }
    }
}

const PLAIN: &str = "--target DIR/target.jsonl --min-tokens 1 -k 300";

#[test]
fn what_was_done_before_the_engine_failed_is_not_done_again() {
    let folder = corpus();
    let [alone, out] = ["alone.jsonl", "out.jsonl"].map(|name| folder.path(name));
    cli::run(typed(&folder, PLAIN, &alone), &Observer::default()).unwrap();

    let select = |engine: &Arc<Untidy>| {
        let engine: Arc<dyn Engine> = Arc::clone(engine) as _;
        cli::run_on(Some(&engine), typed(&folder, PLAIN, &out), &Observer::default())
    };
    let all = Untidy::new(30_000, 0);
    select(&all).unwrap();
    fs::remove_file(&out).unwrap();

    // It fails again and again, a little later each time.
    let mut begun = 0;
    for done in [3, 4, 10] {
        let engine = Untidy::new(30_000, done as u64);
        engine.fails_after(done);
        let failure = select(&engine).unwrap_err();
        assert_eq!(failure.error().unwrap().kind(), ErrorKind::Engine);
        assert!(failure.words().contains("no machines are left"), "{failure}");
        assert!(failure.resumable().unwrap().exists() && !out.exists());
        begun += done;
    }
    let engine = Untidy::new(30_000, 9);
    select(&engine).unwrap();
    assert_eq!(begun + engine.begun(), all.begun());
    assert!(fs::read(&out).unwrap() == fs::read(&alone).unwrap());
    assert!(!folder.path("out.jsonl.dsir-work").exists());
}

#[test]
fn bad_records_are_told_by_their_lines_also_where_a_shard_is_cut() {
    let folder = corpus();
    let large: Vec<String> =
        (500..3000).map(|i| if i % 700 == 0 { "\n{}\n".into() } else { numbered(i, i + 1) }).collect();
    folder.write("raw/b/large.jsonl", large.concat());
    let out = folder.path("out.jsonl");
    let rejects = folder.path("rejects.jsonl");
    let by = |engine: Option<&Arc<dyn Engine>>, options: &str| {
        let done = cli::run_on(engine, typed(&folder, options, &out), &Observer::default());
        let words = done.map(|done| comparable(done.report).to_string()).map_err(|failure| {
            let error = failure.error().unwrap();
            (failure.words(), error.kind(), error.path().map(Path::to_path_buf), error.line())
        });
        drop(fs::remove_dir_all(folder.path("out.jsonl.dsir-work")));
        (words, fs::read(&out).ok(), fs::read(&rejects).ok())
    };
    for options in [PLAIN, &format!("{PLAIN} --invalid skip --rejects DIR/rejects.jsonl")] {
        let alone = by(None, options);
        for seed in 0..3 {
            let engine: Arc<dyn Engine> = Untidy::new(8_000, seed);
            assert_eq!(by(Some(&engine), options), alone);
        }
        assert_eq!(alone.0.is_err(), options == PLAIN);
        if let Err((words, _, path, line)) = alone.0 {
            assert_eq!((path, line), (Some(folder.path("raw/b/large.jsonl")), Some(202)), "{words}");
        }
    }
    let kept = fs::read_to_string(&rejects).unwrap();
    let lines: Vec<u64> = kept
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [202, 903, 1604, 2305]);
}

#[test]
fn a_stream_is_refused_and_so_is_what_no_job_has_written() {
    let folder = corpus();
    let pipe = folder.path("raw/pipe.jsonl");
    std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    let engine: Arc<dyn Engine> = Untidy::new(8_000, 0);
    let mut args = typed(&folder, PLAIN, &folder.path("out.jsonl"));
    *args.last_mut().unwrap() = pipe.into();
    let failure = cli::run_on(Some(&engine), args, &Observer::default()).unwrap_err();
    assert!(failure.words().contains("pipe.jsonl: only this machine can read it"), "{failure}");

    let piece = folder.write("piece", "something else");
    let refused = do_piece(&piece, 1, &cli::words_of_error, &Observer::default()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Engine);
}

#[test]
fn a_worker_that_comes_too_late_leaves_nothing_behind() {
    /// Notes the last piece.
    struct Late(Arc<Untidy>, Mutex<Option<PathBuf>>);

    impl Engine for Late {
        fn piece_bytes(&self, corpus: u64) -> u64 {
            self.0.piece_bytes(corpus)
        }

        fn places(&self) -> Result<usize, EngineError> {
            self.0.places()
        }

        fn begin(&self, piece: &Path) -> Result<(), EngineError> {
            *self.1.lock().unwrap() = Some(piece.into());
            self.0.begin(piece)
        }

        fn ended(&self) -> Result<Vec<PathBuf>, EngineError> {
            self.0.ended()
        }

        fn stop(&self) {
            self.0.stop();
        }
    }

    let folder = corpus();
    let engine = Arc::new(Late(Untidy::new(30_000, 5), Mutex::default()));
    let shared: Arc<dyn Engine> = Arc::clone(&engine) as _;
    let out = folder.path("out/");
    cli::run_on(Some(&shared), typed(&folder, PLAIN, &out), &Observer::default()).unwrap();
    let piece = engine.1.lock().unwrap().take().unwrap();
    assert!(do_piece(&piece, 1, &cli::words_of_error, &Observer::default()).is_err());
    assert!(!folder.path("out.dsir-work").exists());
}

#[test]
fn a_shard_that_has_changed_since_is_weighed_anew() {
    let folder = corpus();
    let [alone, out] = ["alone.jsonl", "out.jsonl"].map(|name| folder.path(name));
    let engine = Untidy::new(30_000, 1);
    // In the middle of weighing.
    engine.fails_after(20);
    let shared: Arc<dyn Engine> = engine;
    cli::run_on(Some(&shared), typed(&folder, PLAIN, &out), &Observer::default()).unwrap_err();
    folder.write("raw/a.jsonl", numbered(4000, 4400));
    folder.write("raw/b/large.jsonl", numbered(500, 2500));
    let shared: Arc<dyn Engine> = Untidy::new(30_000, 2);
    cli::run_on(Some(&shared), typed(&folder, PLAIN, &out), &Observer::default()).unwrap();
    cli::run(typed(&folder, PLAIN, &alone), &Observer::default()).unwrap();
    assert!(fs::read(&out).unwrap() == fs::read(&alone).unwrap());
}

//! Parquet and Arrow files as shards.

use std::fs::File;
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::*;
use arrow_schema::{DataType, Field};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};

use crate::harness::{Dir, document};

const SELECT: &str = "select -q --target target.jsonl -k 5 --min-tokens 1";

/// The corpus of `with_corpus`: its records as rows, with a column of whole numbers and one of nulls between.
fn corpus() -> RecordBatch {
    let values: Vec<serde_json::Value> =
        (0..40).map(|number| serde_json::from_str(&document(number)).unwrap()).collect();
    let text = |key: &str| -> ArrayRef {
        Arc::new(StringArray::from_iter(values.iter().map(|value| value[key].as_str())))
    };
    let numbers: ArrayRef =
        Arc::new(Int64Array::from_iter((0..40).map(|number| (number % 3 > 0).then_some(number))));
    RecordBatch::try_from_iter_with_nullable([
        ("n", numbers, true),
        ("text", text("text"), true),
        ("source", text("source"), true),
    ])
    .unwrap()
}

/// The lines of `corpus`, as docs/data.md says they are.
fn lines() -> String {
    let line = |number: usize| {
        let value: serde_json::Value = serde_json::from_str(&document(number)).unwrap();
        let n = if number.is_multiple_of(3) { "null".to_owned() } else { number.to_string() };
        format!("{{\"n\": {n}, \"text\": {}, \"source\": {}}}\n", value["text"], value["source"])
    };
    (0..40).map(line).collect()
}

fn write_parquet(dir: &Dir, name: &str, batch: &RecordBatch, properties: WriterProperties) {
    std::fs::create_dir_all(dir.path(name).parent().unwrap()).unwrap();
    let file = File::create(dir.path(name)).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

fn properties() -> parquet::file::properties::WriterPropertiesBuilder {
    WriterProperties::builder().set_max_row_group_row_count(Some(17)).set_data_page_row_count_limit(4)
}

fn write_arrow(dir: &Dir, name: &str, batch: &RecordBatch, is_file: bool) {
    let file = File::create(dir.path(name)).unwrap();
    // A batch without rows is a message without a body.
    let parts =
        [batch.slice(0, 11), RecordBatch::new_empty(batch.schema()), batch.slice(11, batch.num_rows() - 11)];
    if is_file {
        let mut writer = arrow_ipc::writer::FileWriter::try_new(file, batch.schema_ref()).unwrap();
        parts.iter().for_each(|part| writer.write(part).unwrap());
        writer.finish().unwrap();
    } else {
        let mut writer = arrow_ipc::writer::StreamWriter::try_new(file, batch.schema_ref()).unwrap();
        parts.iter().for_each(|part| writer.write(part).unwrap());
        writer.finish().unwrap();
    }
}

#[test]
fn a_selection_from_a_table_is_that_from_its_lines() {
    let dir = Dir::with_corpus();
    dir.write("raw.jsonl", lines());
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(Default::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
    ];
    let mut names = vec!["a.arrow".to_owned(), "b.arrow".to_owned(), "one.parquet".to_owned()];
    write_arrow(&dir, "a.arrow", &corpus(), true);
    write_arrow(&dir, "b.arrow", &corpus(), false);
    write_parquet(
        &dir,
        "one.parquet",
        &corpus(),
        WriterProperties::builder().set_dictionary_enabled(false).build(),
    );
    for (number, codec) in codecs.into_iter().enumerate() {
        let version = if number % 2 == 0 { WriterVersion::PARQUET_1_0 } else { WriterVersion::PARQUET_2_0 };
        let properties = properties().set_compression(codec).set_writer_version(version);
        // A name says nothing.
        names.push(format!("codec{number}.jsonl"));
        write_parquet(&dir, &names[number + 3], &corpus(), properties.build());
    }
    for options in ["", "--shuffle", "--where n>7", "--group-by source", "--annotate", "--refine"] {
        let of = |name: &str| dir.run(&format!("{SELECT} {options} {name}")).ok();
        let expected = of("raw.jsonl");
        for name in &names {
            assert_eq!(of(name), expected, "{name} {options}");
        }
    }
    dir.run("fit -o model.json --target target.jsonl raw.jsonl").ok();
    let weights = |name: &str| {
        dir.run(&format!("weigh --model model.json -o weights {name}")).ok();
        std::fs::read(dir.path(&format!("weights/{name}.npy"))).unwrap()
    };
    let expected = weights("raw.jsonl");
    for name in &names {
        assert!(weights(name) == expected, "{name}");
    }
    // As targets, too, and as standard input that is a file.
    write_parquet(&dir, "target.parquet", &corpus().slice(0, 4), WriterProperties::default());
    dir.write("four.jsonl", lines().split_inclusive('\n').take(4).collect::<String>());
    let of =
        |target: &str| dir.run(&format!("select -q --target {target} -k 5 --min-tokens 1 raw.jsonl")).ok();
    assert_eq!(of("target.parquet"), of("four.jsonl"));
    assert_eq!(
        dir.shell(&format!("dsir {SELECT} - < one.parquet")).ok(),
        dir.run(&format!("{SELECT} raw.jsonl")).ok()
    );
    dir.shell(&format!("cat one.parquet | dsir {SELECT} -")).fails(&["a Parquet file", "pipe"]);
}

#[test]
fn every_kind_of_value_has_its_json() {
    let dir = Dir::with_corpus();
    let mut list = ListBuilder::new(Int64Builder::new());
    list.append_value([Some(1), None]);
    list.append_null();
    list.append_value([]);
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    map.keys().append_value("k\"");
    map.values().append_value(7);
    map.append(true).unwrap();
    map.append(false).unwrap();
    map.append(true).unwrap();
    let inner: ArrayRef = Arc::new(StringArray::from(vec![Some("sea"), None, Some("tide\u{1}\n\\")]));
    let inside = vec![Arc::new(Field::new("text", DataType::Utf8, true))].into();
    let nested = StructArray::new(inside, vec![inner], Some(vec![true, true, false].into()));
    let columns: Vec<(&str, ArrayRef, [&str; 3])> = vec![
        (
            "text",
            Arc::new(StringArray::from(vec!["sea", "tide", "boat"])),
            ["\"sea\"", "\"tide\"", "\"boat\""],
        ),
        ("yes", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])), ["true", "false", "null"]),
        ("i8", Arc::new(Int8Array::from(vec![-128, 0, 127])), ["-128", "0", "127"]),
        ("u64", Arc::new(UInt64Array::from(vec![0, 1, u64::MAX])), ["0", "1", "18446744073709551615"]),
        ("f32", Arc::new(Float32Array::from(vec![0.1, f32::NAN, -0.0])), ["0.1", "null", "-0.0"]),
        ("f64", Arc::new(Float64Array::from(vec![0.1, f64::INFINITY, 1e300])), ["0.1", "null", "1e+300"]),
        (
            "decimal",
            Arc::new(Decimal128Array::from(vec![1230, -5, 0]).with_precision_and_scale(9, 2).unwrap()),
            ["12.30", "-0.05", "0.00"],
        ),
        (
            "bytes",
            Arc::new(BinaryArray::from_vec(vec![b"", b"a", b"abcd"])),
            ["\"\"", "\"YQ==\"", "\"YWJjZA==\""],
        ),
        (
            "day",
            Arc::new(Date32Array::from(vec![0, -1, 20_000])),
            ["\"1970-01-01\"", "\"1969-12-31\"", "\"2024-10-04\""],
        ),
        (
            "time",
            Arc::new(TimestampMicrosecondArray::from(vec![0, 1, 1_700_000_000_000_000])),
            ["\"1970-01-01T00:00:00\"", "\"1970-01-01T00:00:00.000001\"", "\"2023-11-14T22:13:20\""],
        ),
        (
            "zoned",
            Arc::new(
                TimestampMillisecondArray::from(vec![Some(0), None, Some(1)]).with_timezone("Europe/Zurich"),
            ),
            ["\"1970-01-01T00:00:00Z\"", "null", "\"1970-01-01T00:00:00.001Z\""],
        ),
        (
            "kind",
            Arc::new(vec![Some("é"), None, Some("é")].into_iter().collect::<DictionaryArray<Int32Type>>()),
            ["\"é\"", "null", "\"é\""],
        ),
        ("list", Arc::new(list.finish()), ["[1, null]", "null", "[]"]),
        ("map", Arc::new(map.finish()), ["{\"k\\\"\": 7}", "null", "{}"]),
        ("in", Arc::new(nested), ["{\"text\": \"sea\"}", "{\"text\": null}", "null"]),
        ("nothing", Arc::new(NullArray::new(3)), ["null", "null", "null"]),
    ];
    let line = |row: usize| {
        let values: Vec<String> =
            columns.iter().map(|(name, _, json)| format!("\"{name}\": {}", json[row])).collect();
        format!("{{{}}}\n", values.join(", "))
    };
    let expected: String = (0..3).map(line).collect();
    let rows = columns.iter().map(|(name, column, _)| (*name, Arc::clone(column), true));
    let batch = RecordBatch::try_from_iter_with_nullable(rows).unwrap();
    write_parquet(&dir, "a.parquet", &batch, WriterProperties::default());
    let mut writer = arrow_ipc::writer::FileWriter::try_new(
        File::create(dir.path("a.arrow")).unwrap(),
        batch.schema_ref(),
    )
    .unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    for name in ["a.parquet", "a.arrow"] {
        let select = "select -q --target target.jsonl -k 3 --min-tokens 0";
        assert_eq!(dir.run(&format!("{select} {name}")).ok(), expected, "{name}");
        // A text within a struct, and rows where it is null.
        let select = "select --target target.jsonl --min-tokens 0 -k 1 --text-field in.text";
        dir.write("target.jsonl", "{\"in\": {\"text\": \"sea\"}}\n");
        dir.run(&format!("{select} {name}"))
            .fails(&[&format!("{name}:2: field `in.text` is not a string: null")]);
        let selected = dir.run(&format!("{select} --invalid skip {name}")).ok();
        assert_eq!(selected, expected.split_inclusive('\n').next().unwrap());
        dir.write("target.jsonl", "{\"text\": \"sea\"}\n");
    }
}

#[test]
fn a_table_that_is_cut_anywhere_is_an_error() {
    let dir = Dir::with_corpus();
    write_parquet(&dir, "a.parquet", &corpus(), properties().build());
    write_arrow(&dir, "a.arrow", &corpus(), true);
    write_arrow(&dir, "a.arrows", &corpus(), false);
    dir.run("fit -o model.json --target target.jsonl raw.jsonl").ok();
    for name in ["a.parquet", "a.arrow", "a.arrows"] {
        let whole = std::fs::read(dir.path(name)).unwrap();
        let last = whole.len() - 1;
        for cut in [16, 64, whole.len() / 3, whole.len() / 2, last - 11, last - 7, last - 3, last] {
            dir.write("cut", &whole[..cut]);
            dir.run("weigh --model model.json -o weights cut").fails(&["cut", "the table cannot be read"]);
        }
    }
}

fn read_parquet(dir: &Dir, name: &str) -> RecordBatch {
    let file = File::open(dir.path(name)).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let schema = Arc::clone(reader.schema());
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    // The schema of a batch has no metadata.
    arrow_select::concat::concat_batches(&batches[0].schema(), &batches).unwrap().with_schema(schema).unwrap()
}

/// The rows of the table at `name` as lines.
fn rows_of(dir: &Dir, name: &str) -> String {
    dir.run(&format!("select -q --target target.jsonl --min-tokens 0 -k 1000 --allow-fewer {name}")).ok()
}

#[test]
fn selected_rows_keep_their_columns_types_and_nulls() {
    let dir = Dir::with_corpus();
    let kinds = (0..40).map(|number| ["a", "b", "c"].get(number % 4).copied());
    let kinds: ArrayRef = Arc::new(kinds.collect::<DictionaryArray<Int32Type>>());
    let mut lists =
        ListBuilder::new(StringBuilder::new()).with_field(Field::new("element", DataType::Utf8, true));
    (0..40).for_each(|number| match number % 3 {
        0 => lists.append_null(),
        1 => lists.append_value(Vec::<Option<&str>>::new()),
        _ => lists.append_value([Some("x"), None]),
    });
    let floats: ArrayRef = Arc::new(Float32Array::from_iter_values((0..40).map(|number| match number {
        7 => f32::NAN,
        8 => -0.0,
        number => number as f32 / 3.0,
    })));
    let batch = corpus();
    let mut fields: Vec<Field> = batch.schema().fields().iter().map(|field| Field::clone(field)).collect();
    let mut columns = batch.columns().to_vec();
    for (name, column) in [("kind", kinds), ("list", Arc::new(lists.finish())), ("score", floats)] {
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    }
    let metadata: std::collections::HashMap<_, _> = [("huggingface".to_owned(), "{}".to_owned())].into();
    let schema = Arc::new(arrow_schema::Schema::new_with_metadata(fields, metadata));
    let batch = RecordBatch::try_new(schema, columns).unwrap();
    write_parquet(&dir, "raw/a.parquet", &batch.slice(0, 15), properties().build());
    write_parquet(&dir, "raw/b.parquet", &batch.slice(15, 25), properties().build());
    write_arrow(&dir, "raw/c.arrow", &batch.slice(0, 15), false);

    let ids = |lines: &str| -> Vec<u32> {
        let id = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["text"].to_string();
        let all = rows_of(&dir, "raw/a.parquet") + &rows_of(&dir, "raw/b.parquet");
        let all: Vec<String> = all.lines().map(id).collect();
        lines.lines().map(|line| all.iter().position(|of| *of == id(line)).unwrap() as u32).collect()
    };
    for options in ["-k 5", "-k 30 --shuffle", "-k 39 --threads 1"] {
        let select = format!("{} {options} raw/a.parquet raw/b.parquet", SELECT.replace("-k 5", ""));
        let selected = ids(&dir.run(&select).ok());
        dir.run(&format!("{select} -o out.parquet")).ok();
        let expected = arrow_select::take::take_record_batch(&batch, &UInt32Array::from(selected)).unwrap();
        let written = read_parquet(&dir, "out.parquet");
        assert_eq!(written.schema(), batch.schema());
        assert_eq!(written.columns(), expected.columns());
        let bytes = std::fs::read(dir.path("out.parquet")).unwrap();
        dir.run(&format!("{select} -o out.parquet")).ok();
        assert!(std::fs::read(dir.path("out.parquet")).unwrap() == bytes, "the same bytes every time");
    }
    // A table for each shard in a folder.
    let select = format!("{SELECT} raw/c.arrow raw/b.parquet");
    dir.run(&format!("{select} -o out/")).ok();
    let names = ["out/c.parquet", "out/b.parquet"];
    assert_eq!(names.map(|name| rows_of(&dir, name)).concat(), dir.run(&select).ok());
    assert_eq!(read_parquet(&dir, "out/b.parquet").schema(), batch.schema());

    // With one column more, which takes the place of one of its name.
    let lines = dir.run(&format!("{SELECT} --annotate raw/b.parquet")).ok();
    dir.run(&format!("{SELECT} --annotate -o out.parquet raw/b.parquet")).ok();
    assert_eq!(rows_of(&dir, "out.parquet"), lines);
    dir.run(&format!("{SELECT} --annotate -o again.parquet out.parquet")).ok();
    assert_eq!(read_parquet(&dir, "again.parquet").num_columns(), 7);
    let mixed = format!("{SELECT} --annotate --mix-in target.jsonl=1 raw/b.parquet");
    dir.run(&format!("{mixed} -o mixed.parquet")).ok();
    dir.run(&format!("{SELECT} --annotate --mix-in raw/a.parquet=3 raw/b.parquet -o mixed.parquet")).ok();
    assert_eq!(read_parquet(&dir, "mixed.parquet").column(6).null_count(), 3);

    // Tables of other columns go into a folder, or become lines.
    write_parquet(&dir, "raw/d.parquet", &corpus(), properties().build());
    let both = format!("{SELECT} raw/d.parquet raw/a.parquet");
    let ran = dir.run(&format!("{both} -o out.parquet"));
    let message = ran.fails(&["raw/a.parquet", "`kind` of the type Dictionary", "-o DIR/"]);
    assert!(!message.contains("resumes"), "it is found out before the work: {message}");
    dir.run(&format!("{both} -o out2/")).ok();
    dir.run(&both).ok();
}

#[test]
fn lines_become_a_table_that_holds_all_of_them() {
    let dir = Dir::with_corpus();
    let lines = "{\"id\": 1, \"text\": \"sea\", \"meta\": {\"a\": [1, 2.5, null]}}\n\
                 {\"text\": \"tide \\ud83d\\ude00\\n\", \"id\": -7, \"meta\": null, \"more\": true}\n\
                 {\"id\": null, \"text\": \"boat\", \"meta\": {\"b\": \"\", \"a\": []}, \"any\": [1]}\n\
                 {\"text\": \"sea\", \"text\": \"last\", \"any\": {\"x\": 1e400}}\n";
    dir.write("raw.jsonl", lines);
    let expected = [
        "{\"id\": 1, \"text\": \"sea\", \"meta\": {\"a\": [1.0, 2.5, null], \"b\": null}, \"more\": null, \"any\": null}",
        "{\"id\": -7, \"text\": \"tide \u{1F600}\\n\", \"meta\": null, \"more\": true, \"any\": null}",
        "{\"id\": null, \"text\": \"boat\", \"meta\": {\"a\": [], \"b\": \"\"}, \"more\": null, \"any\": \"[1]\"}",
        "{\"id\": null, \"text\": \"last\", \"meta\": null, \"more\": null, \"any\": \"{\\\"x\\\": 1e400}\"}",
    ];
    let select = "select -q --target target.jsonl --min-tokens 0 -k 4";
    dir.run(&format!("{select} -o out.parquet raw.jsonl")).ok();
    assert_eq!(rows_of(&dir, "out.parquet").lines().collect::<Vec<_>>(), expected);
    dir.write("raw.csv", "id,text\n1,sea\n2,\"the\ntide\"\n");
    dir.run("select -q --target target.jsonl --min-tokens 0 -k 2 -o csv.parquet raw.csv").ok();
    assert_eq!(
        rows_of(&dir, "csv.parquet"),
        "{\"id\": \"1\", \"text\": \"sea\"}\n{\"id\": \"2\", \"text\": \"the\\ntide\"}\n"
    );
    // Into a folder, under a name that says what is in it.
    dir.run("select -q --target target.jsonl --min-tokens 0 -k 2 -o folder/ raw.csv").ok();
    assert_eq!(dir.read("folder/raw.jsonl"), rows_of(&dir, "csv.parquet"));
    // Nothing half-written where Parquet has no place for a record.
    dir.run(&format!("{select} --summary summary.parquet raw.jsonl")).misused(&["parquet"]);
}

#[test]
fn what_no_text_can_be_made_of_and_what_is_guessed_is_said() {
    let dir = Dir::with_corpus();
    let bytes: ArrayRef = Arc::new(BinaryArray::from_vec(vec![b"sea", b"tide"]));
    write_parquet(
        &dir,
        "bytes.parquet",
        &RecordBatch::try_from_iter([("text", bytes)]).unwrap(),
        properties().build(),
    );
    dir.run(&format!("{SELECT} bytes.parquet")).fails(&["bytes.parquet:1", "`text` is not a string: bytes"]);
    dir.write("empty.parquet", "");
    dir.run(&format!("{SELECT} raw.jsonl empty.parquet")).fails(&["empty.parquet", "the file is empty"]);
    write_parquet(&dir, "a.parquet", &corpus(), properties().build());
    let ran = dir.run(&format!("{SELECT} -o out.parquet raw.jsonl a.parquet"));
    ran.warns(&["a.parquet is a table and raw.jsonl is not", "-o DIR/"]);
    // Behind the end of a stream there is nothing.
    write_arrow(&dir, "a.arrow", &corpus(), false);
    let mut two = std::fs::read(dir.path("a.arrow")).unwrap();
    two.extend_from_within(..);
    dir.write("two.arrow", two);
    dir.run(&format!("{SELECT} two.arrow")).fails(&["two.arrow", "behind its end"]);
    for name in ["out.arrow", "out.feather", "out.parquet.gz", "out.csv"] {
        dir.run(&format!("{SELECT} -o {name} raw.jsonl")).misused(&["Parquet if it ends in .parquet"]);
    }
}

#[test]
fn times_that_parquet_has_not_become_those_that_it_has() {
    let dir = Dir::with_corpus();
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["sea", "tide"]));
    let seconds: ArrayRef = Arc::new(TimestampSecondArray::from(vec![1, 1_700_000_000]).with_timezone("UTC"));
    let days: ArrayRef = Arc::new(Date64Array::from(vec![0, 86_400_000]));
    let batch = RecordBatch::try_from_iter([("text", texts), ("at", seconds), ("day", days)]).unwrap();
    write_arrow_once(&dir, "a.arrow", &batch);
    dir.run("select -q --target target.jsonl --min-tokens 1 -k 2 -o out.parquet a.arrow").ok();
    let written = read_parquet(&dir, "out.parquet");
    let unit = arrow_schema::TimeUnit::Millisecond;
    assert_eq!(*written.column(1).data_type(), DataType::Timestamp(unit, Some("UTC".into())));
    assert_eq!(*written.column(2).data_type(), DataType::Date64);
    assert_eq!(rows_of(&dir, "out.parquet"), rows_of(&dir, "a.arrow"));
}

fn write_arrow_once(dir: &Dir, name: &str, batch: &RecordBatch) {
    let file = File::create(dir.path(name)).unwrap();
    let mut writer = arrow_ipc::writer::FileWriter::try_new(file, batch.schema_ref()).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
}

#[test]
fn a_column_beside_the_shards_has_scores() {
    let dir = Dir::with_corpus();
    let texts = corpus().column(1).clone();
    let scores: ArrayRef =
        Arc::new(Float32Array::from_iter_values((0..40).map(|number| (number * 7 % 40) as f32)));
    let batch = RecordBatch::try_from_iter([("text", texts), ("score", Arc::clone(&scores))]).unwrap();
    write_parquet(&dir, "raw.parquet", &batch, properties().build());
    let only = RecordBatch::try_from_iter([("quality", scores)]).unwrap();
    write_parquet(&dir, "scores.parquet", &only, properties().build());
    write_parquet(&dir, "scores/raw.parquet", &only, properties().build());
    let draw = "resample -q --min-tokens 1 -k 6";
    let expected = dir.run(&format!("{draw} --score-field score raw.parquet")).ok();
    assert_eq!(expected.lines().count(), 6);
    for scores in ["scores.parquet:quality", "scores:quality"] {
        assert_eq!(dir.run(&format!("{draw} --scores {scores} raw.parquet")).ok(), expected, "{scores}");
    }
    write_parquet(&dir, "nulls.parquet", &corpus(), properties().build());
    dir.run(&format!("{draw} --scores nulls.parquet:n raw.parquet")).fails(&["nulls.parquet", "record 0"]);
}

#[test]
fn log_weights_are_written_as_columns_that_draw_what_the_weights_draw() {
    let dir = Dir::new();
    dir.write("raw/a.jsonl", lines());
    dir.write("target.jsonl", "{\"text\": \"the sea and the tide\"}\n");
    dir.run("fit -q --target target.jsonl -o model.json raw").ok();
    dir.run("weigh -q --model model.json --sidecar parquet -o weights raw").ok();
    let columns = read_parquet(&dir, "weights/a.parquet");
    let names: Vec<_> = columns.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["log_weight", "tokens"]);
    assert_eq!(columns.num_rows(), lines().lines().count());
    let draw = "resample -q --min-tokens 0 -k 3 --method topk";
    let expected = dir.run(&format!("{draw} --weights weights raw")).ok();
    assert_eq!(dir.run(&format!("{draw} --scores weights:log_weight --log-scores raw")).ok(), expected);
}

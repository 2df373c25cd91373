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
    let parts = [batch.slice(0, 11), batch.slice(11, 0), batch.slice(11, batch.num_rows() - 11)];
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
            dir.run("weigh --model model.json -o weights cut").fails(&["cut", "damaged"]);
        }
    }
}

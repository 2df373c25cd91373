"""Parquet and Arrow files, as the libraries that people write them with leave them and read them again."""

import datetime
import decimal
import json

import datasets
import duckdb
import polars
import pyarrow
import pyarrow.feather
import pyarrow.parquet
import pytest

import dsir

NO_TEXT = "nothing to see here"
SEA = "the boats went out to sea with the tide"


def rows(count=120):
    def row(number):
        return {
            "id": number,
            "text": f"{SEA} {number}" if number % 4 == 0 else f"{NO_TEXT} {number * 7919}",
            "score": None if number % 5 == 0 else number / 7,
            "meta": None if number % 6 == 0 else {"url": f"https://e.org/{number}", "tags": ["a", None][: number % 3]},
            "tokens": [number, number + 1] if number % 2 else [],
            "day": datetime.date(2024, 1, 1) + datetime.timedelta(days=number),
            "at": datetime.datetime(2024, 1, 1, 12, 0, 0, number, tzinfo=datetime.timezone.utc),
            "price": decimal.Decimal(number) / 4,
            "bytes": bytes([number]),
            "yes": bool(number % 2) if number % 7 else None,
        }

    return [row(number) for number in range(count)]


def table():
    made = pyarrow.Table.from_pylist(rows())
    kinds = pyarrow.array([["book", "web", None][number % 3] for number in range(len(made))])
    large = made["text"].cast(pyarrow.large_string())
    string_to_number = pyarrow.map_(pyarrow.string(), pyarrow.int32())
    pairs = pyarrow.array([[("k", number)] for number in range(len(made))], string_to_number)
    columns = {"kind": kinds.dictionary_encode(), "again": large, "pairs": pairs, "none": pyarrow.nulls(len(made))}
    for name, column in columns.items():
        made = made.append_column(name, column)
    return made.replace_schema_metadata({"made by": "a test"})


def same(a, b):
    """Whether two tables hold the same values; the codes of a dictionary are nobody's business."""
    assert a["kind"].to_pylist() == b["kind"].to_pylist()
    return a.drop_columns("kind").equals(b.drop_columns("kind"))


def select(raw, out, **options):
    return dsir.select(raw, [SEA], k=20, min_tokens=1, out=out, seed=3, **options)


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "brotli", "lz4", "zstd"])
@pytest.mark.parametrize(
    "options",
    [
        {"row_group_size": 17},
        {"data_page_version": "2.0", "write_page_index": True, "data_page_size": 100},
        {"use_dictionary": False, "store_schema": False, "row_group_size": 50},
    ],
)
def test_rows_go_through_parquet_unchanged(tmp_path, codec, options):
    whole = table()
    pyarrow.parquet.write_table(whole, tmp_path / "raw.parquet", compression=codec, **options)
    written = pyarrow.parquet.read_table(tmp_path / "raw.parquet")
    select(tmp_path / "raw.parquet", tmp_path / "out.parquet")
    selected = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert selected.schema.equals(written.schema, check_metadata=True)
    ids = selected["id"].to_pylist()
    assert same(selected, written.take(ids))
    assert len(ids) == 20

    # The same rows as from lines, and as lines.
    select(tmp_path / "raw.parquet", tmp_path / "out.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ids
    select(tmp_path / "out.jsonl", tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_text() == (tmp_path / "out.jsonl").read_text()


def test_what_is_written_is_an_optimized_parquet_file(tmp_path):
    pyarrow.parquet.write_table(table(), tmp_path / "raw.parquet")
    select(tmp_path / "raw.parquet", tmp_path / "out.parquet")
    written = pyarrow.parquet.ParquetFile(tmp_path / "out.parquet").metadata
    column = written.row_group(0).column(0)
    assert column.compression == "ZSTD"
    assert column.has_offset_index and column.has_column_index


def test_feather_and_arrow_files(tmp_path):
    whole = table()
    pyarrow.feather.write_feather(whole, tmp_path / "a.feather", compression="lz4", chunksize=50)
    with pyarrow.ipc.new_stream(tmp_path / "b.arrow", whole.schema) as stream:
        stream.write_table(whole, max_chunksize=9)
    for name in ["a.feather", "b.arrow"]:
        select(tmp_path / name, tmp_path / "out.parquet")
        selected = pyarrow.parquet.read_table(tmp_path / "out.parquet")
        assert same(selected, whole.take(selected["id"].to_pylist())), name


def test_polars(tmp_path):
    frame = polars.from_arrow(table().drop_columns(["pairs", "none"]))
    frame.write_parquet(tmp_path / "raw.parquet", row_group_size=30)
    frame.write_ipc(tmp_path / "raw.arrow", compression="zstd")
    expected = polars.read_parquet(tmp_path / "raw.parquet")
    for name in ["raw.parquet", "raw.arrow"]:
        select(tmp_path / name, tmp_path / "out.parquet")
        selected = polars.read_parquet(tmp_path / "out.parquet")
        assert selected.schema == expected.schema
        assert selected.equals(expected[selected["id"].to_list()])


def test_hugging_face_datasets(tmp_path):
    features = datasets.Features(
        {
            "id": datasets.Value("int64"),
            "text": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["no", "yes"]),
            "vector": datasets.Array2D((2, 2), "float32"),
            "words": datasets.List({"word": datasets.Value("string"), "at": datasets.Value("int32")}),
        }
    )
    texts = [row["text"] for row in rows()]
    made = {
        "id": list(range(len(texts))),
        "text": texts,
        "label": [number % 2 for number in range(len(texts))],
        "vector": [[[number, 0], [0, 1]] for number in range(len(texts))],
        "words": [[{"word": word, "at": at} for at, word in enumerate(text.split())] for text in texts],
    }
    whole = datasets.Dataset.from_dict(made, features=features)
    whole.to_parquet(tmp_path / "raw.parquet")
    whole.save_to_disk(tmp_path / "saved")
    for raw in [tmp_path / "raw.parquet", f"{tmp_path}/saved/data-00000-of-00001.arrow"]:
        select(raw, tmp_path / "out.parquet")
        selected = datasets.Dataset.from_parquet(str(tmp_path / "out.parquet"), cache_dir=str(tmp_path / "cache"))
        assert selected.features == features
        assert selected.to_list() == whole.select(selected["id"]).to_list()
        (tmp_path / "out.parquet").unlink()


def test_lines_become_a_table(tmp_path):
    lines = [
        {"text": f"{SEA} 1", "n": 1, "deep": {"list": [{"a": 1}, {"b": None}]}},
        {"text": f"{SEA} 2", "n": 2.5, "odd": "one"},
        {"text": f"{SEA} 3", "n": None, "odd": 7},
    ]
    (tmp_path / "raw.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    dsir.select(tmp_path / "raw.jsonl", [SEA], k=3, min_tokens=1, out=tmp_path / "out.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pylist() == [
        {"text": f"{SEA} 1", "n": 1.0, "deep": {"list": [{"a": 1, "b": None}, {"a": None, "b": None}]}, "odd": None},
        {"text": f"{SEA} 2", "n": 2.5, "deep": None, "odd": '"one"'},
        {"text": f"{SEA} 3", "n": None, "deep": None, "odd": "7"},
    ]
    query = f"select count(*), sum(n) from '{tmp_path}/out.parquet'"
    assert duckdb.sql(query).fetchall() == [(3, 3.5)]


def test_log_weights_are_a_column(tmp_path):
    pyarrow.parquet.write_table(table(), tmp_path / "raw.parquet")
    select(tmp_path / "raw.parquet", tmp_path / "out.parquet", annotate=True)
    one = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert one.schema.field("log_weight").type == pyarrow.float64()
    dsir.select(
        tmp_path / "raw.parquet",
        {"sea": [SEA], "nothing": [NO_TEXT]},
        k=20,
        min_tokens=1,
        out=tmp_path / "two.parquet",
        annotate=True,
    )
    two = pyarrow.parquet.read_table(tmp_path / "two.parquet")
    assert two.schema.field("log_weight").type == pyarrow.list_(pyarrow.float64(), 2)

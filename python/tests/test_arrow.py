"""Arrow data of any library: columns and tables, without a copy, and what is not a column of texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import made_texts

import dsir

pytestmark = pytest.mark.filterwarnings("ignore::dsir.DsirWarning")

pa = pytest.importorskip("pyarrow")
TEXTS = made_texts(500)


@pytest.fixture(scope="module")
def model() -> dsir.Model:
    return dsir.fit(TEXTS, TEXTS[:20])


@pytest.fixture(scope="module")
def expected(model: dsir.Model) -> np.ndarray[Any, Any]:
    return model.log_weights(TEXTS)


COLUMNS = {
    "string": lambda: pa.array(TEXTS),
    "large_string": lambda: pa.array(TEXTS, pa.large_string()),
    "string_view": lambda: pa.array(TEXTS, pa.string_view()),
    "chunks": lambda: pa.chunked_array([TEXTS[:1], [], TEXTS[1:300], TEXTS[300:]]),
    "slice": lambda: pa.array(["before", *TEXTS, "after"]).slice(1, len(TEXTS)),
    "dictionary": lambda: pa.array(TEXTS).dictionary_encode(),
    "chunks of dictionaries": lambda: pa.chunked_array([TEXTS[:99], TEXTS[99:]]).dictionary_encode(),
    "table": lambda: pa.table({"id": range(len(TEXTS)), "text": TEXTS}),
    "record batch": lambda: pa.record_batch({"text": TEXTS}),
    "reader": lambda: pa.table({"text": TEXTS}).to_reader(max_chunksize=64),
    "numpy": lambda: np.array(TEXTS),
    "numpy objects": lambda: np.array(TEXTS, dtype=object),
}


@pytest.mark.parametrize("column", COLUMNS)
def test_columns(column: str, model: dsir.Model, expected: np.ndarray[Any, Any]) -> None:
    assert np.array_equal(model.log_weights(COLUMNS[column]()), expected)
    assert dsir.fit(COLUMNS[column](), COLUMNS[column]()).raw_documents == len(TEXTS)


def test_other_libraries(model: dsir.Model, expected: np.ndarray[Any, Any]) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"body": TEXTS})
    assert np.array_equal(model.log_weights(frame["body"]), expected)
    assert np.array_equal(model.log_weights(frame, text_field="body"), expected)

    pandas = pytest.importorskip("pandas")
    pandas_frame = pandas.DataFrame({"body": TEXTS})
    assert np.array_equal(model.log_weights(pandas_frame["body"]), expected)
    assert np.array_equal(model.log_weights(pandas_frame["body"].astype(object)), expected)
    assert np.array_equal(model.log_weights(pandas_frame["body"].astype("category")), expected)
    assert np.array_equal(model.log_weights(pandas_frame, text_field="body"), expected)

    duckdb = pytest.importorskip("duckdb")
    assert np.array_equal(model.log_weights(duckdb.sql("select body from frame"), text_field="body"), expected)

    datasets = pytest.importorskip("datasets")
    data_set = datasets.Dataset.from_dict({"body": TEXTS})
    assert np.array_equal(model.log_weights(data_set["body"]), expected)
    assert np.array_equal(model.log_weights(data_set, text_field="body"), expected)
    backwards = data_set.select(range(len(TEXTS) - 1, -1, -1))
    assert np.array_equal(model.log_weights(backwards["body"]), expected[::-1])


def test_data_frames_are_not_taken_for_the_names_of_their_columns(model: dsir.Model) -> None:
    pandas = pytest.importorskip("pandas")
    # A column that Arrow cannot hold is nobody's business.
    mixed = pandas.DataFrame({"text": ["a", "b", "c"], "other": [1, "y", None]})
    assert model.log_weights(mixed).shape == (3,)
    for texts in [pandas.Series(["a", 1], dtype=object), pandas.DataFrame({"text": ["a", 1], "b": [0, 0]})]:
        with pytest.raises(dsir.Error, match="text 1: it is a int"):
            model.log_weights(texts)
    with pytest.raises(dsir.Error, match=r"text 1: it is (null|a NoneType)"):
        model.log_weights(pandas.Series(["a", None], dtype=object))


def test_selecting_from_a_column(expected: np.ndarray[Any, Any]) -> None:
    of_list = dsir.select(TEXTS, TEXTS[:20], k=50, min_tokens=1)
    of_column = dsir.select(pa.array(TEXTS), pa.array(TEXTS[:20]), k=50, min_tokens=1)
    assert of_list.indices.tolist() == of_column.indices.tolist()


def test_integers(model: dsir.Model) -> None:
    lists = [[1, 2, 3], [], [7]]
    of_ids = dsir.fit(lists, lists, tokenizer="ids")  # type: ignore[arg-type]
    for kind in [pa.list_(pa.int32()), pa.large_list(pa.uint16()), pa.list_(pa.int64())]:
        assert of_ids.tokens(pa.array(lists, kind)).tolist() == [3, 0, 1]
    with pytest.raises(dsir.Error, match="text 1: a null among its integers"):
        of_ids.tokens(pa.array([[1], [None]]))
    with pytest.raises(TypeError, match="lists of integers"):
        of_ids.tokens(pa.array(["1 2"]))


def test_what_is_no_column_of_texts(model: dsir.Model) -> None:
    with pytest.raises(dsir.Error, match="text 2: it is null") as null:
        model.log_weights(pa.array(["a", "b", None]))
    assert null.value.kind == "invalid_record"
    with pytest.raises(dsir.Error, match="text 1: it is null"):
        model.log_weights(pa.array(["a", None]).dictionary_encode())
    hidden = pa.StructArray.from_arrays([pa.array(["a", "b"])], ["text"], mask=pa.array([False, True]))
    with pytest.raises(dsir.Error, match="text 1: it is null"):
        model.log_weights(hidden)
    with pytest.raises(TypeError, match="not of the Arrow type Int64"):
        model.log_weights(pa.array([1, 2]))
    with pytest.raises(TypeError, match="no column `text` in the table, which has body"):
        model.log_weights(pa.table({"body": ["a"]}))
    with pytest.raises(TypeError, match="not of the Arrow type Binary"):
        model.log_weights(pa.array([b"a"]))
    # Offsets and UTF-8 that are not what they claim to be.
    of_two = [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")]
    with pytest.raises(dsir.Error, match="text 0: it is not UTF-8"):
        model.log_weights(pa.Array.from_buffers(pa.string(), 1, of_two))
    beyond = [None, pa.py_buffer(b"\0\0\0\0\x09\0\0\0\2\0\0\0"), pa.py_buffer(b"ab")]
    with pytest.raises(dsir.Error, match="out of bounds: 9 > 2"):
        model.log_weights(pa.Array.from_buffers(pa.string(), 2, beyond))


def test_an_error_while_texts_that_python_owns_are_worked_on(model: dsir.Model) -> None:
    """Their buffers need the interpreter's lock to go."""

    def batches() -> Any:
        text = ("the sea and the tide " * 250_000).encode()
        offsets = pa.py_buffer(np.array([0, len(text)], np.int32).tobytes())
        yield pa.record_batch([pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(text)])], ["text"])
        raise ValueError("no more")

    schema = pa.schema([("text", pa.string())])
    for _ in range(5):
        with pytest.raises(dsir.Error, match="no more"):
            model.log_weights(pa.RecordBatchReader.from_batches(schema, batches()))


def test_an_array_that_was_taken(model: dsir.Model) -> None:
    class Once:
        def __init__(self) -> None:
            self.capsules = pa.array(["a"]).__arrow_c_array__()

        def __arrow_c_array__(self, requested_schema: object = None) -> Any:
            return self.capsules

    once = Once()
    assert model.log_weights(once).shape == (1,)
    with pytest.raises(TypeError, match="taken before"):
        model.log_weights(once)


def test_a_stream_that_fails_or_was_read(model: dsir.Model) -> None:
    def batches() -> Any:
        yield pa.record_batch({"text": ["a"]})
        raise RuntimeError("the source has gone")

    schema = pa.schema([("text", pa.string())])
    with pytest.raises(dsir.Error, match="the source has gone"):
        model.log_weights(pa.RecordBatchReader.from_batches(schema, batches()))
    reader = pa.table({"text": ["a"]}).to_reader()
    assert model.log_weights(reader).shape == (1,)
    assert model.log_weights(reader).shape == (0,)

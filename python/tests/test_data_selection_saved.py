"""dsir.data_selection: save and load."""

import json
import pickle
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from dsir.data_selection import DSIR, HashedNgramDSIR, word_tokenize, wpt

RAW = ['{"text": "a b"}\n{"text": "b"}\n', '{"text": "c"}\n']


def contents(ex):
    return ex["text"]


@pytest.fixture
def fitted(tmp_path):
    paths = []
    for i, content in enumerate([*RAW, '{"text": "a"}\n']):
        paths.append(str(tmp_path / f"{i}.jsonl"))
        Path(paths[-1]).write_text(content)
    options = {"ngrams": 3, "num_buckets": 50, "min_example_length": 0, "num_proc": 1}
    dsir = HashedNgramDSIR(paths[:2], paths[2:], tmp_path / "cache", **options)
    dsir.fit_importance_estimator()
    return dsir


@pytest.fixture
def other(tmp_path):
    return HashedNgramDSIR([], [], tmp_path / "other")


@pytest.fixture(autouse=True)
def warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_all_attributes_return(fitted, other, tmp_path):
    fitted.save(tmp_path / "made" / "dsir.pkl")
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["dsir.pkl"]
    other.load(str(tmp_path / "made" / "dsir.pkl"))
    assert vars(other).keys() == vars(fitted).keys()
    for name, value in vars(fitted).items():
        if isinstance(value, np.ndarray):
            assert other.__dict__[name].dtype == value.dtype
            assert (other.__dict__[name] == value).all()
        else:
            assert other.__dict__[name] == value
            assert type(other.__dict__[name]) is type(value)
    other.compute_importance_weights()
    other.resample(tmp_path / "out", 3)


def test_excluded_attributes_stay(fitted, other, tmp_path):
    cache_dir = other.cache_dir
    fitted.save(tmp_path / "saved")
    other.load(tmp_path / "saved", exclude_keys=["raw_datasets", "cache_dir", "log_diff", "not there"])
    assert other.raw_datasets == [] and other.cache_dir == cache_dir and other.log_diff is None
    assert other.target_datasets == fitted.target_datasets and other.ngrams == 3


def test_what_is_not_fitted_can_be_saved(other, tmp_path):
    other.save(tmp_path / "saved")
    other.ngrams = 7
    other.load(tmp_path / "saved")
    assert other.ngrams == 2 and other.raw_probs is None


def test_functions_stay_those_of_the_object(fitted, other, tmp_path):
    fitted.raw_parse_example_fn = contents
    fitted.target_parse_example_fn = None
    fitted.save(tmp_path / "saved")
    default = other.raw_parse_example_fn
    with pytest.warns(UserWarning) as caught:
        other.load(tmp_path / "saved")
    messages = sorted(str(warning.message) for warning in caught)
    assert len(messages) == 2
    assert f"raw_parse_example_fn = {__name__}.contents, but this object has dsir." in messages[0]
    assert "target_parse_example_fn = None, but" in messages[1]
    assert other.raw_parse_example_fn is other.target_parse_example_fn is default
    other.raw_parse_example_fn = contents
    other.load(tmp_path / "saved", exclude_keys=["target_parse_example_fn"])  # no warning
    assert other.raw_parse_example_fn is contents


def test_the_tokenizer_returns_by_its_name(fitted, other, tmp_path):
    fitted.tokenizer = word_tokenize
    fitted.save(tmp_path / "saved")
    other.load(tmp_path / "saved")
    assert other.tokenizer is word_tokenize
    other.load(tmp_path / "saved", exclude_keys=["tokenizer"])
    other.tokenizer = wpt.tokenize
    other.save(tmp_path / "saved")
    fitted.load(tmp_path / "saved")
    assert fitted.tokenizer == wpt.tokenize
    fitted.tokenizer = contents  # some other function
    fitted.save(tmp_path / "saved")
    with pytest.warns(UserWarning, match=r"tokenizer = .*contents, but this object has Pattern.findall"):
        other.load(tmp_path / "saved")
    assert other.tokenizer == wpt.tokenize


class Own(DSIR):
    """A subclass with attributes of many kinds."""

    def __init__(self, cache_dir, **attributes):
        super().__init__([], [], cache_dir)
        self.__dict__.update(attributes)


def test_attributes_of_a_subclass(tmp_path):
    plain = {
        "count": 3,
        "rate": 0.1,
        "nothing": None,
        "names": ["é", Path("a")],
        "pair": (1, (True, -0.5)),
        "array": np.arange(6, dtype=np.int8).reshape(2, 3),
        "file": np.array(["x", "yz"]),
    }
    Own(tmp_path / "cache", **plain).save(tmp_path / "saved")
    loaded = Own(tmp_path / "cache")
    loaded.load(tmp_path / "saved")
    for name in ("array", "file"):
        assert getattr(loaded, name).tolist() == plain[name].tolist()
        assert getattr(loaded, name).dtype == plain[name].dtype
    for name in ("count", "rate", "nothing", "names", "pair"):
        assert getattr(loaded, name) == plain[name]

    Own(tmp_path / "cache", scale=np.float32(0.5), big=np.int64(7)).save(tmp_path / "saved")
    loaded.load(tmp_path / "saved")
    assert loaded.scale == 0.5 and loaded.big == 7

    class Model:
        def __call__(self):
            pass

    unusual = {"model": Model(), "table": {"a": 1}, "objects": np.array([None]), "kinds": {1}}
    with pytest.warns(UserWarning, match=r"save\(\) leaves out model, table, objects, kinds: it stores"):
        Own(tmp_path / "cache", fine=1, **unusual).save(tmp_path / "saved")
    loaded.load(tmp_path / "saved")
    assert loaded.fine == 1 and not hasattr(loaded, "model")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_are_not_loaded(other, tmp_path, protocol):
    with open(tmp_path / "dsir.pkl", "wb") as file:
        pickle.dump(Own(tmp_path / "cache"), file, protocol=protocol)
    before = dict(vars(other))
    with pytest.raises(ValueError, match=r"is a pickle\..*a pickle can run any code: fit again, or save"):
        other.load(tmp_path / "dsir.pkl")
    assert vars(other) == before


def test_another_version(fitted, other, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(HashedNgramDSIR, "__version__", "1.0.2")
        fitted.save(tmp_path / "saved")
    with pytest.raises(ValueError, match=r"Version mismatch: 1\.0\.2 != 1\.0\.3"):
        other.load(tmp_path / "saved")


def write(path, header, **arrays):
    with open(path, "wb") as file:
        np.savez(file, header=np.array(header if isinstance(header, str) else json.dumps(header)), **arrays)


def test_damaged_files(fitted, other, tmp_path):
    path = tmp_path / "saved"
    fitted.save(path)
    whole = path.read_bytes()
    before = dict(vars(other))
    damaged = [b"", b"PK", b"PK\x03\x04", b"text", whole[:100], whole[:-1], whole[: len(whole) // 2]]
    # One byte in the middle of the arrays: the archive has checksums.
    at = whole.index(b"array.log_diff.npy") + 300
    damaged.append(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"saved is damaged, or was not written by"):
            other.load(path)
    with pytest.raises(FileNotFoundError):
        other.load(tmp_path / "missing")
    assert vars(other) == before


def test_malformed_files(other, tmp_path):
    path = tmp_path / "saved"
    good = {"format": 1, "version": "1.0.3", "values": {}, "functions": {}}
    write(path, good)
    other.load(path)
    before = dict(vars(other))
    for header in (
        "",
        "[]",
        "{",
        "{}",
        {**good, "format": 2},
        {**good, "values": {"__class__": 1}},
        {**good, "values": {"a b": 1}},
        {**good, "values": {"x": {"path": 1}}},
        {**good, "values": {"x": {}}},
        {**good, "functions": {"tokenizer": 1}},
        {**good, "values": []},
        {**good, "values": {"ngrams": "2"}},
        {**good, "values": {"num_proc": True}},
        {**good, "values": {"num_proc": 3, "raw_datasets": "raw.jsonl"}},
        {**good, "values": {"log_diff": [1]}},
        {**good, "values": {"cache_dir": "cache"}},
        {**good, "values": {"resample": 1}},
    ):
        write(path, header)
        with pytest.raises(ValueError, match="saved"):
            other.load(path)
    for entry in ("unknown", "array.num_proc", "array.__dict__", "array.resample"):
        write(path, good, **{entry: np.zeros(1)})
        with pytest.raises(ValueError, match="saved"):
            other.load(path)
    with open(path, "wb") as file:
        np.savez(file, header=np.array(json.dumps(good)), **{"array.x": np.array([other.__class__])})
    with pytest.raises(ValueError, match="allow_pickle"):
        other.load(path)
    shape = b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999,), }"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.npy", b"\x93NUMPY\x01\x00v\x00" + shape.ljust(117) + b"\n")
    with pytest.raises(ValueError, match="saved"):
        other.load(path)
    assert vars(other) == before


def test_a_log_diff_for_other_buckets(fitted):
    fitted.num_buckets = 51
    with pytest.raises(ValueError, match=r"log_diff of shape \(50,\) is not for 51 buckets"):
        fitted.compute_importance_weights()

"""dsir.data_selection against the package data-selection 1.0.3 on random texts and settings.

Needs data_selection and nltk. The last test also needs the source distribution of data-selection, unpacked or
as a .tar.gz, at the path in the environment variable DSIR_DATA_SELECTION_SDIST.
"""

import json
import os
import random
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

published = pytest.importorskip("data_selection", reason="the published data-selection is not installed")
nltk = pytest.importorskip("nltk", reason="nltk is not installed")

import data_selection.base  # noqa: E402
import data_selection.hashed_ngram_dsir  # noqa: E402

from dsir import _dsir  # noqa: E402
from dsir import data_selection as ours  # noqa: E402

TEXT = """
the The cat don't can't U.S. Dr. 3.14 1,000 e-mail -- ... (see p.12) "quoted" gonna wanna straße STRASSE ÉTÉ
naïve Москва ΟΔΟΣ हिन्दी مرحبا שלום 日本語 テスト。 한국어 สวัสดี İstanbul ǅ ﬁne ½ x² a_b 😀 !!? $5 #tag @you
http://a.b/c?d=e&f <b> &amp;
"""
WORDS = TEXT.split() + [
    "e\u0301",
    "👩\u200d💻",
    "\u00a0",
    "\u200b",
    "\t",
    "\n",
    "\r\n",
    "\x0b",
    "\x1c",
    "\u2028",
]


@pytest.fixture(scope="session", autouse=True)
def sentence_model(tmp_path_factory):
    """A small sentence model where NLTK and the extension module look for theirs."""
    root = tmp_path_factory.mktemp("nltk_data")
    folder = root / "tokenizers" / "punkt_tab" / "english"
    folder.mkdir(parents=True)
    for name, lines in [
        ("abbrev_types.txt", ["dr", "u.s", "p"]),
        ("collocations.tab", ["##number##\tcat"]),
        ("sent_starters.txt", ["the"]),
        ("ortho_context.tab", ["cat\t46", "москва\t2", "the\t110"]),
    ]:
        (folder / name).write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NLTK_DATA", str(root))
        patch.setattr(nltk.data, "path", [str(root)])
        yield


@pytest.fixture(autouse=True)
def no_processes(monkeypatch):
    """Processes take seconds to start, and what they do is the same."""
    for module in (data_selection.base, data_selection.hashed_ngram_dsir, ours.base, ours.hashed_ngram_dsir):
        monkeypatch.setattr(module, "parallelize", lambda fn, args, num_proc: [fn(arg) for arg in args])


def random_text(rng):
    return " ".join(rng.choices(WORDS, k=rng.choice([0, 1, 2, 3, 10, 60])))


class Case:
    """Random datasets on disk, and random settings for both packages."""

    def __init__(self, seed, folder):
        self.rng = rng = random.Random(seed)
        self.folder = folder
        self.field = rng.choice(["text", "contents"])
        self.raw = [self.dataset(f"raw{i}", rng.randint(1, 40)) for i in range(rng.randint(1, 3))]
        self.target = [self.dataset(f"target{i}", rng.randint(1, 8)) for i in range(rng.randint(1, 3))]
        separate = rng.random() < 0.5
        proportions = [rng.randint(1, 9) for _ in self.target] if rng.random() < 0.5 else None
        self.options = {
            "num_proc": rng.randint(1, 7),
            "ngrams": rng.randint(1, 4),
            "num_buckets": rng.choice([1, 7, 100, 10000, 65537]),
            "tokenizer": rng.choice(["wordpunct", "word_tokenize"]),
            "min_example_length": rng.choice([0, 3, 20]),
            "separate_targets": separate,
            "target_proportions": proportions,
        }
        for kind in ("raw", "target"):
            how = rng.choice(["default", "list", "generator", "texts"])
            if how == "texts":
                self.options[f"{kind}_load_dataset_fn"] = self.texts
                self.options[f"{kind}_parse_example_fn"] = None
            else:
                if how != "default":
                    self.options[f"{kind}_load_dataset_fn"] = self.list if how == "list" else self.generator
                if self.field != "text" or rng.random() < 0.2:
                    self.options[f"{kind}_parse_example_fn"] = self.parse
        self.tokens = rng.choice(["auto", "all", 0, 1, 10, 100, 1000])

    def dataset(self, name, size):
        examples = [{self.field: random_text(self.rng), "id": i} for i in range(size)]
        examples.append({self.field: "never empty", "id": size})
        path = self.folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(ex) + "\n" for ex in examples), encoding="utf-8")
        return str(path)

    def generator(self, path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)

    def list(self, path):
        return list(self.generator(path))

    def texts(self, path):
        return (ex[self.field] for ex in self.generator(path))

    def parse(self, ex):
        return ex[self.field]

    def make(self, package, cls="HashedNgramDSIR", cache=None, **options):
        cls = getattr(package, cls) if isinstance(cls, str) else cls
        cache = self.folder / (cache or package.__name__)
        return cls(self.raw, self.target, str(cache), **{**self.options, **options})


def arrays(folder):
    """The arrays in a folder, by name."""
    return {path.name: np.load(path) for path in folder.glob("*.npy")}


def assert_same_files(folder, expected, **tolerance):
    folder, expected = arrays(folder), arrays(expected)
    assert folder.keys() == expected.keys()
    for name, array in expected.items():
        assert folder[name].dtype == array.dtype
        if len(array):
            assert folder[name].shape == array.shape
        else:  # with separate targets, the published arrays lose their second dimension
            assert len(folder[name]) == 0
        if tolerance:
            np.testing.assert_allclose(folder[name].reshape(array.shape), array, **tolerance)
        else:
            assert (folder[name].reshape(array.shape) == array).all()


def assert_same_fit(one, other):
    for name in ("raw_probs", "target_probs", "log_diff", "target_proportions"):
        value, expected = getattr(one, name), getattr(other, name)
        assert (value is None) == (expected is None)
        if expected is not None:
            assert value.dtype == expected.dtype and value.shape == expected.shape
            assert (value == expected).all(), name


def lines(folder):
    """For each file, its records, in order."""
    return {
        path.name: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for path in folder.glob("*.jsonl")
    }


def computed(dsir, case):
    dsir.fit_importance_estimator(num_tokens_to_fit=case.tokens)
    dsir.compute_importance_weights()
    return dsir


@pytest.mark.parametrize("seed", range(60))
def test_same_numbers(seed, tmp_path):
    case = Case(seed, tmp_path)
    theirs, mine = computed(case.make(published), case), computed(case.make(ours), case)
    assert mine._get_virtually_sharded_datasets(case.raw) == theirs._get_virtually_sharded_datasets(case.raw)
    assert_same_fit(mine, theirs)
    # A weight is a sum of terms of up to 20; where they cancel, only the absolute error is bounded.
    assert_same_files(mine.log_importance_weights_dir, theirs.log_importance_weights_dir, rtol=1e-9, atol=1e-11)
    assert_same_files(mine.perexample_metadata_dir, theirs.perexample_metadata_dir)


@pytest.mark.parametrize("seed", range(100, 120))
def test_same_largest_and_same_cache(seed, tmp_path):
    case = Case(seed, tmp_path)
    case.options.update(separate_targets=False, min_example_length=1, num_buckets=10000)
    theirs = computed(case.make(published), case)
    weights = np.concatenate(list(arrays(theirs.log_importance_weights_dir).values()))
    lengths = np.concatenate(list(arrays(theirs.perexample_metadata_dir).values()))
    weights = np.sort(weights[lengths >= 1])
    number = next((n for n in range(len(weights) // 2, 0, -1) if weights[-n] - weights[-n - 1] > 1e-6), None)
    if number is None:
        pytest.skip("all weights are equal")
    theirs.resample(str(tmp_path / "theirs"), number, top_k=True)
    expected = lines(tmp_path / "theirs")
    computed(case.make(ours), case).resample(tmp_path / "mine", number, top_k=True)
    assert lines(tmp_path / "mine") == expected
    # The cache of one serves the other.
    case.make(ours, cache=published.__name__).resample(tmp_path / "mine2", number, top_k=True)
    assert lines(tmp_path / "mine2") == expected
    case.make(published, cache=ours.__name__).resample(str(tmp_path / "theirs2"), number, top_k=True)
    assert lines(tmp_path / "theirs2") == expected


def spaced(text):
    return text.split(" ")


def variants(package):
    """Subclasses that replace one method each, and one that replaces all."""

    class Features(package.HashedNgramDSIR):
        def featurizer(self, text):
            return super().featurizer(text[::2])

    class Estimator(package.HashedNgramDSIR):
        def importance_estimator(self, features):
            return super().importance_estimator(features) / (1 + features.sum())

    class Metadata(package.HashedNgramDSIR):
        def get_perexample_metadata(self, ex, features):
            return np.asarray([len(ex), features.max()])

        def perexample_metadata_filter(self, concat_metadata):
            return concat_metadata[:, 1] > 1

    class Lengths(package.DSIR):
        def fit_importance_estimator(self, num_tokens_to_fit=None):
            self.mean = 30

        def featurizer(self, text):
            return np.asarray([len(text), len(set(text))])

        def importance_estimator(self, features):
            return -abs(features[0] - self.mean)

        def get_perexample_metadata(self, ex, features):
            return features[1]

        def perexample_metadata_filter(self, concat_metadata):
            return concat_metadata > 3

    return {"features": Features, "estimator": Estimator, "metadata": Metadata, "lengths": Lengths}


VARIANTS = ["features", "estimator", "metadata", "lengths", "tokenizer", "many ngrams"]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("seed", range(200, 204))
def test_same_numbers_with_replaced_parts(variant, seed, tmp_path):
    case = Case(seed, tmp_path)
    case.options["num_buckets"] = 100
    if variant == "lengths":
        case.options["separate_targets"] = False
        for name in ("ngrams", "num_buckets", "tokenizer", "min_example_length"):
            del case.options[name]
    if variant == "many ngrams":
        case.options["ngrams"] = _dsir.HashedNgrams.MAX_NGRAMS + 1
    both = []
    for package in (published, ours):
        dsir = case.make(package, variants(package).get(variant, "HashedNgramDSIR"))
        if variant == "tokenizer":
            dsir.tokenizer = spaced
        both.append(computed(dsir, case))
    theirs, mine = both
    if variant != "lengths":
        assert_same_fit(mine, theirs)
    assert_same_files(mine.log_importance_weights_dir, theirs.log_importance_weights_dir, rtol=1e-13)
    assert_same_files(mine.perexample_metadata_dir, theirs.perexample_metadata_dir)


def test_same_functions():
    theirs, rng = data_selection.hashed_ngram_dsir, random.Random(0)
    for _ in range(200):
        text, n, buckets = random_text(rng), rng.randint(1, 4), rng.choice([1, 100, 10000])
        assert ours.wpt.tokenize(text) == theirs.wpt.tokenize(text)
        assert ours.word_tokenize(text) == theirs.word_tokenize(text)
        assert ours.hash_buckets(text, buckets) == theirs.hash_buckets(text, buckets)
        counts = ours.get_ngram_counts(text, n, buckets)
        assert (counts == theirs.get_ngram_counts(text, n, buckets)).all()


# The published tests


def published_tests(sdist, folder):
    """Write the test files of a source distribution to `folder`, for dsir, with all they write in it too."""
    sources = {}
    if sdist.is_dir():
        sources = {path.name: path.read_text(encoding="utf-8") for path in sdist.glob("tests/test_*.py")}
    else:
        with tarfile.open(sdist) as archive:
            for member in archive:
                path = Path(member.name)
                if path.parent.name == "tests" and path.name.startswith("test_"):
                    sources[path.name] = archive.extractfile(member).read().decode("utf-8")
    assert sorted(sources) == ["test_hashed_ngram.py", "test_utils.py"]
    for name, source in sources.items():
        source = source.replace("from data_selection", "from dsir.data_selection")
        (folder / name).write_text(source.replace("'/tmp/", f"'{folder.as_posix()}/"), encoding="utf-8")


def toy_records(seed):
    """1000 records of 120 words each, half of them the record's own."""
    rng = random.Random(seed)
    records = []
    for i in range(1000):
        words = rng.choices([f"w{j}" for j in range(200)], k=60) + rng.choices("abcdefgh", k=60)
        words = [f"{word}of{i}" if word in "abcdefgh" else word for word in words]
        rng.shuffle(words)
        records.append({"contents": " ".join(words), "metadata": {}, "id": i})
    return records


def shares_sum_to_one(records):
    """Whether the shares of n-grams sum to exactly 1 in floating point, which the published tests ask for."""
    counts = np.zeros(10000, dtype=int)
    ours.get_ngram_counts(records[0]["contents"], counts=counts)
    sums = [(counts / counts.sum()).sum()]
    stopped = False
    for record in records[1:]:
        ours.get_ngram_counts(record["contents"], counts=counts)
        if counts.sum() > 50000 and not stopped:  # where num_tokens_to_fit=100000 stops in each of two shards
            stopped = True
            sums.append((counts / counts.sum()).sum())
    sums.append((counts / counts.sum()).sum())
    return sums == [1, 1, 1]


def test_the_published_tests_pass(tmp_path):
    sdist = os.environ.get("DSIR_DATA_SELECTION_SDIST")
    if not sdist:
        pytest.skip("DSIR_DATA_SELECTION_SDIST does not name the source distribution of data-selection")
    published_tests(Path(sdist), tmp_path)
    records = next(records for records in map(toy_records, range(100)) if shares_sum_to_one(records))
    for name, part in [("pile_data", records), ("target_data", records[:1]), ("target_data_2", records[2:3])]:
        content = "".join(json.dumps(record) + "\n" for record in part)
        (tmp_path / f"toy_{name}.jsonl").write_text(content)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        tmp_path,
        tmp_path,
    ]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0 and "12 passed" in run.stdout, run.stdout + run.stderr

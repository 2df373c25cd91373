"""The corpus: raw shards of many domains, and for each target its documents and held-out text of other packages.

The sources are the table in ORIGIN.md.  Downloading, unpacking and turning pages, manuals and dictionaries into
paragraphs is done by benches/make_corpus.py; here files become documents and are dealt to their roles:

    raw      what is selected from: raw/<domain>.jsonl, one shard for each domain
    target   what the selection shall be like: target/<domain>.jsonl
    heldout  what the judges are asked about, of the same kind, from other packages: heldout/<domain>.jsonl

No document has two roles.  A paragraph of 100 characters and more that is in raw or a target as well is taken out
of the held-out documents, and a document that loses a quarter of its text that way is dropped whole.
"""
import json
import multiprocessing
import random
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / "benches"))
import make_corpus  # noqa: E402  (found by the line before)

RAW_BYTES = 11_000_000             # of text for each domain, if it has so much
TARGET_DOCUMENTS = 400
HELDOUT_BYTES = 400_000
WHOLE = 12_000                     # characters; longer files are cut at blank lines to documents of 1 to 10 kB
SHORTEST = 500                     # characters
LONG = 100                         # characters; paragraphs as long as this are looked for elsewhere
SUFFIXES = {"go": "code_go", "php": "code_php", "hpp": "code_c"}    # beside those make_corpus.py knows
# Of the files of archives far larger than needed.
PARTS = {"linux-source-6.1": 0.1, "gcc-12-source": 0.1, "libboost1.74-dev": 0.15, "ansible": 0.1, "rust-src": 0.6,
         "golang-github-aws-aws-sdk-go-dev": 0.05, "golang-1.19-src": 0.4}


class Source(NamedTuple):
    """One row of ORIGIN.md: the files of a package whose paths match, in one role of one domain."""

    domain: str
    role: str
    client: str
    kind: str
    package: str
    paths: str
    licence: str


class Document(NamedTuple):
    """A text and where it is from."""

    text: str
    source: str
    path: str


def sources(domains=None):
    """The rows of the table in ORIGIN.md, of these domains or all.  `|` within a cell is written `\\|`."""
    lines = [line for line in (HERE / "ORIGIN.md").read_text().splitlines() if line.startswith("| ")]
    rows = [[cell.strip().strip("`").replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in lines]
    return [Source(*row) for row in rows[1:] if not domains or row[0] in domains]


def targets(rows):
    """The domains that have a target."""
    return sorted({row.domain for row in rows if row.role == "target"})


def build(rows, folder, cache, scale=1.0, seed=1):
    """Write the corpus to `folder`, if it is not there yet; return what it holds, as corpus.json does.

    `rows` are the sources; `scale` multiplies the bytes of the raw corpus; downloads and extracted text stay in `cache`.
    """
    report = folder / "corpus.json"
    if not report.exists():
        dealt = deal(rows, extract(rows, cache), scale, seed)
        elsewhere = {p for (_, role), documents in dealt.items() if role != "heldout"
                     for d in documents for p in long_paragraphs(d.text)}
        held = {}
        for (domain, role), documents in sorted(dealt.items()):
            kept = [d for d in map(lambda d: without(d, elsewhere), documents) if d] if role == "heldout" else documents
            held[f"{role}/{domain}"] = {"dropped": len(documents) - len(kept), **write(folder, role, domain, kept)}
        report.write_text(json.dumps(held, indent=1))
    return json.loads(report.read_text())


def extract(rows, cache):
    """Download and unpack all packages; return {package: file of [domain, path, separator, paragraphs] lines}."""
    make_corpus.CODE.update(SUFFIXES)
    make_corpus.SHARE.clear()
    make_corpus.SHARE.update(PARTS)
    kinds = {(s.client, s.package): s.kind for s in rows}
    (cache / "spool").mkdir(parents=True, exist_ok=True)
    jobs = [(package, archive, kinds[client, package], cache / "spool" / f"{archive.name}.jsonl")
            for client in ("apt", "npm")
            for package, archive in make_corpus.download(client, [p for c, p in kinds if c == client], cache / client)]
    # The largest first, so that both workers end together.
    jobs.sort(key=lambda job: -job[1].stat().st_size)
    with multiprocessing.get_context("fork").Pool(2) as workers:
        workers.map(make_corpus.extract, jobs, chunksize=1)
    return {package: spool for package, _, _, spool in jobs}


def deal(rows, spools, scale, seed):
    """{(domain, role): documents}, at random up to what the role needs, each text once."""
    dealt, seen = defaultdict(list), set()
    # Held-out and target sources first: a text that is in raw as well is theirs.
    for source in sorted(rows, key=lambda s: ["heldout", "target", "raw"].index(s.role)):
        for document in documents_of(source, spools.get(source.package)):
            if (key := hash(re.sub(r"\s+", "", document.text))) not in seen:
                seen.add(key)
                dealt[source.domain, source.role].append(document)
    for (domain, role), documents in dealt.items():
        random.Random(f"{seed}:{domain}:{role}").shuffle(documents)
        limit = {"raw": RAW_BYTES * scale, "target": float("inf"), "heldout": HELDOUT_BYTES}[role]
        most = TARGET_DOCUMENTS if role == "target" else len(documents)
        size, kept = 0, 0
        while kept < min(most, len(documents)) and size < limit:
            size += len(documents[kept].text.encode())
            kept += 1
        del documents[kept:]
    return dealt


def documents_of(source, spool):
    """The documents of the source's files; none if the package could not be had."""
    rng = random.Random(source.package)
    for line in open(spool, encoding="utf-8") if spool else ():
        _, path, separator, paragraphs = json.loads(line)
        if re.search(source.paths, path):
            text = separator.join(paragraphs)
            parts = [text] if len(text) <= WHOLE else cut(paragraphs, separator, rng)
            yield from (Document(part, source.package, path) for part in parts if len(part) >= SHORTEST)


def cut(paragraphs, separator, rng):
    """Join paragraphs to documents of about 1 to 10 kB, of lengths as varied as those of whole files."""
    document, size, wanted = [], 0, 0
    for piece in (p[at:at + 3000] for p in paragraphs for at in range(0, len(p), 3000)):
        if size > wanted:
            yield separator.join(document)
            document, size = [], 0
        if not document:
            wanted = min(10_000, max(900, rng.lognormvariate(8.0, 0.8)))
        document.append(piece)
        size += len(piece) + len(separator)
    yield separator.join(document)


def long_paragraphs(text):
    """Hashes of the long paragraphs; white space does not count."""
    return {hash(p) for block in re.split(r"\n\s*\n", text) if len(p := re.sub(r"\s+", " ", block.strip())) >= LONG}


def without(document, elsewhere):
    """The document without the long paragraphs that are elsewhere; None if that is a quarter of it."""
    blocks = re.split(r"\n\s*\n", document.text)
    kept = "\n\n".join(block for block in blocks if not long_paragraphs(block) & elsewhere)
    return document._replace(text=kept) if len(kept) > 0.75 * len(document.text) else None


def write(folder, role, domain, documents):
    """Write the documents as JSONL; return how many there are, and of how many bytes."""
    path = folder / role / f"{domain}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", errors="replace") as out:
        for document in documents:
            out.write(json.dumps({**document._asdict(), "domain": domain}, ensure_ascii=False) + "\n")
    return {"documents": len(documents), "bytes": path.stat().st_size, "packages": sorted({d.source for d in documents})}


def texts(path):
    """The texts of a JSONL file."""
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def first(path, characters):
    """The first texts of a JSONL file, about so many characters in all."""
    size = 0
    with open(path, encoding="utf-8") as lines:
        for text in (json.loads(line)["text"] for line in lines):
            if size >= characters:
                return
            size += len(text)
            yield text

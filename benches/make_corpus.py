#!/usr/bin/env python3
"""Build a large real-text benchmark corpus from distribution packages (run `apt-get update` before).

Packages are downloaded into a cache by apt-get and npm and read in place, never installed.  Texts are cut at blank
lines to documents of about 1-10 kB, repeated paragraphs are dropped, and OUT_DIR/<domain>.jsonl gets one object a
line: {"text": ..., "meta": {"source": package, "path": ...}, "id": n}.  If there is less distinct text than asked,
documents recombined from shuffled paragraphs (source "recombined") fill the rest.
"""
import argparse, contextlib, gzip, html, json, mmap, multiprocessing, random, re, struct
import subprocess, sys, tarfile, time, zlib
from pathlib import Path

# Client, kind and packages.  A manual's domain is told by its script and path, that of source code by the suffix.
PACKAGES = [
    ("apt", "text", """manpages{,-dev,-ja,-ja-dev,-zh,-ru,-ru-dev,-uk,-fr,-fr-dev,-de,-de-dev,-pl,-pl-dev,-es-dev}
     fortunes{,-ru,-zh,-de,-pl,-cs} lilypond-doc-html{,-ja,-zh,-de,-fr} developers-reference{,-ja,-ru,-fr,-de}
     plasma-{desktop,workspace}-data {wordpress,vlc,krita,josm,kdevelop,libvirt,cinnamon}-l10n
     debian-reference-{en,ja,zh-cn,zh-tw,de,fr} debian-faq-{ja,ko,ru,zh-cn} maint-guide-{ja,ru,zh-cn,zh-tw}
     aptitude-doc-{en,ja,ru,fr} libreoffice-help-{en-us,ru,ja,zh-cn,zh-tw,ko,el,hi,km,dz,de,fr,es,pl,cs,it}
     libreoffice-l10n-{ru,uk,bg,mk,be,sr,kk,ja,zh-cn,ko,el,hi,bn,ta,te,ml,kn,gu,pa-in,mr,ne,or,as,si,ar,fa,he,th,ka,km,am}
     kicad-doc-{ja,ru,zh} gimp-help-{ru,ja,zh-cn,ko,el} linux-doc-6.1 debian-handbook installation-guide-amd64
     gnome-user-docs mate-user-guide mediawiki python-django-doc python3.11-doc postgresql-doc-15 sqlite3-doc perl-doc
     maxima-doc git-doc vim-runtime wesnoth-1.16-data iso-codes lyx-common gramps evolution-common aptitude-common
     gnucash-common libgtk-3-common libgimp2.0 inkscape digikam-data kmymoney-common kio okular kmail kate5-data
     skrooge-common gnome-control-center-data nautilus-data gnumeric-common darktable pidgin-data blender-data
     anjuta-common libglib2.0-data gedit-common freeciv-data kdenlive-data"""),
    ("npm", "text", """chinese-poetry@2.0.1"""),
    ("apt", "dict", """dict-{jargon,foldoc,gcide,wn,vera,devil,de-en}
     dict-freedict-{jpn-eng,deu-rus,eng-bul,ara-eng,eng-hin,ell-eng,pol-rus} mueller7-dict stardict-xmlittre edict"""),
    ("apt", "code", """linux-source-6.1 gcc-12-source rust-src ansible libpython3.11-stdlib
     python3-{django,sympy,twisted,sqlalchemy,matplotlib,scipy,numpy,pandas,sklearn,networkx,nltk}"""),
    ("npm", "code", """typescript@5.6.3 three@0.170.0 rxjs@7.8.1 date-fns@4.1.0 mathjs@13.2.0 webpack@5.95.0
     @babylonjs/core@7.30.0 antd@5.21.0 eslint@9.12.0 react-native@0.76.0"""),
]
SHARE = {"linux-source-6.1": 0.15, "gcc-12-source": 0.3, "ansible": 0.4}    # of the files, where not all are read
CODE = {"c": "code_c", "h": "code_c", "cc": "code_c", "py": "code_python", "rs": "code_rust", "js": "code_js", "ts": "code_js"}
LATIN = set("af br ca cs cy da de eo es et eu fi fr ga gl hr hu id is it lt lv nb nl nn pl pt ro sk sl sq sv tr vi".split())
NOT_LATIN = set("ar be bg bn el fa gu he hi ja ka kk km kn ko mk ml mn mr ne pa ru sr ta te th uk ur zh".split())
SCRIPTS = {name: re.compile(f"[{ranges}]") for name, ranges in {
    "japanese": "\u3040-\u30ff", "korean": "\uac00-\ud7a3", "chinese": "\u4e00-\u9fff",
    "cyrillic_other": "\u0400-\u052f", "greek": "\u0370-\u03ff\u1f00-\u1fff", "indic": "\u0900-\u0dff",
    "arabic_hebrew": "\u0590-\u08ff\ufb1d-\ufdff", "other_scripts": "\u0530-\u058f\u0e00-\u13ff\u1780-\u17ff"}.items()}
WEIGHTS = {"english": 1.6, "code_c": 1.3, "chinese": 1.5, "code_rust": 0.7, "code_js": 0.5, "dictionaries": 0.8}

def expand(words):    # "a-{x,y}" to "a-x", "a-y"
    for word in words.split():
        head, inner, tail = re.fullmatch(r"([^{]*)(?:{(.*)})?(.*)", word).groups()
        yield from (head + part + tail for part in (inner or "").split(","))

def download(client, wanted, folder):
    """Download what the cache lacks; return [(package, archive)] of all that could be had."""
    folder.mkdir(parents=True, exist_ok=True)
    pattern, *command = {"apt": ["{}_*.deb", "apt-get", "download"], "npm": ["{}.tgz", "npm", "pack"]}[client]
    def find(package):
        return sorted(folder.glob(pattern.format(re.sub("[/@]", "-", package.lstrip("@")))))[-1:]
    missing = [p for p in wanted if not find(p)]
    for packages in [missing, *([p] for p in missing)]:    # one unknown name fails them all: then one by one
        if [p for p in packages if not find(p)]:
            subprocess.run(command + packages, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(client, "lacks", [p for p in wanted if not find(p)], file=sys.stderr)
    return [(p, archive) for p in wanted for archive in find(p)]

def members(stream, mode="r|"):
    """(path, read) of each file in a tar stream and in the .tar.xz files inside."""
    for m in filter(tarfile.TarInfo.isfile, tar := tarfile.open(fileobj=stream, mode=mode)):
        if m.name.endswith(".tar.xz"):
            yield from members(tar.extractfile(m), "r|xz")
        else:
            yield m.name.removeprefix("./"), lambda: tar.extractfile(m).read()

def decode(data):
    for encoding in ("utf-8", "euc_jp", "latin-1"):
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(encoding).replace("\r\n", "\n")

def plain(text):
    text = "\n".join(line.rstrip() for line in text.split("\n") if len(line) < 4000)
    return [p.strip("\n") for p in re.split(r"\n{2,}", text) if p.strip()]

def from_html(text):
    text = re.sub(r"(?is)<!--.*?-->|<(script|style|head|nav|footer)\b.*?</\1\s*>|<\?.*?\?>", " ", text)
    block = r"(?i)</?(p|div|h[1-6]|ul|ol|li|tr|dt|dd|table|pre|section|title|para|item|note)\b[^>]*>"
    text = html.unescape(re.sub(r"<[^>]*>", "", re.sub(block, "\n\n", text)))
    return plain(re.sub(r"\n ?(\n ?)+", "\n\n", re.sub(r"[ \t\u00a0]+", " ", text)))

def from_roff(text):
    text = re.sub(r"\\f(\[\w*\]|\(..|.)|\\[&|^:%/,]|\\s[-+]?\d|\\\".*", "", text)
    text = text.replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\").replace("\\ ", " ")
    text = re.sub(r"(?m)^[.'] *S[HShs] +(.*)", r"\n\1\n", text)                      # headings
    text = re.sub(r"(?m)^[.'] *([PLTI]P|P|Pp|It|sp)\b.*", "", text)                  # new paragraph
    text = re.sub(r"(?m)^[.'] *([BIR]{1,2}|SM|Nm|Fl|Ar|Nd|Xr|Em|Pa) +", "", text)    # fonts
    return plain(re.sub(r"(?m)^[.'].*\n", "", text))

def from_catalog(data):
    order = "<" if data[:4] == b"\xde\x12\x04\x95" else ">"
    count, _, table = struct.unpack(order + "3I", data[8:20])
    entries = (struct.unpack(order + "2I", data[at:at + 8]) for at in range(table + 8, table + 8 * count, 8))
    return [p for size, at in entries for p in data[at:at + size].decode("utf-8", "replace").split("\0") if len(p) > 2]

def from_json(value):
    if isinstance(value, str):
        return [value] if len(value) > 2 and not re.fullmatch(r"[\w./:-]{16,}", value, re.A) else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [s for v in inner for s in from_json(v)]

TEXT_FORMATS = {r"(i18n|^package)/.*\.json$": (lambda text: from_json(json.loads(text or "{}")), "\n"),
                r"\.(x?html?|docbook|page)$": (from_html, "\n\n"),
                r"/man\d\w*/[^/]+\.\d\w*$": (from_roff, "\n\n"),
                r"stardict/.*\.dict$": (lambda text: plain(re.sub(r"<[^<>\n]*>", "", text)), "\n\n"),
                r"\.(txt|md|rst|texi|info|pod|lyx|info-\d+|dict)$|fortunes/[^.]*$|/edict$": (plain, "\n\n")}

def paragraphs(path, read):
    """(paragraphs, separator) of a manual page, book, catalog or dictionary; none of other files."""
    name = re.sub(r"\.(gz|dz)$", "", path)
    if name.endswith(".mo"):
        return from_catalog(read()), "\n"
    for pattern, (parse, separator) in TEXT_FORMATS.items():
        if re.search(pattern, name) and not re.search(r"copyright$|changelog|/NEWS|/genindex|/_static/|/strains/", name):
            return parse(decode(gzip.decompress(read()) if name != path else read())), separator
    return [], ""

def domain_of(path, text):
    sample = text[::max(1, len(text) // 20000)]
    found = {script: len(pattern.findall(sample)) for script, pattern in SCRIPTS.items()}
    best = max(found, key=found.get)
    if found[best] * 8 <= len(sample):                # Latin letters
        codes = set(re.findall(r"(?<![a-zA-Z0-9])([a-z]{2})(?=[-_@][A-Za-z]{2,8}[./]|[-_@./][^/]*\.\w+$|/)", path))
        return None if codes & NOT_LATIN else "latin_languages" if codes & LATIN else "english"
    if best == "chinese" and found["japanese"] * 6 > found["chinese"]:
        return "japanese"
    russian = best == "cyrillic_other" and "ы" in sample and not re.search("[іїўјәөүғқңһ]", sample)
    return "russian" if russian else best

def extract(job):
    """Read one archive into a spool file of [domain, path, separator, paragraphs] lines."""
    package, archive, kind, spool = job
    if spool.exists():
        return
    part, share = spool.with_suffix(".part"), SHARE.get(package, 1) * 2 ** 32
    unpack = ["dpkg-deb", "--fsys-tarfile"] if archive.suffix == ".deb" else ["gzip", "-dc"]
    child = subprocess.Popen([*unpack, archive], stdout=subprocess.PIPE)
    with child, open(part, "w", encoding="utf-8", errors="replace") as out:
        for path, read in members(child.stdout):
            if kind != "code":
                units, separator = paragraphs(path, read)
                domain = "dictionaries" if kind == "dict" else domain_of(path, separator.join(units))
            else:
                domain, wanted = CODE.get(path.rpartition(".")[2]), zlib.crc32(path.encode()) < share
                wanted = wanted and domain and not re.search(r"\.min\.|/asic_reg/|\.generated\.", path)
                units, separator = plain(decode(read())) if wanted else [], "\n\n"
            if units and domain:
                out.write(json.dumps([domain, path, separator, units], ensure_ascii=False) + "\n")
        child.stdout.read()
    part.rename(spool)

def fresh(domain, separator, units, seen):
    """The paragraphs not met before in this domain (of code: the file, if it was not met before)."""
    code, foreign, new = domain[:5] == "code_", domain not in ("english", "latin_languages", "dictionaries"), []
    for unit in [tuple(units)] if code else units:
        repeated = hash(unit) in seen and (code or separator == "\n" or len(unit) > 20)
        english = not code and foreign and len(unit) > 60 and len(unit.encode()) < 1.05 * len(unit)
        if not repeated and not english:
            new += unit if code else [unit]
            seen.add(hash(unit))
    return new

def cut(units, separator, rng):
    """Join paragraphs to documents of about 1 to 10 kB."""
    documents, size, target = [], 0, 0
    for piece in (unit[at:at + 3000] for unit in units for at in range(0, len(unit), 3000)):
        length = len(piece.encode()) + len(separator)
        if not documents or size + length > 1.3 * target:
            documents.append([])
            size, target = 0, min(8000, max(900, rng.lognormvariate(8.0, 0.7)))
        documents[-1].append(piece)
        size += length
    return [text for d in documents if len((text := separator.join(d)).encode()) >= 500]

def build_pool(jobs, folder, seed):
    """Write the distinct documents to folder/<domain>; return {domain: [(offset, size), ...]}."""
    pools = {}
    with multiprocessing.Pool(2) as workers, contextlib.ExitStack() as stack:
        for (package, _, _, spool), _ in zip(jobs, workers.imap(extract, jobs)):
            for line in open(spool, encoding="utf-8"):
                domain, path, separator, units = json.loads(line)
                if domain not in pools:
                    pools[domain] = stack.enter_context(open(folder / domain, "wb")), [], set()
                file, index, seen = pools[domain]
                units = fresh(domain, separator, units, seen)
                for text in cut(units, separator, random.Random(f"{seed}:{package}:{path}")):
                    data = json.dumps([text, package, path], ensure_ascii=False).encode()
                    index.append((file.tell(), len(data)))
                    file.write(data)
    return {domain: pools[domain][1] for domain in sorted(pools)}

def budgets(held, total):
    """Share the bytes out by weight; what a small domain cannot give the others do."""
    low, high = 0, total
    for _ in range(60):
        unit = (low + high) / 2
        share = {d: min(size, unit * WEIGHTS.get(d, 1)) for d, size in held.items()}
        low, high = (low, unit) if sum(share.values()) > total else (unit, high)
    return {d: size * total / sum(share.values()) for d, size in share.items()}

def write_shard(path, pool_path, entries, budget, rng):
    """Sample documents up to the budget, then recombine; (documents, bytes, text, non-ASCII, recombined)."""
    documents = written = recombined = text_bytes = high_bytes = 0
    with open(pool_path, "rb") as f, open(path, "wb") as out:
        pool = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
        order = rng.sample(entries, len(entries))
        load = lambda entry: json.loads(pool[entry[0]:entry[0] + entry[1]])
        while written < budget - 1:
            if documents < len(order):
                text, source, inner = load(order[documents])
            else:
                parts = [p for e in rng.choices(order, k=4) for p in re.split("\n+", load(e)[0])]
                text, source, inner = cut(rng.sample(parts, len(parts)), "\n", rng)[0], "recombined", ""
            record = {"text": text, "meta": {"source": source, "path": inner}, "id": documents}
            size = out.write((json.dumps(record, ensure_ascii=False) + "\n").encode())
            documents, written, recombined = documents + 1, written + size, recombined + size * (not inner)
            text_bytes += len(text.encode())
            high_bytes += sum(map(len, re.findall(rb"[\x80-\xff]+", text.encode())))
    return documents, written, text_bytes, high_bytes, recombined

def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path, metavar="OUT_DIR")
    parser.add_argument("--megabytes", type=float, default=600)
    parser.add_argument("--cache", type=Path, help="downloads and extracted text (default: OUT_DIR.cache)")
    parser.add_argument("--seed", type=int, default=1)
    args, start = parser.parse_args(), time.time()
    cache = (args.cache or Path(f"{args.out}.cache")).resolve()
    for folder in (args.out, cache / "spool", cache / "pool"):
        folder.mkdir(parents=True, exist_ok=True)
    jobs = [(package, archive, kind, cache / "spool" / (archive.name + ".jsonl"))
            for client, kind, words in PACKAGES for package, archive in download(client, [*expand(words)], cache / client)]
    index = build_pool(jobs, cache / "pool", args.seed)
    held, rows = {domain: sum(size for _, size in index[domain]) for domain in index}, {}
    for domain, budget in budgets(held, args.megabytes * 1e6).items():
        files = args.out / f"{domain}.jsonl", cache / "pool" / domain
        rows[domain] = held[domain], *write_shard(*files, index[domain], budget, random.Random(f"{args.seed}:{domain}"))
    rows["total"] = map(sum, zip(*rows.values()))
    print("domain           documents        MB  distinct  non-ASCII  recombined")
    for name, (distinct, documents, size, text, high, made) in rows.items():
        print(f"{name:<16}{documents:>10}{size / 1e6:>10.1f}{distinct / 1e6:>10.1f}",
              f"{high / text:>10.1%}{made / size:>12.1%}")
    print(f"{time.time() - start:.0f} s in all", file=sys.stderr)

if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Measure dsir on very many records and on very many shards, and print two Markdown tables.

usage: scale.py [--work DIR] [--dsir BINARY] [--records N] [--shards N] [--small-shards N,N...] [--only records|shards] [--long]

Makes a corpus of tiny records, all different (needs the program zstd), and real weights for it: 24 bytes a record, so
1 000 000 000 records take 24 GB and the corpus some 5 GB. The draw is from weights on disk to the decision.
What was made is used again; remove DIR when done.
"""
import argparse, json, os, random, shutil, subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

WORDS = ("the of and to in is that it he was for on are as with his they at be this have from or one had by word but not what "
         "all were we when your can said there use an each which she do how their if will up other about out many then them").split()
ALL = "--min-tokens 1"


def text(number):
    """Five or six tokens that no other number has: words, and the number."""
    return b"%s %s %s %%PLACE%%%03d" % tuple([WORDS[number * step % len(WORDS)].encode() for step in (1, 7, 31)] + [number % 1000])


def lines(first, count):
    """Records as bytes, a thousand at a time: only the word and the digits they share are put in."""
    template = b"".join(b'{"text":"%s"}\n' % text(number) for number in range(1000))
    for thousand in range(first // 1000, (first + count) // 1000):
        yield template.replace(b"%PLACE%", b"%s %06d" % (WORDS[thousand * thousand % len(WORDS)].encode(), thousand))


def make_shard(job):
    path, first, count = job
    with open(f"{path}.part", "wb") as out:
        zstd = subprocess.Popen(["zstd", "-q", "-1", "-T1", "-c"], stdin=subprocess.PIPE, stdout=out)
        for piece in lines(first, count):
            zstd.stdin.write(piece)
        zstd.stdin.close()
        if zstd.wait():
            sys.exit(f"zstd failed: {path}")
    os.rename(f"{path}.part", path)


def make_corpus(folder, records, shards):
    folder.mkdir(parents=True, exist_ok=True)
    each = records // shards
    jobs = [(folder / f"{shard:05}.jsonl.zst", shard * each, each) for shard in range(shards)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(make_shard, [job for job in jobs if not job[0].exists()]))


def make_small(folder, shards):
    """Shards of ten records each, not compressed."""
    folder.mkdir(parents=True, exist_ok=True)
    if sum(1 for _ in os.scandir(folder)) < shards:
        ten = (record for piece in lines(0, 10 * shards // 1000 * 1000 + 1000) for record in piece.splitlines(True))
        for shard in range(shards):
            (folder / f"{shard:07}.jsonl").write_bytes(b"".join(next(ten) for _ in range(10)))


def make_target(path):
    """Words of another frequency, in longer texts."""
    choose = random.Random(1)
    with open(path, "w") as out:
        for _ in range(2000):
            print(json.dumps({"text": " ".join(choose.choices(WORDS, range(1, len(WORDS) + 1), k=30))}), file=out)


def memory_of(pid):
    """Anonymous and file-backed resident kB now, and the kB of the most ever (VmHWM: of this program alone)."""
    try:
        with open(f"/proc/{pid}/status") as status:
            fields = dict(line.split(":", 1) for line in status)
        return [int(fields[name].split()[0]) for name in ("RssAnon", "RssFile", "VmHWM")]
    except (OSError, KeyError):
        return [0, 0, 0]


def anything_in(folder):
    return any(files for _, _, files in os.walk(folder) if files != ["weights.meta"])


def reads_from(pid, folder):
    try:
        return any(os.readlink(handle).startswith(str(folder)) for handle in os.scandir(f"/proc/{pid}/fd"))
    except OSError:
        return False


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(command, watched=None, corpus=None, stop=False):
    """Run a command; return what it took. `watched`: a folder whose first file, but for weights.meta, tells that work has begun.
    `corpus`: a folder; the seconds until the first file in it is read are told apart, and the run can be stopped there."""
    start = time.perf_counter()
    process = subprocess.Popen(["bash", "-c", f"ulimit -n 64; exec {command}"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak, began, sampled, decided = [0, 0, 0], None, 0.0, None
    while True:
        now = time.perf_counter()
        if watched and began is None and anything_in(watched):
            began = now - start
        if corpus and decided is None and reads_from(process.pid, corpus):
            decided = now - start, processor_seconds(process.pid)
            if stop:
                process.terminate()
        if now - sampled >= 0.2 or now - start < 0.5:
            peak, sampled = [max(pair) for pair in zip(peak, memory_of(process.pid))], now
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(0.005 if watched and began is None else 0.02)
    seconds, errors = time.perf_counter() - start, process.stderr.read().decode()
    process.returncode = 0
    if status and not (stop and decided):
        sys.exit(f"failed: {command}\n{errors[-2000:]}")
    anonymous, file, most = [kilobytes / 1e3 for kilobytes in peak]
    taken = {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "system": usage.ru_stime, "began": began, "decided": decided,
             "rss": usage.ru_maxrss / 1e3, "hwm": most, "anonymous": anonymous, "file": file}
    print(f"{taken} {command}", file=sys.stderr, flush=True)
    return taken


def stages_of(summary):
    return {stage["stage"]: stage["seconds"] for stage in json.loads(summary.read_text())["stages"]}


def table(head, rows):
    lines = [head, "|".join(["", *["---"] * (head.count("|") - 1), ""])]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def memory(taken):
    return [f"{taken[kind]:.0f}" for kind in ("rss", "anonymous", "file")]


def measure_records(dsir, work, records, shards, long):
    corpus, weights, summary, model = work / "corpus", work / "weights", work / "summary.json", work / "model.json"
    start = time.perf_counter()
    make_corpus(corpus, records, shards)
    print(f"corpus: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    if not model.exists():
        make_target(work / "target.jsonl")
        run(f"{dsir} fit -q --target {work}/target.jsonl -o {model} {sorted(corpus.iterdir())[0]}")
    rows = []

    def add(name, taken, whole=True):
        seconds, used = taken["decided"] or (taken["seconds"], taken["cpu"])
        ends = [f"{taken['seconds']:.1f}", f"{taken['cpu']:.1f}"] if whole else ["", ""]
        rows.append((name, f"{seconds:.1f}", f"{used:.1f}", f"{records / 1e6 / used:.1f}", *ends, *memory(taken)))

    if not weights.exists():
        add("weigh", run(f"{dsir} weigh -q --model {model} -o {weights} --summary {summary} {corpus}"))
    share, tenth = min(10**7, records // 10), records // 10
    whole = ["-k 1000", f"-k {share}"]
    budgets = [*whole, "--fraction 0.001", f"--tokens {tenth}", f"--bytes {records}", f"-k {share} --temperature 0", "-k 1000 --threads 1"]
    for options in budgets + [f"-k {share} --shuffle"] * long:
        command = f"{dsir} resample -q {ALL} {options} --weights {weights} --temp-dir {work} --summary {summary} -o {work}/selected.jsonl {corpus}"
        stop = not long and options not in whole
        add(f"resample {options}", run(command, corpus=corpus, stop=stop), not stop)
        if not stop:
            print(f"{stages_of(summary)} in the summary", file=sys.stderr)
    report = f"{dsir} report -q {ALL} -k {share} --model {model} --weights {weights} --temp-dir {work} -o {work}/report.html"
    add(f"report -k {share}", run(f"{report} --summary {summary} {corpus}"))
    if long:
        add("select -k 1000", run(f"{dsir} select -q {ALL} -k 1000 --model {model} --temp-dir {work} --summary {summary} -o {work}/selected.jsonl {corpus}"))
    print(f"## {records:,} records in {shards} shards\n".replace(",", " "))
    print("`resample`: seconds until the decision, from weights on disk; `weigh`, `select`: the whole run's. Memory in MB.\n")
    print(table("| run | seconds | processor seconds | million records each | seconds in all | processor in all | peak RSS | peak anonymous | peak of files |", rows))


def measure_shards(dsir, work, counts):
    model, rows = work / "small-model.json", []
    for shards in counts:
        corpus, temporary, summary, weights = work / f"small-{shards}", work / "temporary", work / "summary.json", work / "small-weights"
        make_small(corpus, shards)
        if not model.exists():
            make_target(work / "target.jsonl")
            run(f"{dsir} fit -q --target {work}/target.jsonl -o {model} {corpus}")
        temporary.mkdir(exist_ok=True)
        commands = [
            ("weigh", f"weigh --model {model} -o {weights}", weights),
            ("weigh again, over the first", f"weigh --model {model} -o {weights}", None),
            ("resample", f"resample {ALL} -k {shards} --weights {weights} -o {work}/selected.jsonl", None),
            ("resample to a folder", f"resample {ALL} -k {shards} --weights {weights} -o {work}/selected/", None),
            ("select", f"select {ALL} -k {shards} --model {model} -o {work}/selected.jsonl", temporary),
            ("select with a target", f"select {ALL} -k {shards} --target {work}/target.jsonl -o {work}/selected.jsonl", None),
        ]
        for name, command, watched in commands:
            taken = run(f"{dsir} {command} -q --temp-dir {temporary} --summary {summary} {corpus}", watched)
            stages = stages_of(summary)
            rows.append((f"{shards:,}".replace(",", " "), name, f"{taken['seconds']:.2f}", f"{taken['cpu']:.2f}", f"{taken['system']:.2f}",
                         "" if taken["began"] is None else f"{taken['began']:.2f}", ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in stages.items()),
                         f"{taken['seconds'] - sum(stages.values()):.2f}", *memory(taken), f"{taken['seconds'] / shards * 1e6:.0f}"))
        for folder in (weights, work / "selected"):
            shutil.rmtree(folder, ignore_errors=True)
    print("## Shards of ten records, under `ulimit -n 64`\n")
    print(table("| shards | run | seconds | processor | of it system | work begins | stages | outside the stages | peak RSS | anonymous | files | µs a shard |", rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, default=Path("/tmp/dsir-scale"))
    parser.add_argument("--dsir", type=Path, default=Path(__file__).resolve().parent.parent / "target/release/dsir")
    parser.add_argument("--records", type=int, default=1_000_000_000)
    parser.add_argument("--shards", type=int, default=100)
    parser.add_argument("--small-shards", default="10000,100000")
    parser.add_argument("--long", action="store_true", help="write every selection, not only two; and select")
    parser.add_argument("--only", choices=["records", "shards"])
    args = parser.parse_args()
    work, dsir = args.work.resolve(), args.dsir.resolve()
    work.mkdir(parents=True, exist_ok=True)
    if args.records // args.shards % 1000 or args.records % args.shards:
        sys.exit("the records of a shard must be a multiple of 1000")
    if args.only != "shards":
        measure_records(dsir, work, args.records, args.shards, args.long)
    if args.only != "records":
        measure_shards(dsir, work, [int(count) for count in args.small_shards.split(",")])


if __name__ == "__main__":
    main()

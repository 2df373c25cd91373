"""Kill workers, nodes and the driver of a Ray cluster while it selects, and compare with one machine.

    python examples/ray/test.py [--kills 20] [--folder] OPTIONS AND RAW OF dsir select

Starts two nodes on this machine, and needs ``pip install "dsir[ray]"``. While ``dsir-ray select`` runs, worker
processes are killed at random, a whole node now and then, and the driver once. It is run again and again until there
were enough kills; after each run the bytes of the output and the summary must be those of ``dsir select``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PORT = 6399
ADDRESS = f"127.0.0.1:{PORT}"
ENVIRONMENT = {**os.environ, "RAY_AUTH_MODE": "disabled", "RAY_health_check_period_ms": "1000"}
#: What two runs may differ in.
APART = {"seconds", "threads", "stages", "options"}


def ray(*arguments: str) -> None:
    quiet = subprocess.DEVNULL
    subprocess.run(["ray", *arguments], check=True, env=ENVIRONMENT, stdout=quiet, stderr=quiet)


def start_node(*, head: bool) -> None:
    how = ["--head", "--node-ip-address=127.0.0.1", f"--port={PORT}", "--include-dashboard=false"]
    ray("start", *(how if head else [f"--address={ADDRESS}"]), "--num-cpus=1", "--object-store-memory=100000000",
        "--disable-usage-stats")  # fmt: skip


def processes(begins: bytes) -> dict[int, bytes]:
    """The processes whose program is called like this, with their command lines."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if line.startswith(begins) or line.split(b"\0")[0].endswith(b"/" + begins):
            found[int(folder.name)] = line
    return found


def kill(process: int) -> bool:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def selected(command: list[str], out: Path, options: list[str], summary: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*command, "-q", "-o", str(out), "--summary", str(summary), *options], env=ENVIRONMENT)


def result(out: Path, summary: Path) -> tuple[dict[str, bytes], dict[str, object]]:
    files = [out] if out.is_file() else sorted(path for path in out.rglob("*") if path.is_file())
    report = json.loads(summary.read_text())
    return {str(file.relative_to(out)): file.read_bytes() for file in files}, {
        key: value for key, value in report.items() if key not in APART
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--folder", action="store_true", help="write a folder instead of a file")
    arguments, options = parser.parse_known_args()
    work = Path(tempfile.mkdtemp(prefix="dsir-ray-test-"))
    name = "out" if arguments.folder else "out.jsonl"
    alone, out = work / "alone" / name, work / "many" / name
    for path in (alone, out):
        (path if arguments.folder else path.parent).mkdir(parents=True)
    start = time.monotonic()
    assert selected(["dsir", "select"], alone, options, work / "alone.json").wait() == 0
    expected = result(alone, work / "alone.json")
    print(f"one machine: {time.monotonic() - start:.1f} s, {sum(map(len, expected[0].values()))} bytes", flush=True)

    start_node(head=True)
    start_node(head=False)
    try:
        kills, runs, killed = 0, 0, set()
        chance = random.Random(0)
        while kills < arguments.kills or not {"worker", "node", "driver"} <= killed:
            start, of_run = time.monotonic(), []
            driver = selected(["dsir-ray", "select", "--address", ADDRESS], out, options, work / "many.json")
            time.sleep(3)
            while driver.poll() is None:
                time.sleep(chance.uniform(1.0, 5.0))
                what = chance.random()
                if what < 0.1 and "node" not in of_run:
                    # The raylet of the second node: its workers end with it.
                    raylets = [process for process, line in processes(b"raylet").items() if b"\0--head" not in line]
                    if raylets and kill(raylets[0]):
                        of_run.append("node")
                elif what < 0.3 and "driver" not in killed and driver.poll() is None:
                    driver.kill()
                    of_run.append("driver")
                else:
                    workers = sorted(processes(b"ray::do_piece"))
                    if workers and kill(chance.choice(workers)):
                        of_run.append("worker")
            runs += 1
            kills += len(of_run)
            killed |= {*of_run}
            ended = driver.wait()
            print(f"run {runs}: {time.monotonic() - start:.1f} s, exit code {ended}, killed {of_run}", flush=True)
            if "node" in of_run:
                start_node(head=False)
            if "driver" in of_run:
                continue
            assert ended == 0, "dsir-ray failed"
            assert result(out, work / "many.json") == expected, f"not what one machine selects: see {work}"
            left = [path.name for path in out.parent.iterdir() if path != out]
            assert not left, f"left behind: {left}"
            shutil.rmtree(out.parent)
            (out if arguments.folder else out.parent).mkdir(parents=True)
        print(f"the same bytes and the same summary in {runs} runs, after {kills} kills")
    finally:
        ray("stop", "--force", "--grace-period=1")
    shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main())

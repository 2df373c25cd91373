"""Weighs the shards of a folder from an object store on loopback, and downloads them, in turn:

    benches/stores.py DSIR S3S_FS CORPUS

S3S_FS is the program of that name (cargo install s3s-fs --features binary), which serves a folder. The opponent is curl,
which fetches all objects, four at a time, and throws them away.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

PORT = "8014"
KEY, SECRET = "AKIABENCHMARK", "secret-of-the-benchmark"


def main(dsir, server, corpus):
    shards = sorted(name for name in os.listdir(corpus) if not name.startswith("."))
    size = sum(os.path.getsize(os.path.join(corpus, name)) for name in shards)
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "root"))
        os.symlink(os.path.abspath(corpus), os.path.join(folder, "root", "corpus"))
        command = [server, "--host", "127.0.0.1", "--port", PORT, "--access-key", KEY, "--secret-key", SECRET]
        serving = subprocess.Popen(
            [*command, os.path.join(folder, "root")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            time.sleep(1)
            measure(dsir, corpus, shards, size, folder)
        finally:
            serving.kill()


def measure(dsir, corpus, shards, size, folder):
    endpoint = f"http://127.0.0.1:{PORT}"
    names = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    environment = {**os.environ, **names, "AWS_REGION": "us-east-1"}
    model = os.path.join(folder, "model.json")
    target = os.path.join(folder, "target.jsonl")
    with open(target, "w") as head:
        subprocess.run(["head", "-n", "500", os.path.join(corpus, shards[0])], stdout=head, check=True)
    fit = [dsir, "fit", "-q", "--target", target, "--fit-tokens", "10M", "-o", model, os.path.join(corpus, shards[0])]
    subprocess.run(fit, check=True, stderr=subprocess.DEVNULL)
    weigh = [dsir, "weigh", "-q", "--model", model, "-o", os.path.join(folder, "w")]
    curl = ["curl", "--no-progress-meter", "--fail", "--parallel", "--parallel-max", "4", "--aws-sigv4", "aws:amz:us-east-1:s3"]
    curl += ["--user", f"{KEY}:{SECRET}", "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"]
    for name in shards:
        curl += ["-o", "/dev/null", f"{endpoint}/corpus/{name}"]
    commands = {"curl": curl, "from the store": [*weigh, "s3://corpus/"], "from the disk": [*weigh, corpus]}
    seconds = {name: [] for name in commands}
    for _ in range(5):
        for name, command in commands.items():
            shutil.rmtree(os.path.join(folder, "w"), ignore_errors=True)
            start = time.perf_counter()
            subprocess.run(command, check=True, env=environment)
            seconds[name].append(time.perf_counter() - start)
    download = statistics.median(seconds["curl"])
    for name, times in seconds.items():
        median = statistics.median(times)
        print(f"{name:15} {median:.2f} s {size / median / 1e6:5.0f} MB/s {download / median:.2f} of the download")


main(*sys.argv[1:])

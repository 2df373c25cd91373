"""An object store on loopback, and what goes wrong on the way to one."""

from __future__ import annotations

import contextlib
import http.client
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3

BUCKET = "corpus"


class Store:
    """S3 as moto has it, reached through a proxy that a test can make fail."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.requests: Counter[str] = Counter()
        self.fault: Callable[[str, str, int], str | None] = lambda method, path, number: None
        self.proxy = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        threading.Thread(target=self.proxy.serve_forever, daemon=True).start()
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id="none",
            aws_secret_access_key="none",
            region_name="us-east-1",
        )

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.proxy.server_address[1]}"

    def put(self, key: str, body: bytes | str) -> None:
        self.client.put_object(Bucket=BUCKET, Key=key, Body=body)

    def get(self, key: str) -> bytes:
        return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def objects(self) -> list[str]:
        return [found["Key"] for found in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def unfinished_uploads(self) -> list[Any]:
        return self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])

    def clear(self) -> None:
        """Makes the bucket empty and everything work again."""
        for bucket in self.client.list_buckets()["Buckets"]:
            for found in self.client.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
                self.client.delete_object(Bucket=bucket["Name"], Key=found["Key"])
        self.client.create_bucket(Bucket=BUCKET)
        self.requests.clear()
        self.fault = lambda method, path, number: None


def handler(store: Store) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.split("?")[0]
            store.requests[f"{self.command} {path}"] += 1
            fault = store.fault(self.command, path, store.requests[f"{self.command} {path}"])
            if fault in ("403", "500", "503"):
                error = b"<Error><Code>InternalError</Code><Message>try again</Message></Error>"
                self.send_response(int(fault))
                self.send_header("Content-Length", str(len(error)))
                self.end_headers()
                self.wfile.write(error)
                return
            upstream = http.client.HTTPConnection("127.0.0.1", store.port)
            upstream.request(self.command, self.path, body, dict(self.headers))
            response = upstream.getresponse()
            content = response.read()
            self.send_response(response.status)
            for name, value in response.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "server", "date"):
                    self.send_header(name, value)
            if response.getheader("Content-Length") is None:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if fault == "cut":
                self.wfile.write(content[: len(content) // 2])
                self.wfile.flush()
                self.connection.shutdown(2)
                self.close_connection = True
            elif fault == "slow":
                for start in range(0, len(content), 1 << 16):
                    self.wfile.write(content[start : start + (1 << 16)])
                    time.sleep(0.01)
            else:
                self.wfile.write(content)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):  # the client has gone
                super().handle()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@contextlib.contextmanager
def serving() -> Iterator[Store]:
    """moto's server, at whatever port is free."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    port = next(int(line.rsplit(":", 1)[1]) for line in process.stderr if "Running on http" in line)
    # What it says must not fill the pipe.
    threading.Thread(target=process.stderr.read, daemon=True).start()
    store = Store(port)
    try:
        yield store
    finally:
        store.proxy.shutdown()
        process.kill()

#!/usr/bin/env python3
"""Make examples/corpus from texts in the public domain; ORIGIN.md there names them.

usage: make_examples.py SOURCES OUT
SOURCES holds kjv.txt (`bible -f gen1:1-rev22:21` of Debian's bible-kjv), jargon.dict.dz and devil.dict.dz (of dict-jargon and
dict-devil), and alice29.txt and asyoulik.txt of the Canterbury corpus (in the crate brotli 3.3.4).
Needs: the command zstd
"""
import gzip
import json
import random
import re
import subprocess
import sys
from pathlib import Path

sources, out = map(Path, sys.argv[1:])


def read(name):
    data = (sources / name).read_bytes()
    if name.endswith('.dz'):
        data = gzip.decompress(data)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode('latin-1')


def tidy(text):
    return re.sub(r'[ \t]+', ' ', text).strip()


def pieces(paragraphs, words):
    """Paragraphs joined to documents of at least so many words."""
    document = []
    for paragraph in paragraphs:
        document.append(paragraph)
        if sum(len(part.split()) for part in document) >= words:
            yield '\n'.join(document)
            document = []


def paragraphs(name, separator=r'\n\s*\n'):
    text = read(name).replace('\r', '')
    return [tidy(part.replace('\n', ' ')) for part in re.split(separator, text) if tidy(part)]


def entries(name, start):
    """Entries of a dictionary, each a paragraph: a new one begins at a line that `start` matches."""
    text = read(name).replace('\r', '')
    parts = re.split(rf'\n(?={start})', text)
    return [tidy(re.sub(r'\s+', ' ', part)) for part in parts[5:] if len(part.split()) > 15]


def verses():
    for line in read('kjv.txt').splitlines():
        if match := re.match(r'\s*\w+:\d+\s+(.*)', line):
            yield tidy(match[1])


random.seed(1)
documents = {
    'jargon': list(pieces(entries('jargon.dict.dz', r'\S[^\n]*\n /'), 150)),
    'devil': list(pieces(entries('devil.dict.dz', r'[A-Z][A-Z-]+, '), 150)),
    'bible': random.sample(list(pieces(verses(), 250)), 800),
    'alice': list(pieces(paragraphs('alice29.txt')[5:], 150)),
    'shakespeare': list(pieces(paragraphs('asyoulik.txt')[5:], 150)),
}
random.shuffle(documents['jargon'])
target, documents['jargon'] = documents['jargon'][:80], documents['jargon'][80:]

raw = [(source, text) for source, texts in documents.items() for text in texts]
random.shuffle(raw)
lines = [json.dumps({'id': number, 'source': source, 'text': text}, ensure_ascii=False) + '\n'
         for number, (source, text) in enumerate(raw)]

(out / 'raw').mkdir(parents=True, exist_ok=True)
shards = [''.join(lines[start::4]) for start in range(4)]
(out / 'raw/0.jsonl').write_text(shards[0])
(out / 'raw/1.jsonl').write_text(shards[1])
(out / 'raw/2.jsonl.gz').write_bytes(gzip.compress(shards[2].encode(), 9, mtime=0))
(out / 'raw/3.jsonl.zst').write_bytes(
    subprocess.run(['zstd', '-19', '-c'], input=shards[3].encode(), capture_output=True, check=True).stdout)
with open(out / 'target.jsonl', 'w') as file:
    file.writelines(json.dumps({'source': 'jargon', 'text': text}, ensure_ascii=False) + '\n' for text in target)
for source, texts in documents.items():
    print(f'{source:12} {len(texts):5} documents {sum(map(len, texts)) / 1e6:.2f} MB')
print(f'target       {len(target):5} documents')

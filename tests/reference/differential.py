#!/usr/bin/env python3
"""Hold `dsir` against Python's json, re and hashlib on random JSONL: which records are sound, and every bucket's count.

usage: differential.py DSIR [RECORDS [SEED]]

Needs Python 3.11, whose Unicode 14 is the program's. Half of the records hold all that JSON allows; the others are damaged in
one place. A sound record is what json.loads takes for an object, of UTF-8, without NaN and Infinity, whose field `text` is a
string without half a surrogate pair; tokens and buckets are those of the published program.
"""
import collections
import hashlib
import json
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

if sys.version_info[:2] != (3, 11):
    sys.exit('differential.py: needs Python 3.11')
sys.set_int_max_str_digits(0)

BUCKETS = 65536
TOKENS = re.compile(r'\w+|[^\w\s]+')
SPACES = ['', '', '', ' ', '\t', '  ', '\r']
SCRIPTS = [(0x20, 0x7E), (0x20, 0x7E), (0x20, 0x7E), (0xA0, 0x24F), (0x370, 0x52F), (0x5D0, 0x6FF), (0x900, 0x97F), (0x1E00, 0x206F),
           (0x3040, 0x30FF), (0x4E00, 0x4FFF), (0xAC00, 0xACFF), (0xFB00, 0xFEFF), (0x10400, 0x1044F), (0x1D400, 0x1D7FF), (0x1F300, 0x1F6FF)]


def text(choose):
    length = choose.choice([0, 1, 3, 10, 40, 200])
    characters = []
    script = choose.choice(SCRIPTS)
    for _ in range(length):
        if choose.random() < 0.1:
            script = choose.choice(SCRIPTS)
        character = chr(choose.randint(*script))
        characters.append(choose.choice([character, character, character, ' ', 'the', '\n', '\x1f', '"', '\\', '\x85', '_']))
    return ''.join(characters)


def string(choose, value):
    """`value` as JSON, each character in one of the ways that JSON has."""
    short = {'"': '\\"', '\\': '\\\\', '/': '\\/', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t'}
    parts = []
    for character in value:
        units = character.encode('utf-16-be', 'surrogatepass')
        hexadecimal = ''.join('\\u' + units[at:at + 2].hex() for at in range(0, len(units), 2))
        if choose.random() < 0.5:
            hexadecimal = hexadecimal.upper().replace('\\U', '\\u')
        if character in short and choose.random() < 0.8:
            parts.append(short[character])
        elif ord(character) < 0x20 or character in '"\\' or 0xD800 <= ord(character) < 0xE000 or choose.random() < 0.05:
            parts.append(hexadecimal)
        else:
            parts.append(character)
    return '"' + ''.join(parts) + '"'


def value(choose, depth=0):
    kind = choose.randrange(8 if depth < 6 else 6)
    space = lambda: choose.choice(SPACES)
    if kind == 6:
        return '[' + (space() + ',').join(space() + value(choose, depth + 1) for _ in range(choose.randrange(4))) + space() + ']'
    if kind == 7:
        return thing(choose, [(text(choose), value(choose, depth + 1)) for _ in range(choose.randrange(4))])
    number = choose.choice(['0', '-0', '-0.0', '1e5', '1E+999', '-2.5e-400', '9' * choose.randrange(1, 400), '0.' + '3' * choose.randrange(1, 60)])
    return [lambda: number, lambda: choose.choice(['true', 'false', 'null']), lambda: number,
            lambda: string(choose, text(choose)), lambda: string(choose, text(choose) + choose.choice(['', '\ud800', '\udfff'])),
            lambda: '[' * depth * 20 + ']' * depth * 20 if depth else '{}'][kind]()


def thing(choose, entries):
    space = lambda: choose.choice(SPACES)
    inside = ','.join(f'{space()}{string(choose, key)}{space()}:{space()}{of}{space()}' for key, of in entries)
    return '{' + (inside or space()) + '}'


def record(choose):
    entries = [(text(choose), value(choose)) for _ in range(choose.randrange(4))]
    for _ in range(choose.choice([0, 1, 1, 1, 1, 1, 2])):
        entries.append(('text', choose.choice([string(choose, text(choose))] * 8 + [value(choose)])))
    choose.shuffle(entries)
    line = (choose.choice(SPACES) + thing(choose, entries) + choose.choice(SPACES)).encode()
    if choose.random() < 0.5:
        at = choose.randrange(len(line))
        piece = choose.choice([b'', bytes([choose.randrange(256)]), b'"', b'\\', b'{', b'}', b',', b'NaN', b'\xed\xa0\x80', b'\\ud800', b'\\u12', b'00', b'\x00'])
        line = line[:at] + piece + line[at + choose.randrange(3):]
    return line.replace(b'\n', b' ')


def judge(line):
    """The text, or None."""
    def refuse(_):
        raise ValueError
    try:
        found = json.loads(line.decode(), parse_constant=refuse)
        return found['text'] if isinstance(found, dict) and found['text'].encode() is not None else None
    except (ValueError, KeyError, AttributeError):
        return None


def main():
    dsir, count, seed = sys.argv[1], int((sys.argv[2:] + ['20000'])[0]), int((sys.argv[3:] + ['1'])[0])
    choose = random.Random(seed)
    lines = [record(choose) for _ in range(count)]
    bad, counts, tokens = set(), collections.Counter(), 0
    for number, line in enumerate(lines, 1):
        found = judge(line)
        if found is None:
            if line.strip(b' \t\r\x0b\x0c'):
                bad.add(number)
            continue
        words = TOKENS.findall(found.lower())
        tokens += len(words)
        for ngram in words + [' '.join(pair) for pair in zip(words, words[1:])]:
            counts[int(hashlib.sha256(ngram.encode()).hexdigest(), 16) % BUCKETS] += 1
    with tempfile.TemporaryDirectory() as folder:
        shard, model, rejects = (Path(folder) / name for name in ('raw.jsonl', 'model.json', 'rejects.jsonl'))
        shard.write_bytes(b'\n'.join(lines) + b'\n')
        subprocess.run([dsir, 'fit', '--quiet', '--hash', 'sha256', '--buckets', str(BUCKETS), '--fit-tokens', 'all', '--rejects', rejects, '-o', model, shard], check=True)
        rejected = {json.loads(line)['line'] for line in rejects.read_bytes().splitlines()}
        levels = json.loads(model.read_text())['raw']['levels']
    for number in sorted(bad ^ rejected)[:10]:
        print(f'line {number}: {"refused" if number in rejected else "taken"} by dsir, not by Python: {lines[number - 1]!r}')
    ours = collections.Counter({bucket: sum(level['counts'][bucket] for level in levels) for bucket in range(BUCKETS)})
    wrong = sum(ours[bucket] != counts[bucket] for bucket in range(BUCKETS))
    print(f'{count} records, {len(bad)} of them bad, {tokens} tokens, {sum(counts.values())} n-grams: '
          f'{len(bad ^ rejected)} records and {wrong} of {BUCKETS} buckets differ')
    sys.exit(1 if bad ^ rejected or wrong or tokens != sum(level['tokens'] for level in levels) else 0)


if __name__ == '__main__':
    main()

#!/usr/bin/env python3
"""What `dsir measure` has to say, by a straightforward computation with NumPy.

usage: measure.py                       write selected.jsonl and measured.json beside this script
       measure.py DSIR [CASES [SEED]]   hold `dsir` against it on random corpora

Needs Python 3.11, whose Unicode 14 is the program's, and: pip install numpy xxhash. Everything is counted by the words of the docs:
tokens by `re`, buckets by SHA-256, exact sets of n-grams and records, and KL as the authors of DSIR write it. Numbers have to agree
to 1e-9, but for the estimated number of different n-grams: to 4 percent, five of its standard deviations.
"""
import collections
import functools
import hashlib
import json
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import xxhash

if sys.version_info[:2] != (3, 11):
    sys.exit('measure.py: needs Python 3.11')

HERE = Path(__file__).parent
MASK = 2**64 - 1
STEP = 0x9E3779B97F4A7C15


@functools.lru_cache(maxsize=None)
def digest(ngram):
    return int(hashlib.sha256(ngram.encode()).hexdigest(), 16)


def mix(x):
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def place(content, seed):
    key = 0
    for of in (seed, MASK, MASK):
        key = mix((key ^ of) + STEP & MASK)
    return mix((content ^ key) + STEP & MASK)


class Document:
    def __init__(self, record, ngrams):
        self.record = record
        self.text = json.loads(record)['text']
        self.content = xxhash.xxh3_64_intdigest(record)
        tokens = re.findall(r'\w+|[^\w\s]+', self.text.lower())
        self.tokens = len(tokens)
        self.ngrams = [' '.join(tokens[i:i + n]) for n in range(1, ngrams + 1) for i in range(len(tokens) - n + 1)]


class Corpus:
    """Documents, or the first `sample` of them by their places."""

    def __init__(self, paths, ngrams, buckets, sample=None, seed=0):
        lines = [line.removesuffix(b'\r') for path in paths for line in Path(path).read_bytes().split(b'\n')]
        everything = [Document(line, ngrams) for line in lines if line.strip()]
        self.all = len(everything)
        ordered = sorted(everything, key=lambda document: place(document.content, seed))
        self.documents = ordered[:sample]
        self.is_part = len(self.documents) < self.all
        self.buckets = buckets
        self.counts = self.count(self.documents)

    def count(self, documents):
        found = [digest(ngram) % self.buckets for document in documents for ngram in document.ngrams]
        return np.bincount(np.array(found, dtype=np.int64), minlength=self.buckets)

    def size(self):
        tokens = sum(document.tokens for document in self.documents)
        return {'documents': self.all, 'counted': len(self.documents), 'tokens': tokens,
                'tokens_per_document': tokens / len(self.documents), 'ngrams': int(self.counts.sum())}

    def levels(self):
        by_level = collections.defaultdict(list)
        for document in self.documents:
            by_level[64 - document.content.bit_length()].append(document)
        return by_level.values()


def density(counts, smoothing=0.0):
    return (counts + smoothing) / (counts + smoothing).sum()


def kl(p, q, epsilon):
    return float((p * (np.log(p + epsilon) - np.log(q + epsilon))).sum())


def chance(p, raw, epsilon, ngrams):
    q = density(raw.counts)
    total, strayed = raw.counts.sum(), []
    for documents in raw.levels():
        counts = raw.count(documents)
        if len(documents) >= 8 and 0 < counts.sum() < total:
            astray = (p / (q + epsilon) * (counts / counts.sum() - q)).sum()
            strayed.append(astray**2 * counts.sum() / (1 - counts.sum() / total))
    return float(np.sqrt(np.mean(strayed) / ngrams)) if len(strayed) >= 3 else None


def repeats(documents, what):
    seen, repeated = set(), []
    for document in documents:
        if what(document) in seen:
            repeated.append(document)
        seen.add(what(document))
    tokens = sum(document.tokens for document in documents)
    return len(repeated) / len(documents), sum(document.tokens for document in repeated) / max(tokens, 1)


def measure(raw, targets, selections, ngrams, buckets, smoothing, epsilon, sample, seed):
    """What `measure --json` prints, as far as it can be known without estimating."""
    raw = Corpus(raw, ngrams, buckets, sample, seed)
    targets = {name: Corpus(paths, ngrams, buckets) for name, paths in targets.items()}
    selections = {name: Corpus(paths, ngrams, buckets, sample, seed) for name, paths in selections.items()}
    rows = []
    for name, selected in selections.items():
        row = {'name': name, **selected.size(), 'bytes': sum(len(document.record) + 1 for document in selected.documents), 'kl': []}
        row['distinct_ngrams'] = len({ngram for document in selected.documents for ngram in document.ngrams})
        for target, corpus in targets.items():
            p = density(corpus.counts, smoothing)
            from_raw, from_selected = (kl(p, density(other.counts), epsilon) for other in (raw, selected))
            row['kl'].append({'target': target, 'raw': from_raw, 'selected': from_selected, 'reduction': from_raw - from_selected,
                              'chance': chance(p, raw, epsilon, selected.counts.sum())})
        row['kl_mean'] = {key: float(np.mean([one[key] for one in row['kl']])) for key in ('raw', 'selected', 'reduction')}
        documents, tokens = repeats(selected.documents, lambda document: document.record)
        row['repeated_records'] = {'documents': documents, 'tokens': tokens, 'estimated': selected.is_part}
        row['repeated_texts'] = None
        if not selected.is_part:
            documents, tokens = repeats(selected.documents, lambda document: document.text)
            row['repeated_texts'] = {'documents': documents, 'tokens': tokens, 'estimated': False}
        rows.append(row)
    overlaps = []
    for i, (first, one) in enumerate(selections.items()):
        for second, other in list(selections.items())[i + 1:]:
            if not one.is_part and not other.is_part:
                a, b = ({document.record for document in corpus.documents} for corpus in (one, other))
                overlaps.append({'first': first, 'second': second, 'shared': len(a & b), 'jaccard': len(a & b) / len(a | b),
                                 'of_first': len(a & b) / len(a), 'of_second': len(a & b) / len(b), 'estimated': False})
    lone = {name: float((corpus.counts == 1).sum() / corpus.counts.sum()) for name, corpus in targets.items()}
    result = {'raw': raw.size(), 'selections': rows,
              'targets': [{'name': name, **corpus.size(), 'lone_ngrams': lone[name]} for name, corpus in targets.items()]}
    return result | ({'overlaps': overlaps} if len(overlaps) == len(selections) * (len(selections) - 1) // 2 else {})


def arguments(raw, targets, selections, ngrams, buckets, smoothing, epsilon, sample, seed):
    options = ['measure', '--json', '--quiet', '--hash', 'sha256', '--separate-targets', '--ngrams', ngrams, '--buckets', buckets,
               '--smoothing', smoothing, '--epsilon', epsilon, '--seed', seed] + (['--sample', sample] if sample else [])
    for option, corpora in (('--target', targets), ('--selected', selections)):
        for name, paths in corpora.items():
            options += [of for path in paths for of in (option, f'{name}={path}')]
    return [str(option) for option in options + raw]


def differences(ours, theirs, where=''):
    """What is in `theirs` and is not so in `ours`."""
    if isinstance(theirs, dict):
        return [found for key in theirs for found in differences(ours.get(key), theirs[key], f'{where}.{key}')]
    if isinstance(theirs, list):
        return [f'{where}: {len(ours)} entries, not {len(theirs)}'] * (len(ours) != len(theirs)) + \
            [found for i, (a, b) in enumerate(zip(ours, theirs)) for found in differences(a, b, f'{where}[{i}]')]
    if where.endswith('.distinct_ngrams'):
        return [] if abs(ours - theirs) <= 0.04 * theirs + 1 else [f'{where}: {ours}, not {theirs}']
    if isinstance(theirs, float):
        return [] if ours is not None and abs(ours - theirs) <= 1e-9 * max(1, abs(theirs)) else [f'{where}: {ours}, not {theirs}']
    return [] if ours == theirs else [f'{where}: {ours}, not {theirs}']


def write_expected():
    raw = [line for line in (HERE / 'raw.jsonl').read_bytes().split(b'\n') if line.strip()]
    # Every third record, five of them again, and five texts again in other records.
    again = [json.dumps({'text': json.loads(line)['text'], 'again': True}).encode() for line in raw[30:60:6]]
    (HERE / 'selected.jsonl').write_bytes(b'\n'.join(raw[::3] + raw[:30:6] + again) + b'\n')
    files = {name: [f'{name}.jsonl'] for name in ('raw', 'selected', 'target_a', 'target_b')}
    cases = []
    for ngrams, buckets, smoothing, epsilon, sample, seed in [(1, 1000, 0, 1e-8, None, 0), (2, 10000, 0, 1e-8, None, 0), (3, 65536, 0.5, 1e-10, None, 0),
                                                              (2, 10000, 0, 1e-10, 40, 0), (2, 5000, 0, 1e-10, 50, 7)]:
        case = dict(raw=files['raw'], targets={'a': files['target_a'], 'b': files['target_b']}, ngrams=ngrams, buckets=buckets, smoothing=smoothing,
                    selections={'part': files['selected'], 'whole': files['raw'], 'other': files['target_b'] + files['target_a']},
                    epsilon=epsilon, sample=sample, seed=seed)
        here = {key: [HERE / path for path in of] if key == 'raw' else {name: [HERE / path for path in paths] for name, paths in of.items()}
                for key, of in case.items() if key in ('raw', 'targets', 'selections')}
        cases.append({'arguments': arguments(**case), 'expected': measure(**(case | here))})
    rows = ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases)
    (HERE / 'measured.json').write_text(f'[\n{rows}\n]\n', newline='\n')


def random_case(choose, folder):
    words = [''.join(choose.choices('abcdeßжλ好', k=choose.randrange(1, 6))) for _ in range(choose.choice([20, 300, 3000]))]
    mood = lambda: choose.sample(words, len(words))

    def texts(count, mood):
        return [' '.join(mood[int(len(mood) * choose.random() ** 2)] + choose.choice(['', '', '', ',', '!?'])
                         for _ in range(int(choose.expovariate(1 / 30)) + 1)) for _ in range(count)]

    def write(name, lines):
        choose.shuffle(lines)
        cut = sorted(choose.choices(range(1, len(lines) + 1), k=choose.choice([0, 0, 1, 2])))
        paths = []
        for i, (start, end) in enumerate(zip([0] + cut, cut + [len(lines)])):
            path = Path(folder) / f'{name}-{i}.jsonl'
            path.write_text(''.join(line + choose.choice(['\n', '\r\n', '\n\n']) for line in lines[start:end]))
            paths.append(str(path))
        return paths

    record = lambda text: json.dumps({'id': choose.randrange(3), 'text': text}, ensure_ascii=choose.random() < 0.5)
    moods = [mood() for _ in range(3)]
    raw = [record(text) for of in moods for text in texts(choose.randrange(1, 300), of)]
    raw += choose.choices(raw, k=choose.choice([0, 5, 50]))
    targets = {f't{i}': write(f't{i}', [record(text) for text in texts(choose.randrange(1, 40), choose.choice(moods))]) for i in range(choose.choice([1, 1, 2, 3]))}
    selections = {}
    for i in range(choose.choice([1, 2, 3])):
        lines = choose.choices(raw, k=choose.randrange(1, 200)) + [record(text) for text in texts(choose.choice([0, 20]), mood())]
        selections[f's{i}'] = write(f's{i}', lines)
    return dict(raw=write('raw', raw), targets=targets, selections=selections, ngrams=choose.choice([1, 2, 2, 3, 5]), buckets=choose.choice([1, 7, 1000, 10000, 1000003]),
                smoothing=choose.choice([0, 0, 0.5]), epsilon=choose.choice([1e-8, 1e-10, 1e-3]), sample=choose.choice([None, None, 1, 10, 60, 100000]), seed=choose.choice([0, 1, MASK]))


def main():
    if len(sys.argv) == 1:
        return write_expected()
    dsir, count, seed = sys.argv[1], int((sys.argv[2:] + ['100'])[0]), int((sys.argv[3:] + ['1'])[0])
    choose, wrong = random.Random(seed), 0
    for number in range(count):
        with tempfile.TemporaryDirectory() as folder:
            case = random_case(choose, folder)
            ran = subprocess.run([dsir] + arguments(**case) + ['--threads', str(choose.choice([1, 2, 5]))], check=True, capture_output=True)
            found = differences(json.loads(ran.stdout), measure(**case))
            wrong += len(found)
            for line in found[:5]:
                print(f'case {number}: {line}')
    print(f'{count} cases: {wrong} numbers differ')
    sys.exit(1 if wrong else 0)


if __name__ == '__main__':
    main()

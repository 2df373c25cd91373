#!/usr/bin/env python3
"""Hold `dsir prepare` against a plain Python computation by the rules of the paper's published scripts, on real text.

usage: prepare.py DSIR STOP_WORDS SHARD... [--bytes N]

Needs Python 3.11 and nltk 3.9.1. STOP_WORDS is NLTK's English list of 179 words, one on each line (data of before February 2025). The
sentence model is trained on the shards themselves and serves both. From every shard come its records until N bytes (default
1000000). The rules: pieces are each 128 of text.split(' '), joined with one space; tokens are word_tokenize of the piece in lower case,
joined with spaces and split again; the scores and bounds are those of docs/method.md; packs join the texts of each two.
"""
import argparse
import collections
import itertools
import json
import string
import subprocess
import sys
import tempfile
from pathlib import Path

if sys.version_info[:2] != (3, 11):
    sys.exit('prepare.py: needs Python 3.11')

import nltk
from nltk.tokenize.punkt import PunktTrainer, save_punkt_params

WORDS = 128
DIGITS = set('0123456789')


def read(shard, limit):
    with open(shard, 'rb') as lines:
        for line in lines:
            limit -= len(line)
            yield json.loads(line)
            if limit < 0:
                return


def pieces(text):
    words = text.split(' ')
    return [' '.join(words[at:at + WORDS]) for at in range(0, len(words), WORDS)]


def score(text, uninformative):
    tokens = ' '.join(nltk.word_tokenize(text.lower())).split()
    if not tokens:
        return 0, 0.0, 0.0, 0.0
    commonest = max(collections.Counter(tokens).values())
    informative = sum(token not in uninformative for token in tokens)
    numeric = sum(token not in DIGITS for token in tokens)
    return len(tokens), commonest / len(tokens), informative / len(tokens), numeric / len(tokens)


def is_kept(scores):
    tokens, repeating, informative, numeric = scores
    return 40 < tokens < 500 and 0.02 < repeating < 0.2 and 0.3 < informative < 0.7 and numeric > 0.8


def prepare(dsir, path, *options):
    ran = subprocess.run([dsir, 'prepare', '--quiet', *options, path], check=True, stdout=subprocess.PIPE)
    return [json.loads(line) for line in ran.stdout.splitlines()]


def compare(what, ours, expected):
    different = [at for at, (a, b) in enumerate(itertools.zip_longest(ours, expected)) if a != b]
    for at in different[:3]:
        print(f'  {what}, {at}: {ours[at:at + 1]!r:.300} instead of {expected[at:at + 1]!r:.300}')
    print(f'{what}: {len(expected)} compared, {len(different)} differ')
    return len(different)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('dsir')
    parser.add_argument('stop_words', type=Path)
    parser.add_argument('shards', nargs='+', type=Path)
    parser.add_argument('--bytes', type=int, default=1_000_000)
    args = parser.parse_args()
    stop_words = args.stop_words.read_text().split()
    if len(stop_words) != 179:
        sys.exit(f'{args.stop_words}: {len(stop_words)} words, not 179')
    uninformative = set(stop_words) | set(string.punctuation)
    raw = [record for shard in args.shards for record in read(shard, args.bytes)]

    with tempfile.TemporaryDirectory() as folder:
        punkt = Path(folder) / 'tokenizers' / 'punkt_tab' / 'english'
        punkt.mkdir(parents=True)
        trainer = PunktTrainer()
        for record in raw:
            trainer.train(record['text'], finalize=False)
        trainer.finalize_training()
        save_punkt_params(trainer.get_params(), dir=str(punkt))
        nltk.data.path.insert(0, folder)

        path = Path(folder) / 'raw.jsonl'
        path.write_text(''.join(json.dumps({'n': n, **record}, ensure_ascii=n % 2 == 0) + '\n' for n, record in enumerate(raw)))
        cut = [{'n': n, **record, 'text': piece} for n, record in enumerate(raw) for piece in pieces(record['text'])]
        scores = [score(record['text'], uninformative) for record in cut]
        kept = [record for record, of in zip(cut, scores) if is_kept(of)]
        packed = [''.join(record['text'] for record in kept[at:at + 2]) for at in range(0, len(kept), 2)]

        chunk, quality = ['--chunk-words', str(WORDS)], ['--quality', 'paper', '--punkt', punkt]
        ours = prepare(args.dsir, path, *chunk, '--quality-field=scores', '--punkt', punkt)
        measured = [record.pop('scores') for record in ours]
        names = ('tokens', 'repeating', 'informative', 'numeric')
        wrong = compare('scores', [tuple(of[name] for name in names) for of in measured], scores)
        wrong += compare('pieces', ours, cut)
        wrong += compare('kept', prepare(args.dsir, path, *chunk, *quality), kept)
        packs = prepare(args.dsir, path, *chunk, *quality, '--pack', '2', '--pack-separator', '')
        wrong += compare('packs', [pack['text'] for pack in packs], packed)
        wrong += compare('packed fields', [n for pack in packs for n in pack['n']], [record['n'] for record in kept])
        print(f'{len(raw)} records, {len(cut)} pieces, {sum(of[0] for of in scores)} tokens, {len(kept)} pieces kept')
        sys.exit(wrong > 0)


if __name__ == '__main__':
    main()

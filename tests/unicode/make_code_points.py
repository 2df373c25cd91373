#!/usr/bin/env python3
"""Write what Python 3.11 (Unicode 14) says of every code point but the surrogates, beside this script.

code_points.tsv   start end class        runs of code points that are word, space or other
lower.tsv         code_point lower       every code point that str.lower() changes; lower is one or two code points
digits_and_case.tsv   start end kind     runs of code points that are decimal, upper, lower or none of these
final_sigma.tsv   start end bits         runs; whether the capital sigma becomes a final one in
                                         'A' + c + sigma, c + sigma, 'A' + sigma + c, 'A' + sigma + c + 'A'
"""
import sys
from itertools import groupby
from pathlib import Path

if sys.version_info[:2] != (3, 11):
    sys.exit('make_code_points.py: needs Python 3.11, whose Unicode 14 is the expected one')

HERE = Path(__file__).parent
SIGMA, FINAL_SIGMA = '\u03a3', '\u03c2'
CODE_POINTS = [*range(0xD800), *range(0xE000, 0x110000)]


def character_class(c):
    if c.isalnum() or c == '_':
        return 'word'
    return 'space' if c.isspace() else 'other'


def digit_or_case(c):
    kinds = [('decimal', c.isdecimal()), ('upper', c.isupper()), ('lower', c.islower())]
    held = [kind for kind, holds in kinds if holds]
    assert len(held) <= 1
    return held[0] if held else 'none'


def final_sigma(c):
    finals = [
        ('A' + c + SIGMA).lower()[-1],
        (c + SIGMA).lower()[-1],
        ('A' + SIGMA + c).lower()[1],
        ('A' + SIGMA + c + 'A').lower()[1],
    ]
    return ''.join('1' if s == FINAL_SIGMA else '0' for s in finals)


def write_runs(name, classify):
    # Neighbours in value and of one class share a run; the gap at the surrogates always ends one.
    def key(item):
        return classify(chr(item)), item > 0xDFFF

    with open(HERE / name, 'w', newline='\n') as out:
        for (kind, _), run in groupby(CODE_POINTS, key):
            run = list(run)
            out.write(f'{run[0]:x}\t{run[-1]:x}\t{kind}\n')


def write_lower(name):
    with open(HERE / name, 'w', newline='\n') as out:
        for code in CODE_POINTS:
            lower = chr(code).lower()
            if lower != chr(code):
                out.write(f'{code:x}\t{" ".join(f"{ord(c):x}" for c in lower)}\n')


write_runs('code_points.tsv', character_class)
write_lower('lower.tsv')
write_runs('digits_and_case.tsv', digit_or_case)
write_runs('final_sigma.tsv', final_sigma)

#!/usr/bin/env python3
"""Write segments.jsonl beside this script: the texts of tokens.jsonl and their tokens by the tokenizer `unicode`.

Needs Python 3.11, whose Unicode 14 is the one that lower-cases, and: pip install uniseg==0.10.1, another implementation of UAX #29, in
Unicode 16. Texts with characters that Unicode 14 did not have are left out, and those with the cedilla, U+00B8, which is a letter in
Unicode 17: a word boundary next to them may be another.
"""
import json
import sys
import unicodedata
from pathlib import Path

from uniseg.wordbreak import words

if sys.version_info[:2] != (3, 11):
    sys.exit('make_segments.py: needs Python 3.11')

HERE = Path(__file__).parent


def is_settled(c):
    """The same from Unicode 14 to 17: assigned, or for good no character."""
    return c != '\u00b8' and (unicodedata.category(c) != 'Cn' or ord(c) & 0xFFFE == 0xFFFE)


with open(HERE / 'segments.jsonl', 'w', newline='\n') as out:
    for line in open(HERE / 'tokens.jsonl', encoding='utf-8'):
        text = json.loads(line)['text']
        if all(map(is_settled, text)):
            tokens = [token for token in words(text.lower()) if not token.isspace()]
            out.write(json.dumps({'text': text, 'tokens': tokens}) + '\n')

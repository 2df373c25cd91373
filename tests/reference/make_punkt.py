#!/usr/bin/env python3
"""Train a small Punkt model, in the form of NLTK's punkt_tab.

usage: make_punkt.py OUT [TEXTS...]

Needs: pip install nltk==3.9.1. OUT gets abbrev_types.txt, collocations.tab, sent_starters.txt and ortho_context.tab, their lines
sorted. TEXTS are plain JSONL files with a field `text`; by default those of examples/corpus that are not compressed, from which
the model in punkt/ beside this script was made, with contexts of words that occur once left out. Public-domain text makes a
public-domain model; NLTK's own is not in this repository.
"""
import json
import sys
from collections import Counter
from pathlib import Path

from nltk.tokenize.punkt import PunktTrainer, save_punkt_params

HERE = Path(__file__).parent
CORPUS = HERE.parents[1] / 'examples' / 'corpus'

out = Path(sys.argv[1])
files = sys.argv[2:] or [CORPUS / 'target.jsonl', CORPUS / 'raw' / '0.jsonl', CORPUS / 'raw' / '1.jsonl']
texts = [json.loads(line)['text'] for file in files for line in open(file, encoding='utf-8')]

trainer = PunktTrainer()
trainer.INCLUDE_ALL_COLLOCS = True
for text in texts:
    trainer.train(text, finalize=False)
trainer.finalize_training()
params = trainer.get_params()
words = Counter(word.strip('.,;:!?()"\'') for text in texts for word in text.lower().split())
params.ortho_context = {word: bits for word, bits in params.ortho_context.items() if words[word] > 4 or word in params.sent_starters}

save_punkt_params(params, dir=out)
for file in out.iterdir():
    lines = sorted(file.read_text(encoding='utf-8').split('\n'))
    file.write_text(''.join(line + '\n' for line in lines if line), encoding='utf-8')

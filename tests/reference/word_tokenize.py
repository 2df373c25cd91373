#!/usr/bin/env python3
"""Hold the tokenizer `word_tokenize` against NLTK's, on random texts and on documents.

usage: word_tokenize.py WORD_TOKENS PUNKT [RANDOM [SEED [JSONL...]]]
       word_tokenize.py --expected

Needs Python 3.11, whose Unicode 14 is the program's, and: pip install nltk==3.9.1. WORD_TOKENS is the example program
(cargo build --release --example word_tokens), PUNKT the folder of a sentence model, as punkt/ beside this script. RANDOM is how
many random texts are made of pieces that make trouble where they meet, 20000 by default. JSONL are plain files with a field `text`.
Each text is taken as it is and in lower case.

--expected writes word_tokens.jsonl beside this script, with the model in punkt/: texts and what nltk.word_tokenize makes of them.
"""
import json
import random
import subprocess
import sys
from pathlib import Path

from nltk.tokenize.destructive import NLTKWordTokenizer
from nltk.tokenize.punkt import PunktSentenceTokenizer, load_punkt_params

if sys.version_info[:2] != (3, 11):
    sys.exit('word_tokenize.py: needs Python 3.11')

HERE = Path(__file__).parent

WRITTEN = [
    '', ' ', '.', '...', '"', "'", '!!!', '.\n', '\n\n', '?!', 'a', ' .a. ', '. . .', '.) (.',
    'Good muffins cost $3.88 (roughly 3,36 euros)\nin New York.  Please buy me\ntwo of them.\nThanks.',
    'Dr. Smith met Mr. J. H. Watson in St. Louis, U.S.A. They talked. 1. First! 2. Second? No. 3 it was.',
    '"Why," said he, "must I?" "Because," she said. "You cannot stay." (He left.) \'Tis so. [And so on.]',
    "don't can't won't I'll we've they're he's she'd I'm o'clock rock'n'roll y'all'd've dogs' 'em '90s l'a ''x'' 'a'",
    "gimme gonna gotta lemme wanna cannot d'ye more'n 'tis 'twas whaddya wanna. wanna-be it'tis 'twas'tis 'tis'twas",
    "g\u0131mme 't\u0131s 'wa\u017f 'ti\u017f '\u017f x'\u017f \u212aan GİMME 'TİS",
    'e.g. this, i.e. that, etc. The end... or not?.. well--so---and ----. 10:30, 1,000;a:b,,c:,d,5 ,\u0665 50% #1 @x &c. *b*',
    '«Bonjour», dit-il. “Hello.” ‘Hi.’ „Ja.“ it’s ”. Next » end.” New. \u201cA.\u201d',
    '``quoted\'\' ```x``` `y` "(a)" ("b") ["c"] {"d"} <"e"> ""f"" "\u00a0"g"\n"h" \'\'i ""',
    'a.\u00a0b.\u00a0.\u00a0. c\x1cd.\x1de\x85f.\u2028g \u3000h.\u3000i x\x0by\x0cz.\rw',
    '今天天气很好。我们去公园. 好!（散步）「はい」. สวัสดี. हिन्दी। ٣.١٤، ١٢٣. Ünïcode. ΟΔΟΣ. Σ. İ. 𝐀. B.',
    'if (x[i] != y) { return "a.b.c"; } // done. see a.b(). foo::bar->baz(1, 2., .5); #include <x.h>. i++. "e.g." f(x)?y:z!',
]

PIECES = [
    'the', 'a', 'The', 'x', 'I', 'and', 'however', 'However', 'Alice', 'bach', 'dr', 'Dr.', 'mr.', 'e.g.', 'i.e', 'etc.', 'U.S.', 'u.s', 'u.s.a.',
    'j.', 'B.', 'adj.', 'n.', 'v.', 'esp.', 'imp.', 'st.', 'p.m.', 'non-esp.', 'a-adj.', '-.', 'no.', 'fig.', 'cannot', 'Cannot', 'gonna', 'gimme',
    'g\u0131mme', 'lemme', 'wanna', 'gotta', "d'ye", "more'n", "'tis", "'Twas", "'ti\u017f", "don't", "N'T", "can't", "'s", "'S", "'ll", "'LL", "'Re",
    "'ve", "'m", "'d", "'a", "'9", "s'", '1', '3.', '3.5', '1,000', '-5', '.5', '12:30', '\u0663', '\u0663.', '\u00b2', '.', '.', '.', '..', '...', '. . .',
    '?', '!', '?!', '!!', ',', ',', ':', ';', ',,', ':,', '"', '"', '"', "'", "''", "'''", '`', '``', '```', '(', ')', '[', ']', '{', '}', '<', '>', '.)', '."',
    ".'", '.”', '-', '--', '---', '*', '@', '#', '$', '%', '&', '/', '\\', '_', '~', '«', '»', '“', '”', '‘', '’', '„', ' ', ' ', ' ', ' ', ' ', ' ', ' ',
    '  ', '\n', '\n\n', '\t', '\r', '\x0b', '\x0c', '\x1c', '\x1d', '\x1e', '\x1f', '\x85', '\u00a0', '\u2003', '\u2028', '\u3000', '\u200b', '\ufeff', '\x00', 'é', 'É.', 'ß',
    'Σ', 'ς.', 'ΑΣ', '字', '字.', 'の', 'ไทย', 'हि', '𝐀', '😀', '\u0301', '\u0130', '\u212a', '\u017f',
]


def random_text(choose):
    some = choose.sample(PIECES, choose.choice([3, 8, 20, len(PIECES)]))
    between = choose.choice(['', '', '', ' '])
    return between.join(choose.choice(some) for _ in range(choose.choice([1, 2, 4, 8, 16, 60])))


def word_tokenize(folder):
    punkt = PunktSentenceTokenizer()
    punkt._params = load_punkt_params(folder)
    words = NLTKWordTokenizer()
    return lambda text: [token for sentence in punkt.tokenize(text) for token in words.tokenize(sentence)]


def with_lower(texts):
    for text in texts:
        yield text
        if text.lower() != text:
            yield text.lower()


def write_expected():
    choose = random.Random(2)
    expected = word_tokenize(HERE / 'punkt')
    texts = dict.fromkeys(with_lower(WRITTEN + [random_text(choose) for _ in range(400)]))
    with open(HERE / 'word_tokens.jsonl', 'w', newline='\n') as out:
        for text in texts:
            out.write(json.dumps({'text': text, 'tokens': expected(text)}) + '\n')


def main():
    program, folder = sys.argv[1:3]
    count, seed = (int(given or default) for given, default in zip((sys.argv[3:5] + ['', ''])[:2], (20000, 1)))
    choose = random.Random(seed)
    expected = word_tokenize(folder)

    def check(name, texts):
        texts = list(with_lower(texts))
        lines = '\n'.join(map(json.dumps, texts))
        answer = subprocess.run([program, folder], input=lines, capture_output=True, text=True, check=True).stdout
        answers = list(map(json.loads, answer.splitlines()))
        assert len(answers) == len(texts)
        wrong = tokens = 0
        for text, ours in zip(texts, answers):
            theirs = expected(text)
            tokens += len(theirs)
            if ours != theirs:
                wrong += 1
                if wrong <= 3:
                    at = next((at for at, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1]), min(len(ours), len(theirs)))
                    print(f'{name}: {text[:300]!r}:\n  dsir from token {at}: {ours[at:at + 8]}\n  NLTK: {theirs[at:at + 8]}')
        print(f'{name}: {len(texts)} texts, {tokens} tokens: {wrong} texts differ')
        return wrong

    wrong = check('written', WRITTEN) + check('random', [random_text(choose) for _ in range(count)])
    for file in sys.argv[5:]:
        with open(file, encoding='utf-8') as lines:
            wrong += check(Path(file).name, [json.loads(line)['text'] for line in lines])
    sys.exit(1 if wrong else 0)


if __name__ == '__main__':
    if sys.argv[1:] == ['--expected']:
        write_expected()
    else:
        main()

#!/usr/bin/env python3
"""Write raw.jsonl, target_a.jsonl, target_b.jsonl and expected.json beside this script.

Needs the published reference: pip install data-selection==1.0.3 nltk==3.9.1, with Python 3.11. Counts are the
reference's own; log weights are its sum, in double precision and rounded once at the end.

Each case of expected.json has
  ngrams, buckets, smoothing   the options; the hash is SHA-256 and fitting uses every document
  targets, separate            names of the target files, added into one target unless separate
  raw_counts, target_counts    bucket -> count, zeros left out; one entry per target (only for up to 10000 buckets)
  tokens, log_weights          one entry per raw document; of the latter one number per target
"""
import json
import math
import random
import sys
from pathlib import Path

from data_selection.hashed_ngram_dsir import get_ngram_counts, wpt

if sys.version_info[:2] != (3, 11):
    sys.exit('make_expected.py: needs Python 3.11, whose Unicode 14 is the expected one')

HERE = Path(__file__).parent

WORDS = {
    'sky': 'the a of and in we sky star stars moon orbit telescope night dark light planet comet distant galaxy '
           'bright faint dust cloud ring Saturn Mars Venus observed measured through lens nebula eclipse',
    'kitchen': 'the a of and with until butter flour sugar oven bake stir whisk gently salt pepper onion garlic '
               'crème brûlée sauté purée bowl minutes warm golden dough knead rise slice serve 200 g 15',
    'garden': 'the a and in with rose tulip soil seed water spring autumn prune hedge bee bees apple pear tree leaf '
              'green frost compost spade fence shade sun rain beetle',
    'german': 'der die das und mit in über Straße STRASSE GROẞ Fuß schön Übung Äpfel können heißt Zug Bahnhof '
              'morgen Abend Käse nicht auch noch wieder',
    'greek': 'ο η το και της του ΟΔΟΣ ΘΑΛΑΣΣΑΣ ήλιος ΟΥΡΑΝΟΣ λόγος ΣΟΦΟΣ φως νύχτα ΑΣΤΕΡΑΣ άνεμος δρόμος ΣΑΣ',
    'russian': 'и в на не что Это был дом река ЛЕС снег зима окно ночь звезда над тихо Ёлка шла домой',
    'turkish': 've bir bu İstanbul ISPARTA ırmak İzmir güneş yıldız deniz çok güzel değil şehir IŞIK',
    'hindi': 'और यह एक है नहीं घर पानी आकाश तारा रात सूरज किताब हिन्दी में',
    'arabic': 'في من على هذا بيت الشمسُ القمر نجمة كتاب ليل ماء مدينة ١٢٣',
    'chinese': '今天 天气 很好 我们 观星 月亮 星星 望远镜 公园 散步 晚上 一起 喝茶',
    'japanese': '今日は 星を カタカナ ひらがな 見る とても 静かな 夜 です ラーメン ー',
    'korean': '오늘 별을 보았다 하늘 그리고 밤 달빛 조용한 바다 우리 집',
    'code': 'let x y = + == != fn() { } return i++ ; a[i] -> :: &self None 0xFF "s" // # _tmp foo_bar() if else <T> && ||',
    'signs': 'x² ½ Ⅳ ⅳ ⓐ Ⓑ 𝐀𝐛 ① 👍🏽 👩‍💻 🇫🇷 ❤️ № ™ ≤ ∑ → € ... !!! -- co\u00adop a\u200bb naı\u0308ve',
}
WORDS = {topic: words.split(' ') for topic, words in WORDS.items()}

TARGET_A = [
    'The telescope showed a faint ring of dust around the star.',
    'On the clearest night of the year we observed Saturn, Mars and the Moon.',
    'How far is the galaxy? Too far to measure with our lens.',
    'Eclipse at 21:47; totality lasts 2.5 minutes!',
    'Ο ΟΥΡΑΝΟΣ και η νύχτα: ένας ΑΣΤΕΡΑΣ.',
]
TARGET_B = [
    'Whisk the butter and sugar until golden, then fold in 200 g of flour.',
    'Crème brûlée: bake for 40 minutes, chill, and burn the sugar on top.',
    'Der Käse heißt "Bergkäse" und kommt aus der Großen Straße.',
    'def bake(minutes=15): return oven.wait(minutes) # warm',
]
RAW = [
    '', 'star', 'STAR', '.', ' ', '\n', '🌟', 'Σ', 'İ', '星', '_', '\u200b', 'two words', 'three. words',
    'The telescope showed a faint ring of dust around the star.',
    'The telescope showed a faint ring of dust around the star.',
    'the TELESCOPE showed a FAINT ring of DUST around the STAR.',
    'Whisk the butter and sugar, then bake until golden.',
    'She said: "It\'s only a cloud" \\ and left.\nThe end.\r\n\tReally / truly.',
    'tab\there, bell\x07, nul\x00, unit\x1fseparator, next\u0085line, line\u2028separator, \ufeffmark, \u007f',
    'Noncharacter \uffff and \U0010ffff, private \ue000, unassigned \u0378, later letter \u1c89.',
    "ΟΔΟΣ'Σ Α'Σ ΑΣ. ΑΣ.Α Σ' ΑΣ\u0301 ΑΣ\u00adΑ ΣΣ",
    'ISTANBUL İSTANBUL ıstanbul istanbul', '!' * 50, 'ha ' * 60, 'x' * 400, '中' * 120, '👩‍💻' * 12,
]


def compose(rng, topics, length):
    """About `length` words of the topics, with capitals and punctuation; common words are drawn more often."""
    text = []
    for i in range(length):
        words = WORDS[rng.choice(topics)]
        word = words[int(len(words) * rng.random() ** 2)]
        shape = rng.random()
        if shape < 0.05:
            word = word.upper()
        elif shape < 0.1:
            word = word[:1].upper() + word[1:]
        text.append(word)
        if i + 1 < length:
            text.append(rng.choice([' '] * 14 + [', ', '. ', '; ', '\n', ' - ', '! ', ' (', ') ', "'s "]))
    return ''.join(text)


def raw_texts(rng):
    texts = list(RAW)
    topics = list(WORDS)
    for _ in range(112):
        some = rng.choices(topics, weights=[5, 5, 5] + [1] * (len(topics) - 3), k=rng.choice([1, 1, 1, 2, 3]))
        texts.append(compose(rng, some, int(230 * rng.random() ** 2.5)))
    texts += rng.sample(texts[len(RAW):], 10)
    rng.shuffle(texts)
    return texts


def target_texts(rng, written, topics, total):
    return written + [compose(rng, [rng.choice(topics)], rng.randrange(5, 60)) for _ in range(total - len(written))]


def json_line(rng, number, text):
    """One record, with the text escaped in one of the ways JSON allows."""
    escaped = json.dumps(text, ensure_ascii=rng.random() < 0.4)
    if rng.random() < 0.4:
        escaped = escaped.replace('/', '\\/').replace('é', '\\u00E9').replace('S', '\\u0053')
    return rng.choice([
        '{"text": %s}' % escaped,
        '{"id": %d, "text": %s}' % (number, escaped),
        '{"text":%s,"id":%d}' % (escaped, number),
        '{ "meta" : {"text": "not this", "tags": [1, -2.5e3, null]} , "text" : %s }' % escaped,
    ])


def write_data(rng):
    data = {
        'raw': raw_texts(rng),
        'target_a': target_texts(rng, TARGET_A, ['sky', 'sky', 'sky', 'garden', 'greek'], 20),
        'target_b': target_texts(rng, TARGET_B, ['kitchen', 'kitchen', 'german', 'code'], 15),
    }
    for name, texts in data.items():
        lines = [json_line(rng, number, text) for number, text in enumerate(texts)]
        assert [json.loads(line)['text'] for line in lines] == texts
        (HERE / f'{name}.jsonl').write_text('\n'.join(lines) + '\n', encoding='utf-8', newline='\n')
    return data


def features(text, ngrams, buckets):
    """Bucket -> count, without the zeros."""
    counts = get_ngram_counts(text, n=ngrams, num_buckets=buckets)
    return {int(b): int(counts[b]) for b in counts.nonzero()[0]}


def total(documents):
    counts = {}
    for document in documents:
        for bucket, count in document.items():
            counts[bucket] = counts.get(bucket, 0) + count
    return dict(sorted(counts.items()))


def log_ratio(target, raw, bucket, smoothing, buckets):
    p_target = (target.get(bucket, 0) + smoothing) / (sum(target.values()) + smoothing * buckets)
    p_raw = raw.get(bucket, 0) / sum(raw.values())
    return math.log(p_target + 1e-8) - math.log(p_raw + 1e-8)


def case(data, ngrams, buckets, smoothing, targets, separate=False):
    documents = [features(text, ngrams, buckets) for text in data['raw']]
    raw = total(documents)
    groups = [[name] for name in targets] if separate else [targets]
    counted = [
        total(features(text, ngrams, buckets) for name in group for text in data[f'target_{name}'])
        for group in groups
    ]
    ratios = [{b: log_ratio(target, raw, b, smoothing, buckets) for b in raw} for target in counted]
    result = {'ngrams': ngrams, 'buckets': buckets, 'smoothing': smoothing, 'targets': targets, 'separate': separate}
    if buckets <= 10000:
        result |= {'raw_counts': raw, 'target_counts': counted}
    result['tokens'] = [len(wpt.tokenize(text.lower())) for text in data['raw']]
    result['log_weights'] = [
        [math.fsum(count * ratio[bucket] for bucket, count in document.items()) for ratio in ratios]
        for document in documents
    ]
    return result


def main():
    data = write_data(random.Random(1))
    cases = [
        case(data, 1, 10000, 0, ['a']),
        case(data, 2, 10000, 0, ['a']),
        case(data, 3, 10000, 0, ['a']),
        case(data, 2, 64, 0, ['b']),
        case(data, 2, 1000003, 0, ['b']),
        case(data, 2, 10000, 0.5, ['a']),
        case(data, 3, 1000, 1, ['b']),
        case(data, 2, 10000, 0, ['a', 'b']),
        case(data, 2, 10000, 0.5, ['a', 'b'], separate=True),
    ]
    rows = ',\n'.join(json.dumps(c, separators=(',', ':')) for c in cases)
    (HERE / 'expected.json').write_text(f'[\n{rows}\n]\n', newline='\n')


main()

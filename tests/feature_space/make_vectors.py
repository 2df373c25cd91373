#!/usr/bin/env python3
"""Print the test vectors of docs/feature-space.md, from an implementation of that page in Python.

Needs: pip install xxhash
"""
import json
import math
import struct

import xxhash

MASK = 2**64 - 1
K = [0x243F6A8885A308D3, 0x13198A2E03707345, 0xA4093822299F31D0,
     0x082EFA98EC4E6C89, 0x452821E638D01377, 0xBE5466CF34E90C6C]


def fold(x, y):
    return (x * y & MASK) ^ (x * y >> 64)


def token_hash(token):
    data = token.encode()
    state = len(data) * K[0] & MASK
    blocks = [data[i:i + 16].ljust(16, b'\0') for i in range(0, max(len(data), 1), 16)]
    for number, block in enumerate(blocks, 1):
        a, b = struct.unpack('<QQ', block)
        if number < len(blocks):
            state = fold(a ^ state, b ^ K[1])
        else:
            product = (a ^ state) * (b ^ K[1])
            state = fold(product & MASK ^ K[2], product >> 64 ^ K[3])
    return state


def ngram_hash(tokens):
    first, *others = map(token_hash, tokens)
    for token in others:
        first = fold(first ^ K[4], token ^ K[5])
    return first


def bucket(hash, buckets):
    return hash * buckets >> 64


def ln(x):
    bits = struct.unpack('<Q', struct.pack('<d', x))[0]
    e = (bits >> 52) - 1023
    m = bits & (1 << 52) - 1 | 1023 << 52
    if m > 0x3FF6A09E667F3BCD:
        m -= 1 << 52
        e += 1
    f = struct.unpack('<d', struct.pack('<Q', m))[0] - 1.0
    s = f / (2.0 + f)
    z = s * s
    series = 1.0 / 19.0
    for odd in (17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0):
        series = series * z + 1.0 / odd
    doubled = s + s
    high, low = (struct.unpack('<d', struct.pack('<Q', part))[0] for part in (0x3FE62E42FEE00000, 0x3DEA39EF35793C76))
    return e * high + (doubled + (doubled * (z * series) + e * low))


def mix(x):
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


STEP = 0x9E3779B97F4A7C15


def bits_of(seed, draw, target, content_hash):
    key = 0
    for part in (seed, draw, target):
        key = mix((key ^ part) + STEP & MASK)
    return mix((content_hash ^ key) + STEP & MASK)


def bits_of_repeat(number, seed, draw, target, content_hash):
    if number == 0:
        return bits_of(seed, draw, target, content_hash)
    key = 0
    for part in (seed, draw, target, number):
        key = mix((key ^ part) + STEP & MASK)
    return mix((content_hash ^ key) + STEP & MASK)


def uniform(bits):
    return ((bits >> 12) + 0.5) * 2.0**-52


def gumbel(*of):
    return -ln(-ln(uniform(bits_of(*of))))


def pareto(score, *of):
    bits = bits_of(*of)
    q = 2.0 - score
    q3 = q * q * q
    p = 1.0 / (q3 * q3 * q3)
    rounds = math.floor(ln(uniform(bits)) / ln(1.0 - p)) if p < 1.0 else 0
    return uniform(mix(bits + STEP & MASK)) - (1.0 + rounds)


def hex_of(x):
    return struct.pack('>d', x).hex()


def row(*cells):
    print('| ' + ' | '.join(f'`{cell}`' for cell in cells) + ' |')


print('### Vectors for `dsir1`')
for text in ['a', 'alice', 'alice went', 'went alice', 'alice went home', ',', '!!', 'straße', '你好世界', '𝐀',
             'sixteen_letters_', 'seventeen_letters', 'a_token_of_thirty_two_characters', 'a_token_of_thirty_three_character',
             'to be or not to be']:
    tokens = text.split(' ')
    h = ngram_hash(tokens)
    row(json.dumps(text, ensure_ascii=False), f'{h:016x}', bucket(h, 10_000), bucket(h, 1 << 20))

print('### Vectors for content hashes')
for record in ['{}', '{"text": "Alice went home."}', '{"text": "Straße 你好"}', '{"text": "' + 'x' * 300 + '"}']:
    row(json.dumps(record, ensure_ascii=False), f'{xxhash.xxh3_64_intdigest(record.encode()):016x}')

print('### Vectors for ln')
for x in ['1', '2', '0.5', '10', '1e-8', '0.9999999999999999', '1.4142135623730951', '1.4142135623730954', '36.7368005696771']:
    row(x, hex_of(ln(float(x))))

print('### Vectors for noise')
for seed, draw, target, content in [(0, 0, 0, 0), (0, 0, 0, 1), (0, 0, 0, MASK), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0),
                                    (MASK, 2, 3, 0x0123456789ABCDEF), (42, 0, 0, 0x9E3779B97F4A7C15)]:
    g = gumbel(seed, draw, target, content)
    row(seed, draw, target, f'{content:016x}', hex_of(g), f'{g:.6f}')

print('### Vectors for repeats')
for number, content in [(0, 0), (1, 0), (2, 0), (1, MASK), (999, 0x0123456789ABCDEF)]:
    g = -ln(-ln(uniform(bits_of_repeat(number, 0, 0, 0, content))))
    row(number, f'{content:016x}', hex_of(g), f'{g:.6f}')

print('### Vectors for Pareto keys')
for score, content in [(1.0, 0), (0.9, 0), (0.9, 1), (0.5, 0), (0.5, 0x0123456789ABCDEF), (0.0, 0), (0.0, MASK)]:
    key = pareto(score, 0, 0, 0, content)
    row(score, f'{content:016x}', hex_of(key), f'{key:.6f}')

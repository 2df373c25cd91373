//! From n-grams to buckets: the two hashes, both fixed for ever.
//!
//! `docs/feature-space.md` defines them with test vectors. A change of either is a new name.

use std::fmt;

use ahash::RandomState;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How an n-gram becomes a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hash {
    /// The default: token hashes by 64-bit multiplication, combined for n-grams.
    #[default]
    Dsir1,
    /// SHA-256 of the joined n-gram modulo the buckets, as the reference's `hash_buckets`.
    Sha256,
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Hash::Dsir1 => "dsir1",
            Hash::Sha256 => "sha256",
        })
    }
}

/// The hexadecimal digits of π after the point, sixteen at a time; the second made odd.
const K: [u64; 6] = [
    0x243F_6A88_85A3_08D3,
    0x1319_8A2E_0370_7345,
    0xA409_3822_299F_31D0,
    0x082E_FA98_EC4E_6C89,
    0x4528_21E6_38D0_1377,
    0xBE54_66CF_34E9_0C6C,
];

#[inline]
fn halves(x: u64, y: u64) -> (u64, u64) {
    let product = u128::from(x) * u128::from(y);
    (product as u64, (product >> 64) as u64)
}

#[inline]
fn fold(x: u64, y: u64) -> u64 {
    let (low, high) = halves(x, y);
    low ^ high
}

/// `dsir1` of one token, given as lower-cased UTF-8.
#[inline]
pub(crate) fn token_hash(token: &[u8]) -> u64 {
    let mut state = (token.len() as u64).wrapping_mul(K[0]);
    let mut rest = token;
    while rest.len() > 16 {
        let (block, after) = rest.split_at(16);
        let (a, b) = words(block);
        state = fold(a ^ state, b ^ K[1]);
        rest = after;
    }
    let (a, b) = words(rest);
    last_block(a, b, state)
}

/// `dsir1` of the token at `text[start..end]`, behind which `text` has at least 16 bytes more: a token of up to 16
/// bytes is one load and one mask.
#[inline(always)]
pub(crate) fn token_hash_within(text: &[u8], start: usize, end: usize) -> u64 {
    let len = end - start;
    match text[start..].first_chunk::<16>() {
        Some(bytes) if len <= 16 => {
            let both = u128::from_le_bytes(*bytes);
            let Short { low, high, state } = SHORT[len];
            last_block(both as u64 & low, (both >> 64) as u64 & high, state)
        }
        _ => token_hash(&text[start..end]),
    }
}

/// What depends on the length of a token that is one block.
#[derive(Clone, Copy)]
struct Short {
    /// The bits of its two words.
    low: u64,
    high: u64,
    state: u64,
}

/// By the length.
static SHORT: [Short; 17] = {
    let mut short = [Short { low: u64::MAX, high: u64::MAX, state: 0 }; 17];
    let mut len = 0;
    while len <= 16 {
        let bits = u128::MAX.unbounded_shr(128 - 8 * len as u32);
        let state = (len as u64).wrapping_mul(K[0]);
        short[len] = Short { low: bits as u64, high: (bits >> 64) as u64, state };
        len += 1;
    }
    short
};

#[inline(always)]
fn last_block(a: u64, b: u64, state: u64) -> u64 {
    let (low, high) = halves(a ^ state, b ^ K[1]);
    fold(low ^ K[2], high ^ K[3])
}

/// Up to sixteen bytes as two little-endian words, padded with zeros.
#[inline]
fn words(bytes: &[u8]) -> (u64, u64) {
    let mut block = [0; 16];
    for (to, from) in block.iter_mut().zip(bytes) {
        *to = *from;
    }
    let both = u128::from_le_bytes(block);
    (both as u64, (both >> 64) as u64)
}

/// `dsir1` of an n-gram, from that of its first n − 1 tokens and the hash of its last token.
#[inline]
pub(crate) fn ngram_hash(first: u64, last: u64) -> u64 {
    fold(first ^ K[4], last ^ K[5])
}

/// The bucket of a `dsir1` hash: its place when the 64-bit range is cut into equal parts, ⌊hash · buckets / 2^64⌋.
///
/// In halves of 32 bits, so that the compiler can do several at once; the sum cannot overflow.
#[inline(always)]
pub(crate) fn bucket_of(hash: u64, buckets: u32) -> u32 {
    let buckets = u64::from(buckets);
    let carried = ((hash & 0xFFFF_FFFF) * buckets) >> 32;
    (((hash >> 32) * buckets + carried) >> 32) as u32
}

/// The SHA-256 of `ngram`, read as a big-endian integer, modulo `buckets`.
pub(crate) fn sha256_bucket(ngram: &[u8], buckets: u32) -> u32 {
    let digest = Sha256::digest(ngram);
    let modulus = u64::from(buckets);
    let remainder = digest.chunks_exact(4).fold(0u64, |remainder, four| {
        let word = four.iter().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
        (remainder << 32 | word) % modulus
    });
    remainder as u32
}

/// The longest n-gram that [`Sha256Memory`] remembers.
const REMEMBERED: usize = 26;
const SLOTS: usize = if cfg!(fuzzing) { 16 } else { 1 << 16 };

#[derive(Clone, Copy)]
struct Slot {
    bucket: u32,
    len: u8,
    ngram: [u8; REMEMBERED],
}

/// Buckets of recent n-grams: text repeats itself, and SHA-256 is slow.
///
/// Each n-gram has one slot, which the latest comer takes: 2 MB, however long the corpus.
pub(crate) struct Sha256Memory {
    buckets: u32,
    place: RandomState,
    slots: Box<[Slot]>,
}

impl Sha256Memory {
    pub(crate) fn new(buckets: u32) -> Self {
        let empty = Slot { bucket: 0, len: u8::MAX, ngram: [0; REMEMBERED] };
        Sha256Memory { buckets, place: RandomState::new(), slots: vec![empty; SLOTS].into_boxed_slice() }
    }

    pub(crate) fn bucket(&mut self, ngram: &[u8]) -> u32 {
        if ngram.len() > REMEMBERED {
            return sha256_bucket(ngram, self.buckets);
        }
        let slot = &mut self.slots[self.place.hash_one(ngram) as usize % SLOTS];
        if usize::from(slot.len) != ngram.len() || slot.ngram[..ngram.len()] != *ngram {
            slot.bucket = sha256_bucket(ngram, self.buckets);
            slot.len = ngram.len() as u8;
            slot.ngram[..ngram.len()].copy_from_slice(ngram);
        }
        slot.bucket
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_buckets_are_the_published_ones() {
        assert_eq!(sha256_bucket(b"alice", 10000), 6720);
        assert_eq!(sha256_bucket(b"alice went", 10000), 114);
    }

    #[test]
    fn the_memory_answers_as_the_hash_does() {
        let mut memory = Sha256Memory::new(977);
        for round in 0..2 {
            for i in 0..100_000u32 {
                let ngram = "x".repeat(i as usize % 40) + &i.to_string();
                if i % 997 == round {
                    assert_eq!(memory.bucket(ngram.as_bytes()), sha256_bucket(ngram.as_bytes(), 977));
                } else {
                    memory.bucket(ngram.as_bytes());
                }
            }
        }
    }

    #[test]
    fn the_bucket_is_the_upper_half_of_the_product() {
        let mut hash = 1u64;
        for buckets in [1, 2, 3, 10_000, 65_521, 1 << 26, u32::MAX] {
            for edge in [0, 1, u64::MAX, u64::MAX - 1, 0xFFFF_FFFF, 1 << 32] {
                assert_eq!(u64::from(bucket_of(edge, buckets)), halves(edge, buckets.into()).1);
            }
            for _ in 0..10_000 {
                hash = hash.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                assert_eq!(u64::from(bucket_of(hash, buckets)), halves(hash, buckets.into()).1);
            }
        }
    }

    #[test]
    fn padding_is_not_content() {
        assert_ne!(token_hash(b"a"), token_hash(b"a\0"));
        assert_ne!(token_hash(&[b'!'; 16]), token_hash(&[b'!'; 17]));
    }
}

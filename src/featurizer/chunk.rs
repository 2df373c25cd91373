//! The tokens of a text, found 64 bytes at a time.
//!
//! What a token is, says [`super::plain`]; this gives the same tokens, only faster:
//!
//! 1. The text is copied in lower case, and for every byte of the copy two bits tell its class, word or space. Where 64
//!    bytes are ASCII that is a few instructions for all of them ([`crate::simd`]); other characters go one by one, and
//!    the ASCII between them still together.
//! 2. Where the class changes, a token begins or ends: shifts and masks on 64 bits at once.
//!
//! A text is worked on in chunks that fit the first-level cache. A token that goes on beyond its chunk is
//! carried to the next.

use super::unicode::{self, Properties};
use crate::simd::{BLOCK, Backend, Masks};

/// How many bytes of the lower-cased copy a chunk has before it is handed on. A fuzzer's texts are short, and must have
/// several.
const CHUNK: usize = if cfg!(fuzzing) { 128 } else { 4096 };
/// Room behind the chunk: one more block, whose characters may grow when lower-cased, and a load of 16 bytes past the
/// end.
const SLACK: usize = 2 * BLOCK + 64;

/// The tokens of one chunk.
pub(super) struct Chunk {
    /// The text in lower case, with at least 16 bytes behind `len`.
    lower: Vec<u8>,
    len: usize,
    /// One bit for each byte of `lower`; those from `len` on are zero in the word that holds it.
    word: Vec<u64>,
    space: Vec<u64>,
    starts: Vec<u32>,
    ends: Vec<u32>,
    tokens: usize,
    next: Next,
}

/// What comes after a chunk.
#[derive(Clone, Copy)]
enum Next {
    /// The text from `at`; the token that began at `open` in the chunk goes on.
    From {
        at: usize,
        open: Option<usize>,
    },
    Nothing,
}

impl Chunk {
    pub(super) fn new() -> Self {
        let mut chunk = Chunk {
            lower: Vec::new(),
            len: 0,
            word: Vec::new(),
            space: Vec::new(),
            starts: Vec::new(),
            ends: Vec::new(),
            tokens: 0,
            next: Next::Nothing,
        };
        chunk.resize(CHUNK);
        chunk
    }

    fn resize(&mut self, bytes: usize) {
        self.lower.resize(bytes + SLACK, 0);
        self.word.resize((bytes + SLACK) / 64 + 2, 0);
        self.space.resize((bytes + SLACK) / 64 + 2, 0);
        self.starts.resize(bytes + SLACK + 64, 0);
        self.ends.resize(bytes + SLACK + 64, 0);
    }

    /// The lower-cased text in which the tokens are, with at least 16 bytes behind the last.
    #[inline]
    pub(super) fn lower(&self) -> &[u8] {
        &self.lower
    }

    /// Where the tokens start, and where they end, in [`Chunk::lower`].
    #[inline(always)]
    pub(super) fn spans(&self) -> (&[u32], &[u32]) {
        (&self.starts[..self.tokens], &self.ends[..self.tokens])
    }

    /// How many tokens there are.
    pub(super) fn tokens(&self) -> usize {
        self.tokens
    }

    /// Begins a text.
    pub(super) fn begin(&mut self) {
        self.clear();
        self.next = Next::From { at: 0, open: None };
    }

    /// Goes on to the next tokens of the text that has been begun; false at its end.
    #[inline(always)]
    pub(super) fn advance(&mut self, backend: impl Backend, text: &str) -> bool {
        let Next::From { at, open } = self.next else { return false };
        self.carry(open);
        let at = self.fill(backend, text, at);
        let over = at >= text.len();
        let open = self.cut(backend, over);
        self.next = if over { Next::Nothing } else { Next::From { at, open } };
        true
    }

    fn clear(&mut self) {
        self.len = 0;
        self.word[0] = 0;
        self.space[0] = 0;
    }

    /// Takes in the text from `at` until the chunk is full; returns how far it came.
    #[inline(always)]
    fn fill(&mut self, backend: impl Backend, text: &str, mut at: usize) -> usize {
        let bytes = text.as_bytes();
        let full = self.lower.len() - SLACK;
        while self.len < full && at < bytes.len() {
            let Some(lower) = self.lower[self.len..].first_chunk_mut::<BLOCK>() else { break };
            let rest = &bytes[at..];
            let (masks, count) = match rest.first_chunk::<BLOCK>() {
                Some(block) => (backend.classify(block, lower), BLOCK),
                None => {
                    let mut block = [0; BLOCK];
                    block[..rest.len()].copy_from_slice(rest);
                    (backend.classify(&block, lower), rest.len())
                }
            };
            if masks.beyond == 0 {
                self.push_bits(masks.word, masks.space, count);
                at += count;
            } else {
                at = self.mixed(text, at, count, masks);
            }
        }
        at
    }

    /// Takes in up to `count` bytes of text from `at`, not all of them ASCII, of which [`Backend::classify`] has given
    /// the copy and the masks; returns how far it came.
    fn mixed(&mut self, text: &str, at: usize, count: usize, masks: Masks) -> usize {
        let bytes = &text.as_bytes()[at..];
        let Masks { mut word, mut space, beyond } = masks;
        let mut i = beyond.trailing_zeros() as usize;
        while i < count {
            let Some((code, len)) = decode(&bytes[i..]) else { break };
            if i + len > count {
                break; // The rest of the character is in the next block.
            }
            let mut properties = Properties::of(code);
            if properties.is_upper() {
                let Some(lower) = unicode::lower_in_place(code, len) else {
                    self.push_bits(word, space, i);
                    self.upper(text, at + i, len);
                    return at + i + len;
                };
                lower.encode_utf8(&mut self.lower[self.len + i..]);
                properties = Properties::of(lower.into());
            }
            let all = ((1 << len) - 1) << i;
            word |= if properties.is_word() { all } else { 0 };
            space |= if properties.is_space() { all } else { 0 };
            i += len;
            // To the next character that is not ASCII.
            i += beyond.checked_shr(i as u32).unwrap_or(0).trailing_zeros() as usize;
        }
        let count = i.min(count);
        self.push_bits(word, space, count);
        at + count
    }

    /// Takes in a character whose lower case is longer or shorter, or depends on where it stands.
    #[cold]
    fn upper(&mut self, text: &str, at: usize, count: usize) {
        let (before, rest) = text.split_at(at);
        let (c, after) = rest.split_at(count);
        for c in c.chars() {
            let is_final = c == 'Σ' && unicode::is_final_sigma(before, after);
            self.push_char(if is_final { 'ς' } else { unicode::lower(c) });
            if c == '\u{130}' {
                self.push_char(unicode::SECOND_OF_0130);
            }
        }
    }

    fn push_char(&mut self, c: char) {
        c.encode_utf8(&mut self.lower[self.len..]);
        let properties = Properties::of(c.into());
        let all = (1 << c.len_utf8()) - 1;
        let bits = |is: bool| if is { all } else { 0 };
        self.push_bits(bits(properties.is_word()), bits(properties.is_space()), c.len_utf8());
    }

    /// Adds `count` bytes, up to 64, to the masks; the bits beyond them do not count.
    #[inline(always)]
    fn push_bits(&mut self, word: u64, space: u64, count: usize) {
        let inside = u64::MAX.checked_shr(64 - count as u32).unwrap_or(0);
        let (index, offset) = (self.len / 64, self.len % 64);
        for (bits, new) in [(&mut self.word, word), (&mut self.space, space)] {
            let new = new & inside;
            bits[index] |= new << offset;
            bits[index + 1] = new >> 1 >> (63 - offset);
        }
        self.len += count;
    }

    /// Finds the tokens. What is unfinished at the end of the chunk is a token if the text is `over`; otherwise its
    /// start is returned.
    #[inline(always)]
    fn cut(&mut self, backend: impl Backend, over: bool) -> Option<usize> {
        let (mut starts, mut ends) = (0, 0);
        let (mut word_before, mut other_before) = (0, 0);
        for index in 0..=self.len / 64 {
            let inside = match self.len - index * 64 {
                left @ 0..64 => (1 << left) - 1,
                _ => u64::MAX,
            };
            let word = self.word[index];
            let other = !(word | self.space[index]) & inside;
            let (word_shifted, other_shifted) = (word << 1 | word_before, other << 1 | other_before);
            word_before = word >> 63;
            other_before = other >> 63;
            let begins = word & !word_shifted | other & !other_shifted;
            let mut finishes = word_shifted & !word | other_shifted & !other;
            if !over {
                finishes &= inside; // What reaches the end of the chunk may go on.
            }
            let base = (index * 64) as u32;
            for (mask, places, count) in
                [(begins, &mut self.starts, &mut starts), (finishes, &mut self.ends, &mut ends)]
            {
                let Some(to) = places[*count..].first_chunk_mut() else { continue };
                backend.places(mask, base, to);
                *count += mask.count_ones() as usize;
            }
        }
        self.tokens = ends;
        (starts > ends).then(|| self.starts[ends] as usize)
    }

    /// Begins the next chunk with the unfinished token, of which all bytes have one class.
    fn carry(&mut self, open: Option<usize>) {
        let Some(start) = open else { return self.clear() };
        let end = self.len;
        let is_word = self.word[start / 64] >> (start % 64) & 1 == 1;
        if 2 * (end - start) > self.lower.len() - SLACK {
            self.resize(2 * self.lower.len());
        }
        self.lower.copy_within(start..end, 0);
        self.clear();
        let mut left = end - start;
        while left > 0 {
            let count = left.min(64);
            let all = u64::MAX >> (64 - count);
            self.push_bits(if is_word { all } else { 0 }, 0, count);
            left -= count;
        }
    }
}

/// The code of the first character of well-formed UTF-8, which is not ASCII, and its length.
#[inline(always)]
fn decode(bytes: &[u8]) -> Option<(u32, usize)> {
    let low = |at: usize| bytes.get(at).map(|byte| u32::from(byte & 0x3F));
    let first = u32::from(*bytes.first()?);
    Some(match first {
        0..0xE0 => ((first & 0x1F) << 6 | low(1)?, 2),
        0xE0..0xF0 => ((first & 0x0F) << 12 | low(1)? << 6 | low(2)?, 3),
        _ => ((first & 0x07) << 18 | low(1)? << 12 | low(2)? << 6 | low(3)?, 4),
    })
}

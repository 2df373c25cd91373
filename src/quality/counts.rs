use super::QualityScores;
use super::stop_words;

/// How often each token of a text comes, and what they are.
///
/// A token is known by its hash alone: 64 bits of XXH3, so that two tokens of one text would be taken for one about
/// once in 10^14 texts of 500 tokens.
#[derive(Debug)]
pub(super) struct TokenCounts {
    /// A power of two of them; a token has its place by its hash, or behind.
    slots: Vec<Slot>,
    /// Slots of other texts count as free: nothing need be wiped between texts.
    text: u64,
    distinct: usize,
    tokens: u64,
    commonest: u64,
    uninformative: u64,
    digits: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    hash: u64,
    text: u64,
    count: u64,
}

impl Default for TokenCounts {
    fn default() -> Self {
        TokenCounts {
            slots: vec![Slot::default(); 1024],
            text: 1,
            distinct: 0,
            tokens: 0,
            commonest: 0,
            uninformative: 0,
            digits: 0,
        }
    }
}

impl TokenCounts {
    /// Begins another text.
    pub(super) fn clear(&mut self) {
        let TokenCounts { text, distinct, tokens, commonest, uninformative, digits, .. } = self;
        *text += 1;
        (*distinct, *tokens, *commonest, *uninformative, *digits) = (0, 0, 0, 0, 0);
    }

    /// Counts a token, in lower case.
    #[inline]
    pub(super) fn count(&mut self, token: &str) {
        self.tokens += 1;
        self.uninformative += u64::from(stop_words::is_uninformative(token));
        self.digits += u64::from(matches!(token.as_bytes(), [b'0'..=b'9']));
        if 2 * self.distinct >= self.slots.len() {
            self.grow();
        }
        let hash = xxhash_rust::xxh3::xxh3_64(token.as_bytes());
        let count = self.add(hash, 1);
        self.commonest = self.commonest.max(count);
    }

    /// Adds to the count of a token; returns it.
    #[inline]
    fn add(&mut self, hash: u64, count: u64) -> u64 {
        let mask = self.slots.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let slot = &mut self.slots[place];
            if slot.text != self.text {
                *slot = Slot { hash, text: self.text, count };
                self.distinct += 1;
                return count;
            }
            if slot.hash == hash {
                slot.count += count;
                return slot.count;
            }
            place = (place + 1) & mask;
        }
    }

    #[cold]
    fn grow(&mut self) {
        let twice = vec![Slot::default(); 2 * self.slots.len()];
        let slots = std::mem::replace(&mut self.slots, twice);
        self.distinct = 0;
        let text = self.text;
        for slot in slots.iter().filter(|slot| slot.text == text) {
            self.add(slot.hash, slot.count);
        }
    }

    pub(super) fn scores(&self) -> QualityScores {
        let share = |part: u64| if self.tokens == 0 { 0.0 } else { part as f64 / self.tokens as f64 };
        QualityScores {
            tokens: self.tokens,
            repeating: share(self.commonest),
            informative: share(self.tokens - self.uninformative),
            numeric: share(self.tokens - self.digits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(counts: &mut TokenCounts, text: &str) -> QualityScores {
        counts.clear();
        text.split_whitespace().for_each(|token| counts.count(token));
        counts.scores()
    }

    #[test]
    fn shares_of_all_tokens() {
        let counts = &mut TokenCounts::default();
        // The stop words "the" (twice) and "on", two marks, one digit.
        let measured = scores(counts, "the cat sat on the mat , 7 times -- 42 .");
        let expected = QualityScores {
            tokens: 12,
            repeating: 2.0 / 12.0,
            informative: 7.0 / 12.0,
            numeric: 11.0 / 12.0,
        };
        assert_eq!(measured, expected);
        assert_eq!(scores(counts, ""), QualityScores::default());
        assert_eq!(scores(counts, "the the the").repeating, 1.0);
        let one = QualityScores { tokens: 1, repeating: 1.0, informative: 1.0, numeric: 1.0 };
        assert_eq!(scores(counts, "²"), one, "no digit from 0 to 9, no ASCII");
    }

    #[test]
    fn texts_of_any_size_one_after_the_other() {
        let counts = &mut TokenCounts::default();
        for distinct in [3, 700, 20_000, 5] {
            let words: Vec<String> = (0..distinct).map(|i| format!("w{i}")).collect();
            let text = words.join(" ") + " w2 w2 " + &words.join(" ");
            let measured = scores(counts, &text);
            assert_eq!(measured.tokens, 2 * distinct + 2);
            assert_eq!(measured.repeating, 4.0 / (2 * distinct + 2) as f64);
        }
    }
}

//! Featurizer: from a text to the buckets of its n-grams and its number of tokens.
//!
//! Source: the reference's `get_ngram_counts` (arXiv 2302.03169, section 4.1: hashed n-grams).

mod hash;
mod unicode;
mod wordpunct;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use hash::Hash;

/// How a text is split into tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tokenizer {
    /// Runs of letters, digits and underscores, and runs of all else but white space, lower-cased.
    #[default]
    Wordpunct,
}

impl fmt::Display for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tokenizer::Wordpunct => "wordpunct",
        })
    }
}

/// What decides the bucket of an n-gram: counts and weights compare only within one feature space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSpace {
    /// How a text is split.
    pub tokenizer: Tokenizer,
    /// The longest n-gram, in tokens: 1 to [`FeatureSpace::MAX_NGRAMS`].
    pub ngrams: u8,
    /// The number of buckets: 1 to [`FeatureSpace::MAX_BUCKETS`].
    pub buckets: u32,
    /// How an n-gram finds its bucket.
    pub hash: Hash,
}

impl Default for FeatureSpace {
    fn default() -> Self {
        FeatureSpace {
            tokenizer: Tokenizer::default(),
            ngrams: 2,
            buckets: 10_000,
            hash: Hash::default(),
        }
    }
}

impl FeatureSpace {
    /// The longest n-gram that is counted.
    pub const MAX_NGRAMS: u8 = 16;
    /// The most buckets; a table of so many counts takes half a gigabyte.
    pub const MAX_BUCKETS: u32 = 1 << 26;

    /// Whether the numbers are within their limits.
    pub fn is_valid(&self) -> bool {
        (1..=Self::MAX_NGRAMS).contains(&self.ngrams) && (1..=Self::MAX_BUCKETS).contains(&self.buckets)
    }
}

impl fmt::Display for FeatureSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FeatureSpace {
            tokenizer,
            ngrams,
            buckets,
            hash,
        } = self;
        write!(
            f,
            "{tokenizer} tokens, n-grams of 1 to {ngrams}, {buckets} buckets, hash {hash}"
        )
    }
}

/// Turns texts into buckets; holds the buffers of one thread.
///
/// ```
/// use dsir::featurizer::{FeatureSpace, Featurizer, Hash};
///
/// let space = FeatureSpace { hash: Hash::Sha256, ..FeatureSpace::default() };
/// let mut buckets = Vec::new();
/// let tokens = Featurizer::new(space).featurize("Alice alice went", |run| buckets.extend_from_slice(run));
/// assert_eq!(tokens, 3);
/// assert_eq!(buckets.iter().filter(|bucket| **bucket == 6720).count(), 2); // "alice"
/// assert_eq!(buckets.iter().filter(|bucket| **bucket == 114).count(), 1); // "alice went"
/// ```
pub struct Featurizer {
    ngrams: Ngrams,
    token: Vec<u8>,
    run: Vec<u32>,
}

/// How many buckets are gathered before they are handed on.
const RUN: usize = 1024;

impl Featurizer {
    /// A featurizer for `space`, which must be [valid](FeatureSpace::is_valid).
    pub fn new(space: FeatureSpace) -> Self {
        assert!(space.is_valid(), "feature space out of limits: {space}");
        let ngrams = match space.hash {
            Hash::Dsir1 => Ngrams::Dsir1(CombinedHashes::new(space)),
            Hash::Sha256 => Ngrams::Sha256(JoinedTokens::new(space)),
        };
        Featurizer {
            ngrams,
            token: Vec::new(),
            run: Vec::with_capacity(RUN + usize::from(space.ngrams)),
        }
    }

    /// Gives the bucket of every n-gram of `text` to `features`, a run at a time, and returns the number
    /// of tokens.
    pub fn featurize(&mut self, text: &str, mut features: impl FnMut(&[u32])) -> u64 {
        let Featurizer { ngrams, token, run } = self;
        let mut tokens = 0;
        ngrams.clear();
        wordpunct::tokens(text, token, |token| {
            tokens += 1;
            match ngrams {
                Ngrams::Dsir1(hashes) => hashes.push(token, run),
                Ngrams::Sha256(joined) => joined.push(token, run),
            }
            if run.len() >= RUN {
                features(run);
                run.clear();
            }
        });
        features(run);
        run.clear();
        tokens
    }
}

enum Ngrams {
    Dsir1(CombinedHashes),
    Sha256(JoinedTokens),
}

impl Ngrams {
    fn clear(&mut self) {
        match self {
            Ngrams::Dsir1(hashes) => hashes.len = 0,
            Ngrams::Sha256(joined) => joined.clear(),
        }
    }
}

/// The hashes of the n-grams that end at the latest token: `[n - 1]` is that of the n-gram.
struct CombinedHashes {
    buckets: u32,
    most: usize,
    ending: [u64; FeatureSpace::MAX_NGRAMS as usize],
    len: usize,
}

impl CombinedHashes {
    fn new(space: FeatureSpace) -> Self {
        CombinedHashes {
            buckets: space.buckets,
            most: space.ngrams.into(),
            ending: [0; _],
            len: 0,
        }
    }

    #[inline]
    fn push(&mut self, token: &[u8], run: &mut Vec<u32>) {
        let token = hash::token_hash(token);
        self.len = (self.len + 1).min(self.most);
        for n in (1..self.len).rev() {
            self.ending[n] = hash::ngram_hash(self.ending[n - 1], token);
            run.push(hash::bucket_of(self.ending[n], self.buckets));
        }
        self.ending[0] = token;
        run.push(hash::bucket_of(token, self.buckets));
    }
}

/// The latest tokens joined with single spaces, so that every n-gram is one slice.
struct JoinedTokens {
    most: usize,
    memory: hash::Sha256Memory,
    joined: Vec<u8>,
    starts: Vec<usize>,
}

impl JoinedTokens {
    /// When the joined tokens pass this many bytes, those no longer needed are dropped.
    const TIDY: usize = 1 << 16;

    fn new(space: FeatureSpace) -> Self {
        let memory = hash::Sha256Memory::new(space.buckets);
        JoinedTokens {
            most: space.ngrams.into(),
            memory,
            joined: Vec::new(),
            starts: Vec::new(),
        }
    }

    fn clear(&mut self) {
        self.joined.clear();
        self.starts.clear();
    }

    fn push(&mut self, token: &[u8], run: &mut Vec<u32>) {
        if !self.starts.is_empty() {
            self.joined.push(b' ');
        }
        self.starts.push(self.joined.len());
        self.joined.extend_from_slice(token);
        for start in self.starts.iter().rev().take(self.most) {
            run.push(self.memory.bucket(&self.joined[*start..]));
        }
        if self.joined.len() > Self::TIDY {
            self.tidy();
        }
    }

    fn tidy(&mut self) {
        let old = self.starts.len().saturating_sub(self.most);
        self.starts.drain(..old);
        let cut = self.starts.first().copied().unwrap_or(0);
        self.joined.drain(..cut);
        for start in &mut self.starts {
            *start -= cut;
        }
    }
}

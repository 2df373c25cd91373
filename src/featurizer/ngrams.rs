//! From tokens to the buckets of their n-grams.

use super::FeatureSpace;
use super::chunk::Chunk;
use super::distinct::Distinct;
use super::hash::{self, Hash};

/// So many tokens, coming one by one, are made n-grams together.
const WAITING: usize = if cfg!(fuzzing) { 5 } else { 256 };

/// The n-grams of a text, while its tokens come in.
pub(super) enum Ngrams {
    Dsir1(CombinedHashes),
    Sha256(JoinedTokens),
    /// Nobody asks for them.
    None,
}

impl Ngrams {
    pub(super) fn new(space: FeatureSpace) -> Self {
        match space.hash {
            Hash::Dsir1 => Ngrams::Dsir1(CombinedHashes::new(space)),
            Hash::Sha256 => Ngrams::Sha256(JoinedTokens::new(space)),
        }
    }

    /// From now on, takes note of different n-grams.
    pub(super) fn note_distinct(&mut self) {
        match self {
            Ngrams::Dsir1(hashes) => hashes.distinct = Some(Distinct::default()),
            Ngrams::Sha256(joined) => joined.distinct = Some(Distinct::default()),
            Ngrams::None => {}
        }
    }

    /// The different n-grams, if they were to be noted.
    pub(super) fn distinct(&self) -> Option<&Distinct> {
        match self {
            Ngrams::Dsir1(hashes) => hashes.distinct.as_ref(),
            Ngrams::Sha256(joined) => joined.distinct.as_ref(),
            Ngrams::None => None,
        }
    }

    /// From now on, keeps the hashes of tokens.
    pub(super) fn keep_tokens(&mut self) {
        match self {
            Ngrams::Dsir1(hashes) => hashes.kept = Some(Vec::new()),
            Ngrams::Sha256(joined) => joined.kept = Some(Vec::new()),
            Ngrams::None => {}
        }
    }

    /// The hashes of the tokens of the text, if they were to be kept.
    pub(super) fn kept_tokens(&self) -> &[u64] {
        match self {
            Ngrams::Dsir1(hashes) => hashes.kept.as_deref().unwrap_or_default(),
            Ngrams::Sha256(joined) => joined.kept.as_deref().unwrap_or_default(),
            Ngrams::None => &[],
        }
    }

    /// Begins a text.
    pub(super) fn clear(&mut self) {
        match self {
            Ngrams::Dsir1(hashes) => {
                (hashes.len, hashes.waiting) = (0, 0);
                hashes.kept.iter_mut().for_each(Vec::clear);
            }
            Ngrams::Sha256(joined) => joined.clear(),
            Ngrams::None => {}
        }
    }

    /// Takes one token. Its n-grams may have to wait for more of them, or for [`Ngrams::flush`].
    #[inline]
    pub(super) fn push(&mut self, token: &[u8], features: &mut impl FnMut(&[u32])) {
        match self {
            Ngrams::Dsir1(hashes) => {
                hashes.make_room(WAITING);
                hashes.put(hashes.waiting, hash::token_hash(token));
                hashes.waiting += 1;
                if hashes.waiting == WAITING {
                    hashes.combine(WAITING, features);
                    hashes.waiting = 0;
                }
            }
            Ngrams::Sha256(joined) => {
                joined.push(token);
                if joined.run.len() >= WAITING {
                    joined.flush(features);
                }
            }
            Ngrams::None => {}
        }
    }

    /// Gives the n-grams that wait, at the end of a text.
    pub(super) fn flush(&mut self, features: &mut impl FnMut(&[u32])) {
        match self {
            Ngrams::Dsir1(CombinedHashes { waiting: 0, .. }) => {}
            Ngrams::Dsir1(hashes) => {
                hashes.combine(hashes.waiting, features);
                hashes.waiting = 0;
            }
            Ngrams::Sha256(joined) => joined.flush(features),
            Ngrams::None => {}
        }
    }

    /// Takes the tokens of a chunk.
    #[inline(always)]
    pub(super) fn push_chunk(&mut self, chunk: &Chunk, features: &mut impl FnMut(&[u32])) {
        match self {
            Ngrams::Dsir1(hashes) => {
                let (lower, (starts, ends)) = (chunk.lower(), chunk.spans());
                hashes.make_room(starts.len());
                // Adapters of iterators are not always inlined, and then not compiled for the backend's processor.
                for i in 0..starts.len() {
                    hashes.put(i, hash::token_hash_within(lower, starts[i] as usize, ends[i] as usize));
                }
                hashes.combine(starts.len(), features);
            }
            Ngrams::Sha256(joined) => {
                let (starts, ends) = chunk.spans();
                for (start, end) in starts.iter().zip(ends) {
                    joined.push(&chunk.lower()[*start as usize..*end as usize]);
                }
                joined.flush(features);
            }
            Ngrams::None => {}
        }
    }
}

/// `dsir1`: the hash of an n-gram is combined from those of its tokens.
pub(super) struct CombinedHashes {
    buckets: u32,
    most: usize,
    /// The hashes of the tokens just come in; as all that follows, with room for more.
    tokens: Vec<u64>,
    /// For one n after the other: the hash of the n-gram that ended at the token before, and of those that end at
    /// these.
    ngrams: Vec<u64>,
    /// The same for n + 1, while it is made.
    longer: Vec<u64>,
    /// `[n - 1]`: the hash of the n-gram that ended at the token before.
    before: [u64; FeatureSpace::MAX_NGRAMS as usize],
    /// How many n-grams ended there: 0 at the start of a text.
    len: usize,
    /// How many of `tokens`, come one by one, have not been combined.
    waiting: usize,
    run: Vec<u32>,
    distinct: Option<Distinct>,
    /// All tokens of the text, if they are kept.
    kept: Option<Vec<u64>>,
}

impl CombinedHashes {
    fn new(space: FeatureSpace) -> Self {
        CombinedHashes {
            buckets: space.buckets,
            most: space.ngrams.into(),
            tokens: Vec::new(),
            ngrams: Vec::new(),
            longer: Vec::new(),
            before: [0; _],
            len: 0,
            waiting: 0,
            run: Vec::new(),
            distinct: None,
            kept: None,
        }
    }

    /// Takes the hash of the next token, the `i`-th of those just come in, and pairs it with the one before: nearly
    /// everyone wants pairs.
    #[inline(always)]
    fn put(&mut self, i: usize, hash: u64) {
        self.tokens[i] = hash;
        self.ngrams[i + 1] = hash::ngram_hash(self.before[0], hash);
        self.before[0] = hash;
    }

    /// Gives the buckets of all n-grams that end at the `count` tokens just come in.
    #[inline(always)]
    fn combine(&mut self, count: usize, features: &mut impl FnMut(&[u32])) {
        let CombinedHashes {
            buckets, most, tokens, ngrams, longer, before, len, run, distinct, kept, ..
        } = self;
        let bucket = |hash: &u64| hash::bucket_of(*hash, *buckets);
        let tokens = &tokens[..count];
        if let Some(kept) = kept {
            kept.extend_from_slice(tokens);
        }
        let mut note = |hashes: &[u64]| {
            if let Some(distinct) = distinct {
                hashes.iter().for_each(|hash| distinct.insert(*hash));
            }
        };
        note(tokens);
        let mut filled = fill(run, tokens.iter().map(bucket));
        for n in 2..=*most {
            // So many tokens come too early in the text to end an n-gram of this length.
            let early = (n - 1).saturating_sub(*len).min(count);
            filled += fill(&mut run[filled..], ngrams[1 + early..=count].iter().map(bucket));
            note(&ngrams[1 + early..=count]);
            ngrams[0] = before[n - 1];
            before[n - 1] = ngrams[count];
            if n < *most {
                for ((longer, first), last) in longer[1..].iter_mut().zip(&*ngrams).zip(tokens.iter()) {
                    *longer = hash::ngram_hash(*first, *last);
                }
                std::mem::swap(ngrams, longer);
            }
        }
        *len = (*len + count).min(*most);
        features(&run[..filled]);
    }

    fn make_room(&mut self, tokens: usize) {
        if self.ngrams.len() <= tokens {
            self.tokens.resize(tokens, 0);
            self.ngrams.resize(tokens + 1, 0);
            self.longer.resize(tokens + 1, 0);
            self.run.resize(tokens * self.most, 0);
        }
    }
}

/// Writes what `from` gives; returns how much it was.
#[inline(always)]
fn fill(to: &mut [u32], from: impl ExactSizeIterator<Item = u32>) -> usize {
    let count = from.len();
    to.iter_mut().zip(from).for_each(|(to, from)| *to = from);
    count
}

/// `sha256`: the latest tokens joined with single spaces, so that every n-gram is one slice.
pub(super) struct JoinedTokens {
    most: usize,
    memory: hash::Sha256Memory,
    joined: Vec<u8>,
    starts: Vec<usize>,
    run: Vec<u32>,
    distinct: Option<Distinct>,
    /// The hashes of all tokens of the text, if they are kept.
    kept: Option<Vec<u64>>,
}

impl JoinedTokens {
    /// When the joined tokens pass this many bytes, those no longer needed are dropped.
    const TIDY: usize = if cfg!(fuzzing) { 64 } else { 1 << 16 };

    fn new(space: FeatureSpace) -> Self {
        let memory = hash::Sha256Memory::new(space.buckets);
        let most = space.ngrams.into();
        JoinedTokens {
            most,
            memory,
            joined: Vec::new(),
            starts: Vec::new(),
            run: Vec::new(),
            distinct: None,
            kept: None,
        }
    }

    fn clear(&mut self) {
        self.joined.clear();
        self.starts.clear();
        self.kept.iter_mut().for_each(Vec::clear);
    }

    fn push(&mut self, token: &[u8]) {
        if let Some(kept) = &mut self.kept {
            kept.push(hash::token_hash(token));
        }
        if !self.starts.is_empty() {
            self.joined.push(b' ');
        }
        self.starts.push(self.joined.len());
        self.joined.extend_from_slice(token);
        for start in self.starts.iter().rev().take(self.most) {
            let ngram = &self.joined[*start..];
            self.run.push(self.memory.bucket(ngram));
            if let Some(distinct) = &mut self.distinct {
                distinct.insert(xxhash_rust::xxh3::xxh3_64(ngram));
            }
        }
        if self.joined.len() > Self::TIDY {
            self.tidy();
        }
    }

    fn flush(&mut self, features: &mut impl FnMut(&[u32])) {
        features(&self.run);
        self.run.clear();
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

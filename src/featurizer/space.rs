//! What decides the bucket of an n-gram.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Hash;
use super::hash;
use crate::reader::FieldKind;

/// How a text is split into tokens; `docs/feature-space.md` defines each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tokenizer {
    /// Runs of letters, digits and underscores, and runs of all else but white space, lower-cased.
    #[default]
    Wordpunct,
    /// Lower-cased, and split as NLTK's `word_tokenize` does, with a trained [`Punkt`](super::Punkt) model.
    WordTokenize,
    /// Lower-cased, and split at Unicode's word boundaries; characters of scripts without spaces are tokens.
    Unicode,
    /// Every byte of the UTF-8 is a token.
    Bytes,
    /// The text is an array of integers, and every one is a token.
    Ids,
}

impl Tokenizer {
    /// What the text fields of a record must hold.
    pub fn field_kind(self) -> FieldKind {
        match self {
            Tokenizer::Ids => FieldKind::Integers,
            _ => FieldKind::Text,
        }
    }

    /// Whether it tells words apart by spaces alone.
    pub(crate) fn needs_spaces(self) -> bool {
        matches!(self, Tokenizer::Wordpunct | Tokenizer::WordTokenize)
    }
}

impl fmt::Display for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tokenizer::Wordpunct => "wordpunct",
            Tokenizer::WordTokenize => "word_tokenize",
            Tokenizer::Unicode => "unicode",
            Tokenizer::Bytes => "bytes",
            Tokenizer::Ids => "ids",
        })
    }
}

/// What decides the bucket of an n-gram: counts and weights compare only within one feature space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSpace {
    /// How a text is split.
    pub tokenizer: Tokenizer,
    /// The fingerprint of the sentence model; only [`Tokenizer::WordTokenize`] has one, and must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(serialize_with = "as_hexadecimal", deserialize_with = "from_hexadecimal")]
    pub punkt: Option<u64>,
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
            punkt: None,
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

    /// The bucket of one n-gram, by the definition.
    pub(crate) fn bucket<T: AsRef<[u8]>>(&self, tokens: &[T]) -> u32 {
        let mut tokens = tokens.iter().map(AsRef::as_ref);
        match self.hash {
            Hash::Dsir1 => {
                let first = hash::token_hash(tokens.next().unwrap_or_default());
                let hash = tokens.fold(first, |first, last| hash::ngram_hash(first, hash::token_hash(last)));
                hash::bucket_of(hash, self.buckets)
            }
            Hash::Sha256 => hash::sha256_bucket(&tokens.collect::<Vec<_>>().join(&b' '), self.buckets),
        }
    }

    /// Whether a token is a piece of the text as it stands, and not of the text in lower case.
    pub(crate) fn takes_text_as_it_is(&self) -> bool {
        matches!(self.tokenizer, Tokenizer::Bytes | Tokenizer::Ids)
    }

    /// Whether the numbers are within their limits, and there is a sentence model where one is needed and nowhere else.
    pub fn is_valid(&self) -> bool {
        (1..=Self::MAX_NGRAMS).contains(&self.ngrams)
            && (1..=Self::MAX_BUCKETS).contains(&self.buckets)
            && self.punkt.is_some() == (self.tokenizer == Tokenizer::WordTokenize)
    }
}

impl fmt::Display for FeatureSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FeatureSpace { tokenizer, punkt, ngrams, buckets, hash } = self;
        write!(f, "{tokenizer} tokens")?;
        if let Some(punkt) = punkt {
            write!(f, " by the sentence model {punkt:016x}")?;
        }
        write!(f, ", n-grams of 1 to {ngrams}, {buckets} buckets, hash {hash}")
    }
}

fn as_hexadecimal<S: Serializer>(punkt: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    match punkt {
        Some(punkt) => serializer.collect_str(&format_args!("{punkt:016x}")),
        None => serializer.serialize_none(),
    }
}

fn from_hexadecimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let number = u64::from_str_radix(&text, 16).ok().filter(|number| format!("{number:016x}") == text);
    number.map(Some).ok_or_else(|| de::Error::custom("`punkt` is not a fingerprint of 16 hexadecimal digits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_model_is_written_where_there_is_one() {
        let plain = r#"{"tokenizer":"wordpunct","ngrams":2,"buckets":10000,"hash":"dsir1"}"#;
        assert_eq!(serde_json::to_string(&FeatureSpace::default()).unwrap(), plain);
        assert_eq!(serde_json::from_str::<FeatureSpace>(plain).unwrap(), FeatureSpace::default());

        let tokenizer = Tokenizer::WordTokenize;
        let space = FeatureSpace { tokenizer, punkt: Some(0xAB), ..FeatureSpace::default() };
        let text = serde_json::to_string(&space).unwrap();
        assert!(text.starts_with(r#"{"tokenizer":"word_tokenize","punkt":"00000000000000ab","#), "{text}");
        assert_eq!(serde_json::from_str::<FeatureSpace>(&text).unwrap(), space);
        for wrong in ["ab", "0x000000000000ab", "+0000000000000ab", ""] {
            assert!(serde_json::from_str::<FeatureSpace>(&text.replace("00000000000000ab", wrong)).is_err());
        }
    }

    #[test]
    fn who_needs_a_sentence_model_has_one_and_nobody_else() {
        let space = |tokenizer, punkt| FeatureSpace { tokenizer, punkt, ..FeatureSpace::default() };
        assert!(space(Tokenizer::WordTokenize, Some(1)).is_valid());
        assert!(!space(Tokenizer::WordTokenize, None).is_valid());
        assert!(!space(Tokenizer::Unicode, Some(1)).is_valid());
    }
}

use dsir::featurizer::{FeatureSpace, Featurizer, Hash};
use serde::Deserialize;

use crate::corpus::data;

#[derive(Deserialize)]
struct Line {
    text: String,
    tokens: Vec<String>,
}

/// The buckets of `text` in falling order.
fn buckets(featurizer: &mut Featurizer, text: &str) -> (u64, Vec<u32>) {
    let mut buckets = Vec::new();
    let tokens = featurizer.featurize(text, |run| buckets.extend_from_slice(run));
    buckets.sort_unstable();
    (tokens, buckets)
}

/// Each expected token, alone, must give the bucket it gives in the text; with 2^26 buckets two tokens
/// hardly share one.
#[test]
fn tokens_of_many_scripts_are_pythons() {
    let lines = std::fs::read_to_string(data("unicode/tokens.jsonl")).unwrap();
    let mut checked = 0;
    for hash in [Hash::Sha256, Hash::Dsir1] {
        let space =
            FeatureSpace { ngrams: 1, buckets: FeatureSpace::MAX_BUCKETS, hash, ..Default::default() };
        let mut featurizer = Featurizer::new(space).unwrap();
        for line in lines.lines() {
            let Line { text, tokens } = serde_json::from_str(line).unwrap();
            let (count, found) = buckets(&mut featurizer, &text);
            assert_eq!(count, tokens.len() as u64, "{text:?}: {tokens:?}");
            let mut expected = Vec::new();
            for token in &tokens {
                let bucket = match hash {
                    Hash::Sha256 => sha256_bucket(token.as_bytes(), space.buckets),
                    Hash::Dsir1 => definition::bucket(&[token], space.buckets),
                };
                expected.push(bucket);
            }
            expected.sort_unstable();
            assert_eq!(found, expected, "{text:?}: {tokens:?}");
            checked += 1;
        }
    }
    assert!(checked >= 1000);
}

pub(crate) fn sha256_bucket(ngram: &[u8], buckets: u32) -> u32 {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(ngram);
    digest.iter().fold(0u64, |rest, byte| (rest << 8 | u64::from(*byte)) % u64::from(buckets)) as u32
}

/// The vectors that `docs/feature-space.md` shows, read from the page itself.
mod vectors {
    use dsir::resample::Noise;

    use super::*;

    const PAGE: &str = include_str!("../../docs/feature-space.md");

    /// The rows of the table that follows `heading`, cell by cell without back quotes.
    fn table(heading: &str) -> Vec<Vec<String>> {
        let after = PAGE.split_once(heading).unwrap_or_else(|| panic!("no {heading}")).1;
        let rows =
            after.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
        let cells = |row: &str| {
            row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
        };
        rows.skip(2).map(cells).collect()
    }

    #[test]
    fn of_buckets() {
        let rows = table("### Vectors for `dsir1`");
        assert!(rows.len() >= 12);
        for row in rows {
            let [text, ngram_hash, ten_thousand, million] = &row[..] else { panic!("{row:?}") };
            let text: String = serde_json::from_str(text).unwrap();
            let words: Vec<&str> = text.split(' ').collect();
            assert_eq!(format!("{:016x}", definition::hash(&words)), *ngram_hash, "{text}");
            for (buckets, expected) in [(10_000, ten_thousand), (1 << 20, million)] {
                let ngrams = words.len() as u8;
                let space = FeatureSpace { ngrams, buckets, ..Default::default() };
                let (_, found) = super::buckets(&mut Featurizer::new(space).unwrap(), &text);
                let expected: u32 = expected.parse().unwrap();
                assert_eq!(definition::bucket(&words, buckets), expected, "{text}");
                assert!(found.contains(&expected), "{text}: {found:?}");
            }
        }
    }

    #[test]
    fn of_content_hashes() {
        let rows = table("### Vectors for content hashes");
        assert!(rows.len() >= 4);
        for row in rows {
            let record: String = serde_json::from_str(&row[0]).unwrap();
            assert_eq!(format!("{:016x}", dsir::reader::content_hash(record.as_bytes())), row[1]);
        }
    }

    #[test]
    fn of_noise() {
        let rows = table("### Vectors for noise");
        assert!(rows.len() >= 8);
        for row in rows {
            let number = |cell: &str| cell.parse::<u64>().unwrap();
            let hash = u64::from_str_radix(&row[3], 16).unwrap();
            let g = Noise::new(number(&row[0]), number(&row[1]), number(&row[2])).gumbel(hash);
            assert_eq!(format!("{:016x}", g.to_bits()), row[4], "{row:?}: {g}");
        }
    }

    #[test]
    fn of_repeats() {
        let rows = table("### Vectors for repeats");
        assert!(rows.len() >= 5);
        for row in rows {
            let hash = u64::from_str_radix(&row[1], 16).unwrap();
            let g = Noise::new(0, 0, 0).of_repeat(row[0].parse().unwrap()).gumbel(hash);
            assert_eq!(format!("{:016x}", g.to_bits()), row[2], "{row:?}: {g}");
        }
    }

    #[test]
    fn of_pareto_keys() {
        let rows = table("### Vectors for Pareto keys");
        assert!(rows.len() >= 7);
        for row in rows {
            let hash = u64::from_str_radix(&row[1], 16).unwrap();
            let key = Noise::new(0, 0, 0).pareto(hash, row[0].parse().unwrap());
            assert_eq!(format!("{:016x}", key.to_bits()), row[2], "{row:?}: {key}");
        }
    }

    #[test]
    fn of_logarithms() {
        for row in table("### Vectors for ln") {
            let x: f64 = row[0].parse().unwrap();
            assert_eq!(format!("{:016x}", dsir::ln::ln(x).to_bits()), row[1], "{x}");
        }
    }
}

/// `dsir1` once more, straight from the page, with none of the library's code.
pub(crate) mod definition {
    const K: [u64; 6] = [
        0x243F6A8885A308D3,
        0x13198A2E03707345,
        0xA4093822299F31D0,
        0x082EFA98EC4E6C89,
        0x452821E638D01377,
        0xBE5466CF34E90C6C,
    ];

    fn product(x: u64, y: u64) -> (u64, u64) {
        let product = x as u128 * y as u128;
        (product as u64, (product >> 64) as u64)
    }

    fn token(token: &[u8]) -> u64 {
        let mut padded = token.to_vec();
        padded.resize(padded.len().div_ceil(16).max(1) * 16, 0);
        let mut state = (token.len() as u64).wrapping_mul(K[0]);
        let blocks: Vec<&[u8]> = padded.chunks(16).collect();
        for (index, block) in blocks.iter().enumerate() {
            let a = u64::from_le_bytes(block[..8].try_into().unwrap());
            let b = u64::from_le_bytes(block[8..].try_into().unwrap());
            let (low, high) = product(a ^ state, b ^ K[1]);
            state = if index + 1 < blocks.len() {
                low ^ high
            } else {
                let (low, high) = product(low ^ K[2], high ^ K[3]);
                low ^ high
            };
        }
        state
    }

    pub(super) fn hash<S: AsRef<[u8]>>(ngram: &[S]) -> u64 {
        let mut tokens = ngram.iter().map(|word| token(word.as_ref()));
        let first = tokens.next().unwrap();
        tokens.fold(first, |hash, last| {
            let (low, high) = product(hash ^ K[4], last ^ K[5]);
            low ^ high
        })
    }

    pub(crate) fn bucket<S: AsRef<[u8]>>(ngram: &[S], buckets: u32) -> u32 {
        ((hash(ngram) as u128 * buckets as u128) >> 64) as u32
    }
}

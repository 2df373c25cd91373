//! The n-grams of some documents by which a model weighs them most.

use std::collections::HashMap;
use std::path::Path;

use serde::Serialize;

use crate::density::Model;
use crate::error::Error;
use crate::explain::Explanation;
use crate::observer::Observer;
use crate::passes::ReadOptions;
use crate::reader::{Block, BlockReader, Shards, TextReader};

/// So many records are read, so many bytes of each text, and so many of all.
const RECORDS: u64 = 1000;
const BYTES: usize = 64 << 10;
const ALL_BYTES: usize = 8 << 20;

/// What the documents of a sample add to their log weights, n-gram by n-gram.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TellingNgrams {
    /// How many documents were read.
    pub documents: u64,
    /// The names of the targets.
    pub targets: Vec<String>,
    /// All n-grams, in the order of the bytes.
    pub ngrams: Vec<TellingNgram>,
}

/// An n-gram of a sample.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TellingNgram {
    /// Its tokens, with spaces between them.
    pub ngram: String,
    /// How often it occurs.
    pub count: u64,
    /// What all its occurrences add to the log weights, one for each target.
    pub parts: Vec<f64>,
}

/// Takes apart the log weights that a model gives to the beginnings of the first records of `shards`: 1000 records, or
/// 8 MB of text, 64 kB of each. Records without a text are passed over.
///
/// # Errors
/// A model or a shard that cannot be read; a partial model; not a single document.
pub fn telling_ngrams(model: &Path, shards: &Shards, read: &ReadOptions) -> Result<TellingNgrams, Error> {
    let model = Model::read(model)?;
    let log_ratios = model.log_ratios()?;
    let featurizers = read.featurizers(model.space)?;
    let mut texts = TextReader::of_kind(&read.fields, model.space.tokenizer.field_kind());
    let (mut documents, mut records, mut bytes) = (0, 0, 0);
    let mut found: HashMap<String, (u64, Vec<f64>)> = HashMap::new();
    let mut first_fault: Option<String> = None;
    for shard in shards.iter() {
        if records == RECORDS || bytes >= ALL_BYTES {
            break;
        }
        let mut reader = BlockReader::open(shard, &Observer::default())?;
        let mut block = Block::default();
        while records < RECORDS && bytes < ALL_BYTES && reader.next_block(&mut block)? {
            for record in block.records().take((RECORDS - records) as usize) {
                if bytes >= ALL_BYTES {
                    break;
                }
                records += 1;
                let text = match texts.text(record.bytes) {
                    Ok(text) => text,
                    Err(fault) => {
                        let place = || format!("{}:{}", shard.path().display(), shard.line(record.line));
                        first_fault.get_or_insert_with(|| format!("{}: {fault}", place()));
                        continue;
                    }
                };
                documents += 1;
                let text = &text[..text.floor_char_boundary(BYTES)];
                bytes += text.len();
                for part in Explanation::of(text, &model, &log_ratios, &featurizers).ngrams {
                    let (count, parts) =
                        found.entry(part.ngram).or_insert_with(|| (0, vec![0.0; part.parts.len()]));
                    *count += part.count;
                    parts.iter_mut().zip(part.parts).for_each(|(sum, part)| *sum += part);
                }
            }
        }
    }
    if documents == 0 {
        let (what, invalid) = ("sample".to_owned(), records);
        return Err(Error::NoDocument { what, shards: shards.len(), records, invalid, first_fault });
    }
    let ngrams = found.into_iter().map(|(ngram, (count, parts))| TellingNgram { ngram, count, parts });
    let mut ngrams: Vec<TellingNgram> = ngrams.collect();
    ngrams.sort_by(|a, b| a.ngram.cmp(&b.ngram));
    let targets = model.targets.into_iter().map(|target| target.name).collect();
    Ok(TellingNgrams { documents, targets, ngrams })
}

//! Documents that share long n-grams with evaluation sets: looked for while they are weighed, and noted one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use ahash::AHashSet;
use serde::{Deserialize, Serialize};

use super::ReadOptions;
use super::documents::{Documents, Tally};
use crate::error::Error;
use crate::featurizer::{FeatureSpace, Featurizers};
use crate::observer::Observer;
use crate::overlap::{EvaluationItem, EvaluationSets, IndexedSet, ItemPlace};
use crate::reader::{self, Block, BlockReader, Fault, Shards, TextFields, TextReader};
use crate::scan::{self, Job};
use crate::storage::{self, ClosedFile, Storage};
use crate::writer::{self, Sink};

/// Evaluation sets that a selection is kept clean of.
#[derive(Debug)]
pub struct DecontaminateOptions {
    /// The sets, with what each is called.
    pub sets: Vec<(String, Shards)>,
    /// How many tokens of an item a document must have in a row to be left out.
    pub ngrams: usize,
    /// The fields of an item's text; `None`: those of the raw records.
    pub fields: Option<TextFields>,
    /// Where a line goes for each document that is left out: JSON.
    pub report: Option<PathBuf>,
}

impl DecontaminateOptions {
    /// The fewest tokens in a row that can be looked for.
    pub const FEWEST: usize = EvaluationSets::SHORTEST;
}

/// What was found of evaluation sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decontaminated {
    /// How many tokens in a row were looked for.
    pub ngrams: usize,
    /// How many documents were left out.
    pub documents: u64,
    /// Of each set.
    pub sets: Vec<DecontaminatedSet>,
}

/// What was found of one evaluation set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecontaminatedSet {
    /// What it is called.
    pub name: String,
    /// How many items it has.
    pub items: u64,
    /// Of these, those with too few tokens to be looked for.
    pub too_short: u64,
    /// Those of which nothing could be looked for, since all is in many items or has few different words.
    pub untold: u64,
    /// How many documents have something of it.
    pub documents: u64,
    /// How many of its items are in documents.
    pub items_found: u64,
    /// The first document that has something of it.
    pub example: Option<SharedNgram>,
}

/// An n-gram that a document shares with an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SharedNgram {
    /// The document: path and line.
    pub document: String,
    /// The item: path and line.
    pub item: String,
    /// Its tokens, with spaces between them.
    pub ngram: String,
}

/// A document that is left out, as it stands in the report.
#[derive(Debug, Serialize, Deserialize)]
struct LeftOut {
    file: String,
    line: u64,
    shared: Vec<Shared>,
}

/// What it shares with one item.
#[derive(Debug, Serialize, Deserialize)]
struct Shared {
    set: String,
    item: String,
    ngram: String,
}

/// Indexed evaluation sets.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Decontamination {
    index: EvaluationSets,
    sets: Vec<NamedSet>,
    /// Where it is told of each document that is left out.
    #[serde(skip)]
    report: Option<PathBuf>,
    /// Of all that matters.
    pub(super) fingerprint: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct NamedSet {
    name: String,
    shards: Vec<String>,
}

impl Decontamination {
    /// Reads the sets, whose tokens are those of `space`.
    ///
    /// # Errors
    /// Shards that cannot be read, or without a document.
    pub(crate) fn read(
        options: &DecontaminateOptions,
        space: FeatureSpace,
        read: &ReadOptions,
        observer: &Observer,
    ) -> Result<Self, Error> {
        let read = ReadOptions {
            fields: options.fields.clone().unwrap_or_else(|| read.fields.clone()),
            // They are few enough to be mended.
            skip_invalid: false,
            ..read.without_ids()
        };
        let featurizers = read.featurizers(space)?;
        let (mut items, mut sets) = (Vec::new(), Vec::new());
        for (set, (name, shards)) in options.sets.iter().enumerate() {
            observer.begin("evaluation set", shards.total_bytes());
            let kind = space.tokenizer.field_kind();
            let documents = Documents::new(shards, &read, kind, false, observer);
            let job = ReadItems { documents, featurizers: &featurizers, set };
            let scanned = scan::scan(&job, shards, observer).map_err(of_item)?;
            let (tallies, of_shards): (Vec<Tally>, Vec<Vec<EvaluationItem>>) =
                scanned.shards.into_iter().unzip();
            job.documents.finish(&format!("evaluation set `{name}`"), &tallies)?;
            items.extend(of_shards.into_iter().flatten());
            let path = |shard: &crate::reader::Shard| shard.path().display().to_string();
            sets.push(NamedSet { name: name.clone(), shards: shards.iter().map(path).collect() });
        }
        let mut hasher = xxhash_rust::xxh3::Xxh3::new();
        hasher.update(&(options.ngrams as u64).to_le_bytes());
        for item in &items {
            hasher.update(&(item.place.set as u64).to_le_bytes());
            item.tokens.iter().for_each(|token| hasher.update(&token.hash.to_le_bytes()));
        }
        let fingerprint = hasher.digest();
        let index = EvaluationSets::new(options.ngrams, sets.len(), items);
        Ok(Decontamination { index, sets, report: options.report.clone(), fingerprint })
    }

    /// What is looked for of each set, and what it is called.
    pub(crate) fn sets(&self) -> impl Iterator<Item = (&str, IndexedSet)> {
        self.sets.iter().zip(self.index.sets()).map(|(set, told)| (set.name.as_str(), *told))
    }

    /// Whether a document with these tokens is clean; if it is not, appends a line to `log`.
    pub(super) fn is_clean(&self, tokens: &[u64], (path, line): (&Path, u64), log: &mut Vec<u8>) -> bool {
        // Of each item the first n-gram in the document: where it begins there, and in the item.
        let mut shared: BTreeMap<u32, (usize, u32)> = BTreeMap::new();
        self.index.find(tokens, |start, places| {
            for (item, at) in places {
                let first = shared.entry(*item).or_insert((start, *at));
                *first = (start, *at).min(*first);
            }
        });
        if shared.is_empty() {
            return true;
        }
        let one = |(item, (_, at)): (&u32, &(usize, u32))| {
            let ItemPlace { set, shard, line } = self.index.item(*item);
            let NamedSet { name, shards } = &self.sets[set];
            let ngram = self.index.ngram_at(*item, *at);
            Shared { set: name.clone(), item: format!("{}:{line}", shards[shard]), ngram }
        };
        let left_out =
            LeftOut { file: path.display().to_string(), line, shared: shared.iter().map(one).collect() };
        // Strings and numbers always make JSON.
        log.extend(serde_json::to_vec(&left_out).unwrap_or_default());
        log.push(b'\n');
        false
    }

    /// Puts together what was noted of shards, in files one after the other, and writes the report if one is asked for.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub(super) fn finish(&self, logs: &[PathBuf], storage: &Storage) -> Result<Decontaminated, Error> {
        let mut sink = self.report.as_deref().map(|path| Sink::create(path, storage)).transpose()?;
        let of_set = |(NamedSet { name, .. }, told): (&NamedSet, &IndexedSet)| DecontaminatedSet {
            name: name.clone(),
            items: told.items,
            too_short: told.too_short,
            untold: told.untold,
            documents: 0,
            items_found: 0,
            example: None,
        };
        let mut sets: Vec<DecontaminatedSet> = self.sets.iter().zip(self.index.sets()).map(of_set).collect();
        let mut found: BTreeSet<(usize, String)> = BTreeSet::new();
        let mut documents = 0;
        for path in logs {
            let failed = |source| storage::Error::new(path, source);
            for line in BufReader::new(File::open(path).map_err(failed)?).split(b'\n') {
                let line = line.map_err(failed)?;
                let left_out: LeftOut =
                    serde_json::from_slice(&line).map_err(|error| failed(error.into()))?;
                documents += 1;
                let mut seen = AHashSet::<usize>::new();
                for Shared { set, item, ngram } in left_out.shared {
                    let Some(number) = self.sets.iter().position(|named| named.name == set) else { continue };
                    let of_set = &mut sets[number];
                    of_set.documents += u64::from(seen.insert(number));
                    let document = || format!("{}:{}", left_out.file, left_out.line);
                    of_set.example.get_or_insert_with(|| SharedNgram {
                        document: document(),
                        item: item.clone(),
                        ngram,
                    });
                    of_set.items_found += u64::from(found.insert((number, item)));
                }
                if let Some(sink) = &mut sink {
                    sink.write(&[&line[..], b"\n"].concat())?;
                }
            }
        }
        if let Some(sink) = sink {
            ClosedFile::finish_all(sink.close()?.into_iter().collect()).map_err(writer::Error::from)?;
        }
        Ok(Decontaminated { ngrams: self.index.ngram(), documents, sets })
    }
}

/// A field that an item has not is named by another option than that of a raw record.
fn of_item(error: Error) -> Error {
    match error {
        Error::Reader(reader::Error::Record {
            shard,
            line,
            fault: Fault::Missing { field, there },
            walked,
        }) => {
            let fault = Fault::NotInItem { field, there };
            reader::Error::Record { shard, line, fault, walked }.into()
        }
        other => other,
    }
}

/// Reads the items of one set.
struct ReadItems<'a> {
    documents: Documents<'a>,
    featurizers: &'a Featurizers,
    set: usize,
}

impl<'a> Job for ReadItems<'a> {
    type Thread = TextReader<'a>;
    type Made = (Tally, Vec<EvaluationItem>);
    type Gathered = (Tally, Vec<EvaluationItem>);
    type Ended = (Tally, Vec<EvaluationItem>);

    fn thread(&self) -> TextReader<'a> {
        self.documents.thread()
    }

    fn begin(&self, _: usize, _: &BlockReader) -> Result<Self::Gathered, Error> {
        Ok((Tally::default(), Vec::new()))
    }

    fn make(&self, texts: &mut TextReader<'a>, shard: usize, block: &Block) -> Result<Self::Made, Error> {
        let mut items = Vec::new();
        let taken = self.documents.each(texts, shard, block, |record, text| {
            let place = ItemPlace { set: self.set, shard, line: record.line };
            items.extend(text.map(|text| EvaluationItem::of(text, self.featurizers, place)));
            Ok(())
        })?;
        Ok((taken.tally, items))
    }

    fn gather(&self, (tally, items): &mut Self::Gathered, (more, new): Self::Made) -> Result<(), Error> {
        tally.add(more);
        items.extend(new);
        Ok(())
    }

    fn end(&self, gathered: Self::Gathered) -> Result<Self::Ended, Error> {
        Ok(gathered)
    }
}

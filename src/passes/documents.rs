use std::collections::hash_map::Entry;
use std::time::Instant;

use ahash::AHashMap;
use serde::{Deserialize, Serialize};

use super::ReadOptions;
use super::rejects::push_reject;
use crate::error::Error;
use crate::observer::Observer;
use crate::reader::{
    self, Block, Content, Fault, FieldKind, IdFields, Record, Shards, Strings, TextReader, content_hash,
};
use crate::warning::Warning;
use crate::weights::RecordId;

/// What came of reading shards.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReadReport {
    /// Lines that are not blank.
    pub records: u64,
    /// Those that were skipped as invalid.
    pub invalid: u64,
    /// Bytes of decompressed content.
    pub bytes: u64,
    /// Of these, what an earlier run had done.
    pub bytes_before: u64,
    /// Wall time.
    pub seconds: f64,
}

/// Counts of the records of one shard, from its start, and what was wrong with the first that was skipped.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Tally {
    pub(super) records: u64,
    pub(super) invalid: u64,
    /// Decompressed content.
    pub(super) bytes: u64,
    /// The sum of the content hashes of all records.
    hashes: u64,
    /// Documents that are hardly split into tokens, where that is looked at.
    pub(super) few_spaces: u64,
    /// All lines, blank ones too.
    lines: u64,
    /// The line of the first that was skipped, from 1, and what was wrong with it.
    first: Option<(u64, String)>,
}

impl Tally {
    /// Of one block, before anything is skipped.
    pub(super) fn of(block: &Block) -> Self {
        Tally {
            records: block.len() as u64,
            bytes: block.content_bytes(),
            lines: block.lines(),
            ..Tally::default()
        }
    }

    /// Adds what comes after.
    pub(super) fn add(&mut self, more: Tally) {
        self.records += more.records;
        self.invalid += more.invalid;
        self.bytes += more.bytes;
        self.hashes = self.hashes.wrapping_add(more.hashes);
        self.few_spaces += more.few_spaces;
        self.lines += more.lines;
        self.first = self.first.take().or(more.first);
    }

    /// Adds what was counted of the next span of the shard, whose lines begin at 1 again.
    pub(super) fn add_span(&mut self, mut more: Tally) {
        more.first = more.first.map(|(line, fault)| (self.lines + line, fault));
        self.add(more);
    }

    /// All lines, blank ones too.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }
}

/// What was taken out of one block: counts, and what is to be kept of the records skipped.
pub(super) struct Taken {
    pub(super) tally: Tally,
    pub(super) rejected: Vec<u8>,
}

/// A record and its content hash.
#[derive(Clone, Copy)]
pub(super) struct Hashed<'a> {
    /// The bytes as they came in, without line end.
    pub(super) bytes: &'a [u8],
    /// The line of the shard, from 1.
    pub(super) line: u64,
    /// The content hash, or that of the id.
    pub(super) hash: u64,
}

impl<'a> Hashed<'a> {
    /// A record, and what is wrong with its id, if anything is: then it is known by its content.
    fn of(Record { bytes, line }: Record<'a>, ids: &IdFields) -> (Self, Option<Fault>) {
        let (hash, fault) = match ids.hash(bytes) {
            Ok(hash) => (hash, None),
            Err(fault) => (content_hash(bytes), Some(fault)),
        };
        (Hashed { bytes, line, hash }, fault)
    }

    /// What weights keep of it.
    pub(super) fn id(&self) -> RecordId {
        // The reader refuses a record whose length does not fit.
        RecordId { hash: self.hash, bytes: self.bytes.len() as u32 + 1, text: None }
    }
}

/// Takes the documents out of blocks, and deals with records that are none.
pub(super) struct Documents<'a> {
    shards: &'a Shards,
    options: &'a ReadOptions,
    kind: FieldKind,
    with_rejects: bool,
    start: Instant,
    observer: Observer,
}

impl<'a> Documents<'a> {
    /// The documents of `shards`, whose text fields hold what `kind` says.
    pub(super) fn new(
        shards: &'a Shards,
        options: &'a ReadOptions,
        kind: FieldKind,
        with_rejects: bool,
        observer: &Observer,
    ) -> Self {
        let (start, observer) = (Instant::now(), observer.clone());
        Documents { shards, options, kind, with_rejects, start, observer }
    }

    /// What one thread works with.
    pub(super) fn thread(&self) -> TextReader<'a> {
        TextReader::of_kind(&self.options.fields, self.kind)
    }

    /// Gives every record of `block` to `each`, with its text unless it is skipped as invalid. A fault that `each`
    /// finds makes a record invalid too; it is given once more, without its text.
    pub(super) fn each(
        &self,
        texts: &mut TextReader<'_>,
        shard: usize,
        block: &Block,
        each: impl FnMut(Hashed<'_>, Option<&str>) -> Result<(), Fault>,
    ) -> Result<Taken, Error> {
        self.each_of(texts, shard, block, |_| true, each)
    }

    /// The same for the records that are `wanted`; nobody looks into the others.
    pub(super) fn each_of(
        &self,
        texts: &mut TextReader<'_>,
        shard: usize,
        block: &Block,
        wanted: impl Fn(Hashed<'_>) -> bool,
        mut each: impl FnMut(Hashed<'_>, Option<&str>) -> Result<(), Fault>,
    ) -> Result<Taken, Error> {
        let mut taken = Taken { tally: Tally::of(block), rejected: Vec::new() };
        // The text of a row need not be taken out of its line.
        let strings = texts.key().and_then(|key| block.strings(key));
        let bytes = texts.key().filter(|_| strings.as_ref().is_some_and(Strings::are_bytes));
        let ids = &self.options.ids;
        for (index, (record, no_id)) in block.records().map(|record| Hashed::of(record, ids)).enumerate() {
            taken.tally.hashes = taken.tally.hashes.wrapping_add(record.hash);
            if !wanted(record) {
                continue;
            }
            let done = match (block.fault(index), strings.as_ref().and_then(|strings| strings.get(index))) {
                (Some(fault), _) => Err(fault.clone()),
                (None, _) if let Some(fault) = no_id => Err(fault),
                (None, _) if let Some(key) = bytes => {
                    Err(Fault::NotText { field: key.to_owned(), found: "bytes; cast the column to strings" })
                }
                (None, Some(text)) => each(record, Some(text)),
                (None, None) => texts.text(record.bytes).and_then(|text| each(record, Some(&text))),
            };
            if let Err(fault) = done {
                self.skip(shard, block, record, fault, &mut taken)?;
                // Nothing is left that could be wrong.
                let _ = each(record, None);
            }
        }
        Ok(taken)
    }

    fn skip(
        &self,
        shard: usize,
        block: &Block,
        record: Hashed<'_>,
        fault: Fault,
        taken: &mut Taken,
    ) -> Result<(), Error> {
        let (path, walked) = (self.shards[shard].path(), self.shards[shard].is_walked());
        let line = || self.shards[shard].line(record.line);
        if !self.options.skip_invalid {
            let shard = path.into();
            return Err(match block.looks_like() {
                Some(what) => reader::Error::Foreign { shard, what, walked },
                None => reader::Error::Record { shard, line: line(), fault, walked },
            }
            .into());
        }
        let Taken { tally, rejected } = taken;
        tally.invalid += 1;
        tally.first.get_or_insert_with(|| (record.line, fault.to_string()));
        if self.with_rejects {
            let record = Record { bytes: record.bytes, line: line() };
            push_reject(path, record, &fault, rejected);
        }
        Ok(())
    }

    /// Sums up what the shards of `what` have come to, and warns of shards that are not what they should be.
    ///
    /// # Errors
    /// Shards without a single document, or with other records than an earlier reading has found.
    pub(super) fn finish<'t>(
        &self,
        what: &str,
        tallies: impl IntoIterator<Item = &'t Tally>,
    ) -> Result<ReadReport, Error> {
        let tallies: Vec<&Tally> = tallies.into_iter().collect();
        let mut sum = Tally::default();
        tallies.iter().for_each(|tally| sum.add((*tally).clone()));
        self.check_contents(tallies.iter().copied())?;
        let Tally { records, invalid, bytes, .. } = sum;
        if records == invalid {
            let (what, shards) = (what.into(), self.shards.len());
            let first_fault =
                tallies.iter().enumerate().find_map(|(shard, tally)| self.first_fault(shard, tally));
            return Err(Error::NoDocument { what, shards, records, invalid, first_fault });
        }
        self.warn(what, &tallies, &sum);
        let seconds = self.start.elapsed().as_secs_f64();
        Ok(ReadReport { records, invalid, bytes, bytes_before: 0, seconds })
    }

    /// What was wrong with the first record of a shard that was skipped, and where it is.
    fn first_fault(&self, shard: usize, tally: &Tally) -> Option<String> {
        let (line, fault) = tally.first.as_ref()?;
        Some(format!("{}:{line}: {fault}", self.shards[shard].path().display()))
    }

    /// Makes sure that no shard has other records than an earlier reading has found.
    ///
    /// # Errors
    /// The first shard that has.
    pub(super) fn check_contents<'t>(&self, tallies: impl Iterator<Item = &'t Tally>) -> Result<(), Error> {
        for (shard, tally) in self.shards.iter().zip(tallies) {
            shard.check_content(tally.content())?;
        }
        Ok(())
    }

    fn warn(&self, what: &str, tallies: &[&Tally], sum: &Tally) {
        let (documents, of) = (sum.few_spaces, sum.records - sum.invalid);
        if documents > 0 && documents >= of / FEW {
            self.observer.warn(Warning::FewSpaces { what: what.to_owned(), documents, of });
        }
        let path = |shard: usize| self.shards[shard].path().to_path_buf();
        let mut seen: AHashMap<Content, usize> = AHashMap::new();
        let mut same = Vec::new();
        for (shard, tally) in tallies.iter().enumerate() {
            if let (Some(first_fault), true) =
                (self.first_fault(shard, tally), tally.records == tally.invalid)
            {
                let (shard, records) = (path(shard), tally.records);
                self.observer.warn(Warning::NoValidRecord { shard, records, first_fault });
            }
            if tally.records > 0 {
                match seen.entry(tally.content()) {
                    Entry::Occupied(first) => same.push((*first.get(), shard)),
                    Entry::Vacant(place) => drop(place.insert(shard)),
                }
            }
        }
        if let Some((first, second)) = same.first() {
            let (first, second, more) = (path(*first), path(*second), same.len() - 1);
            self.observer.warn(Warning::SameRecords { first, second, more });
        }
    }
}

/// From one document in so many on, those of scripts without spaces are told.
const FEW: u64 = 20;

/// Whether `text` is of a script that puts no spaces between words, so that its `tokens` are clauses: by a few
/// characters in its middle, and only if the tokens are long at all.
pub(super) fn has_few_spaces(text: &str, tokens: u64) -> bool {
    const SHORTEST_TOKENS: u64 = 9;
    const LOOKED_AT: usize = 40;
    if (text.len() as u64) < SHORTEST_TOKENS * tokens.max(4) {
        return false;
    }
    let middle = text.len().saturating_sub(3 * LOOKED_AT) / 2;
    let start = (middle..).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let chars = || text[start..].chars().take(LOOKED_AT);
    2 * chars().filter(|c| is_unspaced(*c)).count() > chars().count()
}

/// Characters of Chinese, Japanese, Thai, Lao, Burmese and Khmer.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9d}' | '\u{20000}'..='\u{3ffff}')
}

impl Tally {
    fn content(&self) -> Content {
        Content { records: self.records, hashes: self.hashes }
    }
}

#[cfg(test)]
mod tests {
    use super::has_few_spaces;

    #[test]
    fn scripts_without_spaces() {
        let chinese =
            "在这个世界上，我们需要更多的爱。人们常常忘记了这一点，却总是在寻找别的东西。".repeat(3);
        let thai = "ประเทศไทยเป็นประเทศที่ตั้งอยู่ในเอเชียตะวันออกเฉียงใต้";
        assert!(has_few_spaces(&chinese, 24) && has_few_spaces(thai, 2));
        // Long words, and letters of three bytes each, are not enough.
        let georgian = "საქართველოს კონსტიტუციის თანახმად ქვეყანა დამოუკიდებელია";
        for (text, tokens) in
            [("Donaudampfschifffahrtsgesellschaftskapitän ".repeat(5).as_str(), 5), (georgian, 5), ("", 0)]
        {
            assert!(!has_few_spaces(text, tokens), "{text}");
        }
        // By bytes in the middle of a character.
        assert!(has_few_spaces(&format!("ab{}", "字".repeat(100)), 1));
    }
}

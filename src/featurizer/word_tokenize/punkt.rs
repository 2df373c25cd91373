//! A trained Punkt model: what it knows, and its folder.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use ahash::RandomState;

use crate::featurizer::Error;
use crate::reader::content_hash;

/// The places in which a word was seen, as bits of its entry in `ortho_context.tab`.
pub(super) mod seen {
    /// Within a sentence, in upper case.
    pub(crate) const WITHIN_UPPER: u8 = 1 << 2;
    /// Anywhere, in upper case.
    pub(crate) const UPPER: u8 = 1 << 1 | 1 << 2 | 1 << 3;
    /// At the start of a sentence, in lower case.
    pub(crate) const START_LOWER: u8 = 1 << 4;
    /// Anywhere, in lower case.
    pub(crate) const LOWER: u8 = 1 << 4 | 1 << 5 | 1 << 6;
}

type Words = HashSet<Box<str>, RandomState>;

/// What a trained sentence model knows (Kiss and Strunk, Unsupervised Multilingual Sentence Boundary Detection, 2006).
///
/// dsir brings none. It is read from a folder in the form of NLTK's `punkt_tab`.
#[derive(Debug)]
pub struct Punkt {
    /// Without their last period, in lower case.
    abbreviations: Words,
    /// The length of the longest, in bytes.
    longest_abbreviation: usize,
    /// By the first word, what follows it across a period that ends no sentence.
    collocations: HashMap<Box<str>, Vec<Box<str>>, RandomState>,
    starters: Words,
    /// By the word, bits of [`seen`].
    contexts: HashMap<Box<str>, u8, RandomState>,
    fingerprint: u64,
}

impl Punkt {
    /// Reads the model in `folder`: that of one language, or `punkt_tab` itself, which has one for `english` within.
    ///
    /// # Errors
    /// A file that is missing or cannot be read; a line that is not of its form.
    pub fn read(folder: &Path) -> Result<Punkt, Error> {
        let english = folder.join("english");
        let is_language = |folder: &Path| folder.join("abbrev_types.txt").is_file();
        let folder = if !is_language(folder) && is_language(&english) { &english } else { folder };

        let mut collocations: HashMap<Box<str>, Vec<Box<str>>, RandomState> =
            HashMap::with_hasher(RandomState::new());
        for_each_line(&folder.join("collocations.tab"), |line| {
            let (first, second) = line.split_once('\t').ok_or("it must be two words with a tab between")?;
            let seconds = collocations.entry(first.into()).or_default();
            if !seconds.iter().any(|known| **known == *second) {
                seconds.push(second.into());
            }
            Ok(())
        })?;
        let mut contexts = HashMap::with_hasher(RandomState::new());
        for_each_line(&folder.join("ortho_context.tab"), |line| {
            let form = "it must be a word, a tab, and a number from 0 to 255";
            let (word, bits) = line.split_once('\t').ok_or(form)?;
            contexts.insert(word.into(), bits.parse::<u8>().map_err(|_| form)?);
            Ok(())
        })?;
        let mut punkt = Punkt {
            abbreviations: words(&folder.join("abbrev_types.txt"))?,
            longest_abbreviation: 0,
            collocations,
            starters: words(&folder.join("sent_starters.txt"))?,
            contexts,
            fingerprint: 0,
        };
        punkt.longest_abbreviation = punkt.abbreviations.iter().map(|word| word.len()).max().unwrap_or(0);
        punkt.fingerprint = content_hash(punkt.canonical().as_bytes());
        Ok(punkt)
    }

    /// 64 bits that are the same for models which know the same, whatever the order of their lines: the XXH3 of the
    /// sorted lines of the four files, one file after the other (abbreviations, collocations, sentence starters,
    /// contexts), each line ended by `\n` and each file by one more.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    fn canonical(&self) -> String {
        let words = |words: &Words| words.iter().map(|word| word.to_string()).collect();
        let pairs = self.collocations.iter();
        let pairs =
            pairs.flat_map(|(first, seconds)| seconds.iter().map(move |second| format!("{first}\t{second}")));
        let contexts = self.contexts.iter().map(|(word, bits)| format!("{word}\t{bits}"));
        let files: [Vec<String>; 4] =
            [words(&self.abbreviations), pairs.collect(), words(&self.starters), contexts.collect()];
        let mut text = String::new();
        for mut lines in files {
            lines.sort_unstable();
            for line in lines {
                text.push_str(&line);
                text.push('\n');
            }
            text.push('\n');
        }
        text
    }

    /// Whether `word`, in lower case and without its last period, is an abbreviation, or what comes after its last
    /// hyphen is.
    pub(super) fn is_abbreviation(&self, word: &str) -> bool {
        let is_one =
            |word: &str| word.len() <= self.longest_abbreviation && self.abbreviations.contains(word);
        is_one(word) || word.rsplit_once('-').is_some_and(|(_, last)| is_one(last))
    }

    pub(super) fn is_collocation(&self, first: &str, second: &str) -> bool {
        self.collocations.get(first).is_some_and(|seconds| seconds.iter().any(|known| **known == *second))
    }

    pub(super) fn is_starter(&self, word: &str) -> bool {
        self.starters.contains(word)
    }

    /// Where `word` was seen: bits of [`seen`].
    pub(super) fn contexts(&self, word: &str) -> u8 {
        self.contexts.get(word).copied().unwrap_or(0)
    }
}

fn words(path: &Path) -> Result<Words, Error> {
    let mut words = Words::with_hasher(RandomState::new());
    for_each_line(path, |line| {
        words.insert(line.into());
        Ok(())
    })?;
    Ok(words)
}

/// Gives every line of a file to `take`, without its end: `\n`, `\r` or both, as Python reads text.
fn for_each_line(path: &Path, mut take: impl FnMut(&str) -> Result<(), &'static str>) -> Result<(), Error> {
    let bytes = fs::read(path).map_err(|source| Error::Open { path: path.into(), source })?;
    let mut rest = &bytes[..];
    let mut line = 0;
    while !rest.is_empty() {
        line += 1;
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        let taken = match std::str::from_utf8(&rest[..end]) {
            Ok(text) => take(text),
            Err(_) => Err("it is not UTF-8"),
        };
        taken.map_err(|what| Error::Line { path: path.into(), line, what })?;
        rest = &rest[end..];
        rest = rest.strip_prefix(b"\r\n").or_else(|| rest.get(1..)).unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A folder with a small model.
    pub(crate) fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in [
            ("abbrev_types.txt", "dr\nu.s\nfig\ne.g"),
            ("collocations.tab", "##number##\tvols\nst\tlouis"),
            ("sent_starters.txt", "however\nthe\n"),
            ("ortho_context.tab", "the\t34\nbach\t4\nand\t96\nsmith\t46"),
        ] {
            fs::write(folder.path().join(name), content).unwrap();
        }
        folder
    }

    #[test]
    fn what_a_folder_says() {
        let punkt = Punkt::read(folder().path()).unwrap();
        assert!(punkt.is_abbreviation("dr") && punkt.is_abbreviation("non-u.s"));
        assert!(!punkt.is_abbreviation("u") && !punkt.is_abbreviation("dr-x"));
        assert!(punkt.is_collocation("st", "louis") && !punkt.is_collocation("louis", "st"));
        assert!(punkt.is_starter("however"));
        assert_eq!((punkt.contexts("smith"), punkt.contexts("none")), (46, 0));
    }

    #[test]
    fn the_fingerprint_is_of_what_is_known_not_of_how_it_is_written() {
        let (first, second) = (folder(), folder());
        let write = |name: &str, content: &str| fs::write(second.path().join(name), content).unwrap();
        let fingerprint = |folder: &Path| Punkt::read(folder).unwrap().fingerprint();
        write("abbrev_types.txt", "e.g\r\nfig\r\nfig\r\nu.s\r\ndr\r\n");
        assert_eq!(fingerprint(first.path()), fingerprint(second.path()));
        assert_eq!(format!("{:016x}", fingerprint(first.path())), "45316edff1216bea");
        write("abbrev_types.txt", "e.g\nfig\nu.s");
        assert_ne!(fingerprint(first.path()), fingerprint(second.path()));
    }

    #[test]
    fn the_folder_of_english_is_found_in_that_of_all_languages() {
        let all = tempfile::tempdir().unwrap();
        let missing = Punkt::read(all.path()).unwrap_err().to_string();
        assert!(
            missing.contains("collocations.tab") && missing.contains("nltk.download('punkt_tab')"),
            "{missing}"
        );
        let english = folder();
        fs::rename(english.path(), all.path().join("english")).unwrap();
        Punkt::read(all.path()).unwrap();
    }

    #[test]
    fn a_line_that_says_nothing_is_named() {
        let folder = folder();
        for (name, content, says) in [
            ("ortho_context.tab", &b"the\t34\nand 96"[..], "ortho_context.tab:2: not a line"),
            ("ortho_context.tab", b"the\t34\nand\t300\n", "ortho_context.tab:2: not a line"),
            ("collocations.tab", b"a\tb\r\n\r\n", "collocations.tab:2: not a line"),
            (
                "abbrev_types.txt",
                b"a\nb\n\xFF\n",
                "abbrev_types.txt:3: not a line of a sentence model: it is not UTF-8",
            ),
        ] {
            let path = folder.path().join(name);
            let before = fs::read(&path).unwrap();
            fs::write(&path, content).unwrap();
            let error = Punkt::read(folder.path()).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
            fs::write(&path, before).unwrap();
        }
    }
}

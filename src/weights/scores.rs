use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Error, npy};
use crate::ln::ln_of_any;
use crate::storage::{LocalFile, Stamp};

/// What a score of another tool says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// An importance weight, at least 0: its logarithm is the log weight.
    Weight,
    /// A log weight.
    Log,
    /// A probability, from 0 to 1, kept as it is.
    Probability,
}

/// What is above 1 by no more than the rounding of single precision is 1.
const LARGEST_PROBABILITY: f64 = 1.0001;

impl Scale {
    /// What stands in the weights for this score; `None` for a score that makes no sense.
    pub fn log_weight(self, score: f64) -> Option<f64> {
        match self {
            Scale::Weight if score == 0.0 => Some(f64::NEG_INFINITY),
            Scale::Weight if score > 0.0 && score.is_finite() => Some(ln_of_any(score)),
            Scale::Log if score < f64::INFINITY => Some(score),
            // fastText gives probabilities up to 1.00001.
            Scale::Probability if (0.0..=LARGEST_PROBABILITY).contains(&score) => Some(score.min(1.0)),
            _ => None,
        }
    }

    /// What a score must be.
    pub fn range(self) -> &'static str {
        match self {
            Scale::Weight => "a number of at least 0",
            Scale::Log => "a number",
            Scale::Probability => "a number from 0 to 1",
        }
    }
}

/// A `.npy` file of one score for each record: one dimension of `<f8` or `<f4`.
#[derive(Clone, Debug)]
pub struct ScoresFile {
    /// What messages call it.
    path: PathBuf,
    /// It, what was made of it, or a copy of an object.
    file: LocalFile,
    header: npy::PlainHeader,
    stamp: Stamp,
}

impl ScoresFile {
    /// Reads and checks the header of `path`.
    ///
    /// # Errors
    /// A file that cannot be read or holds no such array.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let refuse = |reason| Error::NotScores { path: path.into(), reason };
        let (file, header, stamp) = npy::open(path, npy::parse_plain, refuse)?;
        let found = stamp.bytes;
        let expected =
            header.rows.checked_mul(header.size as u64).and_then(|bytes| bytes.checked_add(header.data));
        if expected != Some(found) {
            let promised = header.rows;
            return Err(refuse(format!(
                "its header promises {promised} scores, its length is {found} bytes"
            )));
        }
        Ok(ScoresFile { path: path.into(), file, header, stamp })
    }

    /// The file `path` that we have made of `rows` scores, and nothing else, which are those of `of`.
    ///
    /// # Errors
    /// A file that cannot be looked at.
    pub(crate) fn of_values(path: &Path, of: &Path, rows: u64) -> Result<Self, Error> {
        let failed = |source| Error::Read { path: path.into(), source };
        let stamp = Stamp::of(&path.metadata().map_err(failed)?);
        let file = LocalFile::at(path).map_err(failed)?;
        let header = npy::PlainHeader { size: 8, rows, data: 0 };
        Ok(ScoresFile { path: of.into(), file, header, stamp })
    }

    /// The file as messages call it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many scores there are.
    pub fn rows(&self) -> u64 {
        self.header.rows
    }

    /// Reads `count` scores from number `first` on, which must be there, into `scores`.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(&self, first: u64, count: usize, scores: &mut Vec<f64>) -> Result<(), Error> {
        let npy::PlainHeader { size, data, .. } = self.header;
        let mut bytes = vec![0; count * size];
        let read = npy::read_at(self.file.path(), self.stamp, data + first * size as u64, &mut bytes);
        let path = || self.path.clone();
        read.map_err(|source| Error::Read { path: path(), source })?
            .ok_or_else(|| Error::FileChanged { path: path() })?;
        scores.clear();
        scores.extend(bytes.chunks_exact(size).map(|bytes| match *bytes {
            [a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
            [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
            _ => f64::NAN,
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_become_log_weights() {
        assert_eq!(Scale::Weight.log_weight(1.0), Some(0.0));
        assert_eq!(Scale::Weight.log_weight(0.0), Some(f64::NEG_INFINITY));
        assert_eq!(Scale::Weight.log_weight(-1.0), None);
        assert!(Scale::Weight.log_weight(1e-320).is_some_and(f64::is_finite));
        assert_eq!(Scale::Log.log_weight(-7.5), Some(-7.5));
        assert_eq!(Scale::Probability.log_weight(0.25), Some(0.25));
        for scale in [Scale::Weight, Scale::Log, Scale::Probability] {
            assert_eq!(scale.log_weight(f64::NAN), None);
            assert_eq!(scale.log_weight(f64::INFINITY), None);
        }
        assert_eq!(Scale::Probability.log_weight(1.1), None);
    }
}

//! How many documents are how long.

/// Documents of about one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LengthBin {
    /// The least number of tokens.
    pub from: u64,
    /// The number of tokens that is too many.
    pub to: u64,
    /// How many documents there are.
    pub there: u64,
    /// How many of them were selected.
    pub selected: u64,
}

/// Four bins for each doubling of the number of tokens and one more, all of one width on a logarithmic axis.
const BINS: usize = 33 * 4;
/// Where the second, third and fourth begin, as parts of the first: powers of the fourth root of 2.
const STEPS: [f64; 3] = [1.189_207_115_002_721, std::f64::consts::SQRT_2, 1.681_792_830_507_429];

/// The bin of a document with so many tokens.
#[inline]
pub(super) fn bin(tokens: u32) -> usize {
    let bits = (f64::from(tokens) + 1.0).to_bits();
    let (exponent, part) =
        ((bits >> 52) as usize - 1023, f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52)));
    4 * exponent + STEPS.iter().filter(|step| part >= **step).count()
}

/// The least number of tokens in a bin; a bin that begins where the next does is empty.
fn from(bin: usize) -> u64 {
    let part = (bin % 4).checked_sub(1).map_or(1.0, |step| STEPS[step]);
    ((1u64 << (bin / 4)) as f64 * part).ceil() as u64 - 1
}

/// No documents, before and after.
pub(super) fn none() -> [Vec<u64>; 2] {
    [vec![0; BINS], vec![0; BINS]]
}

/// The bins, from the shortest to the longest that there is, with these numbers of documents before and after.
pub(super) fn bins([there, selected]: &[Vec<u64>; 2]) -> Vec<LengthBin> {
    let is_there = |bin: &usize| there[*bin] > 0;
    let first = (0..BINS).find(is_there).unwrap_or(0);
    let last = (0..BINS).rev().find(is_there).map_or(0, |last| last + 1);
    let bin = |bin: usize| LengthBin {
        from: from(bin),
        to: from(bin + 1),
        there: there[bin],
        selected: selected[bin],
    };
    (first..last).map(bin).filter(|bin| bin.from < bin.to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_in_the_bin_that_begins_before_and_ends_after_them() {
        for tokens in (0..5000).chain([1 << 20, u32::MAX - 1, u32::MAX]) {
            let bin = bin(tokens);
            assert!(bin < BINS);
            assert!(from(bin) <= tokens.into() && u64::from(tokens) < from(bin + 1), "{tokens}");
        }
    }
}

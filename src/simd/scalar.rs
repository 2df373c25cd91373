//! The readable definition, byte by byte; the backend of processors that have no other.

use super::{BLOCK, ESCAPES, Unescaped};
#[cfg(any(test, not(target_arch = "x86_64")))]
use super::{Backend, Masks};

#[cfg(any(test, not(target_arch = "x86_64")))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalar;

#[cfg(any(test, not(target_arch = "x86_64")))]
impl Backend for Scalar {
    #[inline(always)]
    fn classify(self, block: &[u8; BLOCK], lower: &mut [u8; BLOCK]) -> Masks {
        let mut masks = Masks { word: 0, space: 0, beyond: 0 };
        for (place, byte) in block.iter().enumerate() {
            let bit = |is: bool| u64::from(is) << place;
            masks.word |= bit(byte.is_ascii_alphanumeric() || *byte == b'_');
            masks.space |= bit(matches!(byte, b'\t'..=b'\r' | 0x1C..=0x1F | b' '));
            masks.beyond |= bit(!byte.is_ascii());
            lower[place] = byte.to_ascii_lowercase();
        }
        masks
    }

    fn quotes(self, block: &[u8; BLOCK]) -> u64 {
        let bit = |(place, byte): (usize, &u8)| u64::from(matches!(byte, b'"' | b'\\')) << place;
        block.iter().enumerate().map(bit).sum()
    }

    fn escaped(self, block: &[u8; BLOCK]) -> u64 {
        let bit = |(place, byte): (usize, &u8)| u64::from(matches!(byte, b'"' | b'\\' | 0..b' ')) << place;
        block.iter().enumerate().map(bit).sum()
    }
}

/// See [`Backend::unescape`]; `quotes` are those of the first block.
#[inline(always)]
pub(super) fn unescape(mut quotes: u64, bytes: &[u8; 2 * BLOCK], to: &mut [u8; 2 * BLOCK]) -> Unescaped {
    let (mut taken, mut given) = (0, 0);
    while quotes != 0 {
        let place = quotes.trailing_zeros() as usize;
        copy_block(bytes, taken, to, given);
        given += place - taken;
        taken = place;
        let simple = ESCAPES.get(usize::from(bytes[place + 1])).copied().unwrap_or(0);
        if bytes[place] == b'"' || simple == 0 || place + 1 == BLOCK {
            return Unescaped { taken, given };
        }
        to[given] = simple;
        given += 1;
        taken += 2;
        // What belongs to the escape is through.
        quotes &= u64::MAX.unbounded_shl(taken as u32);
    }
    copy_block(bytes, taken, to, given);
    Unescaped { taken: BLOCK, given: given + BLOCK - taken }
}

/// One move for any length up to a block; neither place is beyond the first block.
#[inline(always)]
fn copy_block(from: &[u8; 2 * BLOCK], from_at: usize, to: &mut [u8; 2 * BLOCK], to_at: usize) {
    let from = from[from_at..].first_chunk::<BLOCK>();
    if let (Some(from), Some(to)) = (from, to[to_at..].first_chunk_mut::<BLOCK>()) {
        *to = *from;
    }
}

/// See [`Backend::places`].
#[inline(always)]
pub(super) fn places(mut mask: u64, base: u32, to: &mut [u32; 64]) {
    let mut to = to.iter_mut();
    while mask != 0
        && let Some(place) = to.next()
    {
        *place = base + mask.trailing_zeros();
        mask &= mask - 1;
    }
}

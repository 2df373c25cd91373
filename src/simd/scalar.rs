//! The readable definition, byte by byte; the backend of processors that have no other.

#[cfg(any(test, not(target_arch = "x86_64")))]
use super::{BLOCK, Backend, Masks};

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
}

/// See [`Backend::places`]. They are written eight at a time, so that the number of steps, and so the branch, varies little.
#[inline(always)]
pub(super) fn places(mut mask: u64, base: u32, to: &mut [u32; 64]) {
    for eight in to.chunks_exact_mut(8) {
        if mask == 0 {
            break;
        }
        for place in eight {
            *place = base + mask.trailing_zeros();
            mask &= mask.wrapping_sub(1);
        }
    }
}

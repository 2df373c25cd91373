//! The readable definition, byte by byte; the backend of processors that have no other.

use super::{BLOCK, Backend, Masks};

#[derive(Clone, Copy, Debug)]
pub(in crate::featurizer) struct Scalar;

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
}

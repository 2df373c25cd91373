//! The algorithm, once, over any vector type.
#![allow(unsafe_code, reason = "the methods of a vector are its processor's instructions")]

use super::{BLOCK, Masks};

/// A vector of signed bytes: those beyond ASCII are below zero, and so in no range of characters.
#[expect(unsafe_code, reason = "the methods of a vector are its processor's instructions")]
pub(super) trait Vector: Copy {
    /// Bytes in a vector; a divisor of [`BLOCK`].
    const BYTES: usize;

    /// # Safety
    /// For all methods: only where the processor has the instructions; `from` and `to` must have
    /// [`Vector::BYTES`] bytes.
    unsafe fn load(from: *const u8) -> Self;
    unsafe fn store(self, to: *mut u8);
    /// Where `low` ≤ byte ≤ `high`.
    unsafe fn within(self, low: u8, high: u8) -> Self;
    /// Where the byte is this one.
    unsafe fn is(self, byte: u8) -> Self;
    /// Where the byte is below zero.
    unsafe fn beyond_ascii(self) -> u64;
    /// Where either mask is set.
    unsafe fn either(a: Self, b: Self) -> Self;
    /// With 32 added where the mask is set: from A to Z that is lower case.
    unsafe fn lowered(self, upper: Self) -> Self;
    /// The mask as an integer.
    unsafe fn bits(mask: Self) -> u64;
}

/// # Safety
/// Only where the processor has the vector's instructions.
#[inline(always)]
#[expect(unsafe_code, reason = "calls the vector's methods and reads a block part by part")]
pub(super) unsafe fn quotes<V: Vector>(block: &[u8; BLOCK]) -> u64 {
    let mut quotes = 0;
    for part in 0..BLOCK / V::BYTES {
        let at = part * V::BYTES;
        // SAFETY: the caller has the instructions, and `at` plus a vector stays within the block.
        unsafe {
            let bytes = V::load(block.as_ptr().add(at));
            quotes |= V::bits(V::either(bytes.is(b'"'), bytes.is(b'\\'))) << at;
        }
    }
    quotes
}

/// # Safety
/// Only where the processor has the vector's instructions.
#[inline(always)]
#[expect(unsafe_code, reason = "calls the vector's methods and reads a block part by part")]
pub(super) unsafe fn escaped<V: Vector>(block: &[u8; BLOCK]) -> u64 {
    let mut escaped = 0;
    for part in 0..BLOCK / V::BYTES {
        let at = part * V::BYTES;
        // SAFETY: the caller has the instructions, and `at` plus a vector stays within the block.
        unsafe {
            let bytes = V::load(block.as_ptr().add(at));
            let quotes = V::either(bytes.is(b'"'), bytes.is(b'\\'));
            escaped |= V::bits(V::either(quotes, bytes.within(0, 0x1F))) << at;
        }
    }
    escaped
}

/// # Safety
/// Only where the processor has the vector's instructions.
#[inline(always)]
#[expect(unsafe_code, reason = "calls the vector's methods and reads a block part by part")]
pub(super) unsafe fn classify<V: Vector>(block: &[u8; BLOCK], lower: &mut [u8; BLOCK]) -> Masks {
    let mut masks = Masks { word: 0, space: 0, beyond: 0 };
    for part in 0..BLOCK / V::BYTES {
        let at = part * V::BYTES;
        // SAFETY: the caller has the instructions, and `at` plus a vector stays within both blocks.
        unsafe {
            let bytes = V::load(block.as_ptr().add(at));
            let lowered = bytes.lowered(bytes.within(b'A', b'Z'));
            lowered.store(lower.as_mut_ptr().add(at));
            let letters = V::either(lowered.within(b'a', b'z'), lowered.within(b'0', b'9'));
            let space = V::either(bytes.within(b'\t', b'\r'), bytes.within(0x1C, b' '));
            masks.word |= V::bits(V::either(letters, bytes.is(b'_'))) << at;
            masks.space |= V::bits(space) << at;
            masks.beyond |= bytes.beyond_ascii() << at;
        }
    }
    masks
}

//! AVX-512 with the instructions that permute and compress bytes (BW, VBMI, VBMI2: Intel since Ice Lake, AMD since Zen
//! 4).
#![allow(unsafe_code, reason = "the processor's own instructions")]

use std::arch::x86_64::*;

use super::x86_64::Avx2;
use super::{BLOCK, Backend, ESCAPES, Masks, Unescaped, Work};

/// Proves AVX-512BW, VBMI and VBMI2, and all that [`Avx2`] proves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// `None` if the processor lacks it.
    pub(super) fn new() -> Option<Self> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vbmi")
            && is_x86_feature_detected!("avx512vbmi2");
        Avx2::new().filter(|_| has).map(|_| Avx512(()))
    }

    pub(super) fn run<W: Work>(self, work: W) -> W::Done {
        /// Everything inlined here is compiled for AVX-512.
        #[target_feature(enable = "avx2,bmi1,bmi2,popcnt,avx512f,avx512bw,avx512vbmi,avx512vbmi2")]
        fn run<W: Work>(backend: Avx512, work: W) -> W::Done {
            work.run(backend)
        }
        // SAFETY: `self` proves that the processor has the features.
        unsafe { run(self, work) }
    }
}

/// For each byte of ASCII, its bits: word, space, upper case.
static CLASSES: [u8; 2 * BLOCK] = {
    let mut classes = [0; 2 * BLOCK];
    let mut byte = 0u8;
    while byte < 128 {
        let word = byte.is_ascii_alphanumeric() || byte == b'_';
        let space = matches!(byte, b'\t'..=b'\r' | 0x1C..=0x1F | b' ');
        let class = [word as i8 * WORD, space as i8 * SPACE, byte.is_ascii_uppercase() as i8 * UPPER];
        classes[byte as usize] = (class[0] + class[1] + class[2]) as u8;
        byte += 1;
    }
    classes
};
const WORD: i8 = 1;
const SPACE: i8 = 2;
const UPPER: i8 = 4;

/// 0, 1, 2, …
static COUNTING: [u8; BLOCK] = {
    let mut counting = [0; BLOCK];
    let mut i = 0;
    while i < BLOCK {
        counting[i] = i as u8;
        i += 1;
    }
    counting
};

/// What `table` has for each byte; of bytes beyond ASCII the highest bit does not count.
///
/// # Safety
/// Only with AVX-512VBMI.
#[inline(always)]
unsafe fn look_up(table: &[u8; 2 * BLOCK], bytes: __m512i) -> __m512i {
    // SAFETY: the caller has the instructions, and the table two times 64 bytes.
    unsafe {
        let half = |at: usize| _mm512_loadu_si512(table.as_ptr().add(at).cast());
        _mm512_permutex2var_epi8(half(0), bytes, half(BLOCK))
    }
}

impl Backend for Avx512 {
    #[inline(always)]
    fn classify(self, block: &[u8; BLOCK], lower: &mut [u8; BLOCK]) -> Masks {
        // SAFETY: `self` proves AVX-512BW and VBMI; the load and the store are of 64 bytes.
        unsafe {
            let bytes = _mm512_loadu_si512(block.as_ptr().cast());
            let beyond = _mm512_movepi8_mask(bytes);
            let classes = look_up(&CLASSES, bytes);
            let is = |class| _mm512_test_epi8_mask(classes, _mm512_set1_epi8(class)) & !beyond;
            let lowered = _mm512_mask_add_epi8(bytes, is(UPPER), bytes, _mm512_set1_epi8(32));
            _mm512_storeu_si512(lower.as_mut_ptr().cast(), lowered);
            Masks { word: is(WORD), space: is(SPACE), beyond }
        }
    }

    #[inline(always)]
    fn quotes(self, block: &[u8; BLOCK]) -> u64 {
        // SAFETY: `self` proves AVX-512BW; the load is of 64 bytes.
        unsafe {
            let bytes = _mm512_loadu_si512(block.as_ptr().cast());
            let is = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte as i8));
            is(b'"') | is(b'\\')
        }
    }

    #[inline(always)]
    fn escaped(self, block: &[u8; BLOCK]) -> u64 {
        // SAFETY: `self` proves AVX-512BW; the load is of 64 bytes.
        unsafe {
            let bytes = _mm512_loadu_si512(block.as_ptr().cast());
            let is = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte as i8));
            is(b'"') | is(b'\\') | _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(b' ' as i8))
        }
    }

    #[inline(always)]
    fn unescape(self, bytes: &[u8; 2 * BLOCK], to: &mut [u8; 2 * BLOCK]) -> Unescaped {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        // SAFETY: `self` proves AVX-512BW, VBMI and VBMI2; the load and the store are of 64 bytes.
        unsafe {
            let block = _mm512_loadu_si512(bytes.as_ptr().cast());
            let is = |byte: u8| _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(byte as i8));
            let backslashes = is(b'\\');
            // Of a run of backslashes every second one is escaped. Subtracting finds where each run ends: the carry
            // leaves it at an odd or an even place.
            let odd_ends = ((backslashes << 1) | !EVEN).wrapping_sub(backslashes) ^ !EVEN;
            let (escaped, escapes) = (odd_ends ^ backslashes, odd_ends & backslashes);
            let meant = look_up(&ESCAPES, block);
            let unknown = _mm512_testn_epi8_mask(meant, meant) | _mm512_movepi8_mask(block);
            // An escape that is not known ends before its backslash, and so does one that begins at the end.
            let stops = is(b'"') & !escaped | (escaped & unknown) >> 1 | escapes & 1 << 63;
            let taken = stops.trailing_zeros();
            let kept = !escapes & u64::MAX.unbounded_shr(64 - taken);
            let plain = _mm512_mask_blend_epi8(escaped, block, meant);
            _mm512_storeu_si512(to.as_mut_ptr().cast(), _mm512_maskz_compress_epi8(kept, plain));
            Unescaped { taken: taken as usize, given: kept.count_ones() as usize }
        }
    }

    #[inline(always)]
    fn places(self, mask: u64, base: u32, to: &mut [u32; 64]) {
        // SAFETY: `self` proves AVX-512F and VBMI2; each store writes sixteen places of the 64.
        unsafe {
            let sixteen = |places: __m512i, at: usize, to: &mut [u32; 64]| {
                let places = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(places));
                let places = _mm512_add_epi32(places, _mm512_set1_epi32(base as i32));
                _mm512_storeu_si512(to[at..].as_mut_ptr().cast(), places);
            };
            let places = _mm512_maskz_compress_epi8(mask, _mm512_loadu_si512(COUNTING.as_ptr().cast()));
            let count = mask.count_ones();
            sixteen(places, 0, to);
            if count > 16 {
                sixteen(_mm512_shuffle_i64x2::<0b11_11_11_01>(places, places), 16, to);
            }
            if count > 32 {
                sixteen(_mm512_shuffle_i64x2::<0b11_11_11_10>(places, places), 32, to);
                sixteen(_mm512_shuffle_i64x2::<0b11_11_11_11>(places, places), 48, to);
            }
        }
    }
}

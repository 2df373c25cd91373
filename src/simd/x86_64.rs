//! SSE2 (which every x86-64 has), AVX2 and AVX-512 (BW, VBMI, VBMI2).
#![allow(unsafe_code, reason = "the processor's own instructions")]

use std::arch::x86_64::*;

use super::generic::{self, Vector};
use super::{BLOCK, Backend, ESCAPES, Masks, Unescaped, Work};

/// Needs no proof: every x86-64 has SSE2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sse2;

/// Proves AVX2 and the bit manipulations that come with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

/// Proves AVX-512BW, VBMI and VBMI2, and all that [`Avx2`] proves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx2 {
    /// `None` if the processor lacks it.
    pub(super) fn new() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2");
        has.then_some(Avx2(()))
    }

    pub(super) fn run<W: Work>(self, work: W) -> W::Done {
        /// Everything inlined here is compiled for AVX2.
        #[target_feature(enable = "avx2,bmi1,bmi2")]
        fn run<W: Work>(backend: Avx2, work: W) -> W::Done {
            work.run(backend)
        }
        // SAFETY: `self` proves that the processor has the features.
        unsafe { run(self, work) }
    }
}

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
        #[target_feature(enable = "avx2,bmi1,bmi2,avx512f,avx512bw,avx512vbmi,avx512vbmi2")]
        fn run<W: Work>(backend: Avx512, work: W) -> W::Done {
            work.run(backend)
        }
        // SAFETY: `self` proves that the processor has the features.
        unsafe { run(self, work) }
    }
}

macro_rules! backend {
    ($backend:ty, $vector:ty $(, $own:item)*) => {
        impl Backend for $backend {
            #[inline(always)]
            fn classify(self, block: &[u8; BLOCK], lower: &mut [u8; BLOCK]) -> Masks {
                // SAFETY: `self` proves that the processor has the vector's instructions.
                unsafe { generic::classify::<$vector>(block, lower) }
            }

            #[inline(always)]
            fn quotes(self, block: &[u8; BLOCK]) -> u64 {
                // SAFETY: as above.
                unsafe { generic::quotes::<$vector>(block) }
            }

            $($own)*
        }
    };
}

backend!(Sse2, __m128i);
backend!(Avx2, __m256i);
backend!(
    Avx512,
    __m512i,
    #[inline(always)]
    fn unescape(self, bytes: &[u8; 2 * BLOCK], to: &mut [u8; 2 * BLOCK]) -> Unescaped {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        // SAFETY: `self` proves AVX-512BW, VBMI and VBMI2; all loads and the store are of 64 bytes.
        unsafe {
            let block = _mm512_loadu_si512(bytes.as_ptr().cast());
            let backslashes = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(b'\\' as i8));
            // Of a run of backslashes every second one is escaped. Subtracting finds where each run ends: the carry leaves it
            // at an odd or an even place.
            let odd_ends = ((backslashes << 1) | !EVEN).wrapping_sub(backslashes) ^ !EVEN;
            let (escaped, escapes) = (odd_ends ^ backslashes, odd_ends & backslashes);
            let table = |at: usize| _mm512_loadu_si512(ESCAPES.as_ptr().add(at).cast());
            let meant = _mm512_permutex2var_epi8(table(0), block, table(BLOCK));
            let unknown = _mm512_testn_epi8_mask(meant, meant) | _mm512_movepi8_mask(block);
            let quotes = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(b'"' as i8)) & !escaped;
            // An escape that is not known ends before its backslash, and so does one that begins at the end.
            let stops = quotes | (escaped & unknown) >> 1 | escapes & 1 << 63;
            let taken = stops.trailing_zeros();
            let kept = !escapes & u64::MAX.unbounded_shr(64 - taken);
            let plain = _mm512_mask_blend_epi8(escaped, block, meant);
            _mm512_storeu_si512(to.as_mut_ptr().cast(), _mm512_maskz_compress_epi8(kept, plain));
            Unescaped { taken: taken as usize, given: kept.count_ones() as usize }
        }
    },
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
);

/// 0, 1, 2, …
const COUNTING: [u8; BLOCK] = {
    let mut counting = [0; BLOCK];
    let mut i = 0;
    while i < BLOCK {
        counting[i] = i as u8;
        i += 1;
    }
    counting
};

impl Vector for __m128i {
    const BYTES: usize = 16;
    type Mask = __m128i;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller's; the load needs no alignment.
        unsafe { _mm_loadu_si128(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: the caller's; the store needs no alignment.
        unsafe { _mm_storeu_si128(to.cast(), self) }
    }

    #[inline(always)]
    unsafe fn within(self, low: u8, high: u8) -> __m128i {
        // SAFETY: every x86-64 has SSE2; so below.
        unsafe {
            let above = _mm_cmpgt_epi8(self, _mm_set1_epi8(low as i8 - 1));
            _mm_and_si128(above, _mm_cmplt_epi8(self, _mm_set1_epi8(high as i8 + 1)))
        }
    }

    #[inline(always)]
    unsafe fn is(self, byte: u8) -> __m128i {
        // SAFETY: SSE2.
        unsafe { _mm_cmpeq_epi8(self, _mm_set1_epi8(byte as i8)) }
    }

    #[inline(always)]
    unsafe fn beyond_ascii(self) -> u64 {
        // SAFETY: SSE2.
        u64::from(unsafe { _mm_movemask_epi8(self) } as u32)
    }

    #[inline(always)]
    unsafe fn either(a: __m128i, b: __m128i) -> __m128i {
        // SAFETY: SSE2.
        unsafe { _mm_or_si128(a, b) }
    }

    #[inline(always)]
    unsafe fn lowered(self, upper: __m128i) -> Self {
        // SAFETY: SSE2.
        unsafe { _mm_or_si128(self, _mm_and_si128(upper, _mm_set1_epi8(32))) }
    }

    #[inline(always)]
    unsafe fn bits(mask: __m128i) -> u64 {
        // SAFETY: SSE2.
        u64::from(unsafe { _mm_movemask_epi8(mask) } as u32)
    }
}

impl Vector for __m256i {
    const BYTES: usize = 32;
    type Mask = __m256i;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller's; the load needs no alignment.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: the caller's; the store needs no alignment.
        unsafe { _mm256_storeu_si256(to.cast(), self) }
    }

    #[inline(always)]
    unsafe fn within(self, low: u8, high: u8) -> __m256i {
        // SAFETY: the caller has AVX2.
        unsafe {
            let above = _mm256_cmpgt_epi8(self, _mm256_set1_epi8(low as i8 - 1));
            _mm256_and_si256(above, _mm256_cmpgt_epi8(_mm256_set1_epi8(high as i8 + 1), self))
        }
    }

    #[inline(always)]
    unsafe fn is(self, byte: u8) -> __m256i {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_cmpeq_epi8(self, _mm256_set1_epi8(byte as i8)) }
    }

    #[inline(always)]
    unsafe fn beyond_ascii(self) -> u64 {
        // SAFETY: the caller has AVX2.
        u64::from(unsafe { _mm256_movemask_epi8(self) } as u32)
    }

    #[inline(always)]
    unsafe fn either(a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_or_si256(a, b) }
    }

    #[inline(always)]
    unsafe fn lowered(self, upper: __m256i) -> Self {
        // SAFETY: the caller has AVX2.
        unsafe { _mm256_or_si256(self, _mm256_and_si256(upper, _mm256_set1_epi8(32))) }
    }

    #[inline(always)]
    unsafe fn bits(mask: __m256i) -> u64 {
        // SAFETY: the caller has AVX2.
        u64::from(unsafe { _mm256_movemask_epi8(mask) } as u32)
    }
}

impl Vector for __m512i {
    const BYTES: usize = 64;
    type Mask = __mmask64;

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller's; the load needs no alignment.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8) {
        // SAFETY: the caller's; the store needs no alignment.
        unsafe { _mm512_storeu_si512(to.cast(), self) }
    }

    #[inline(always)]
    unsafe fn within(self, low: u8, high: u8) -> __mmask64 {
        // SAFETY: the caller has AVX-512BW.
        unsafe {
            let from_low = _mm512_sub_epi8(self, _mm512_set1_epi8(low as i8));
            _mm512_cmple_epu8_mask(from_low, _mm512_set1_epi8((high - low) as i8))
        }
    }

    #[inline(always)]
    unsafe fn is(self, byte: u8) -> __mmask64 {
        // SAFETY: the caller has AVX-512BW.
        unsafe { _mm512_cmpeq_epi8_mask(self, _mm512_set1_epi8(byte as i8)) }
    }

    #[inline(always)]
    unsafe fn beyond_ascii(self) -> u64 {
        // SAFETY: the caller has AVX-512BW.
        unsafe { _mm512_movepi8_mask(self) }
    }

    #[inline(always)]
    unsafe fn either(a: __mmask64, b: __mmask64) -> __mmask64 {
        a | b
    }

    #[inline(always)]
    unsafe fn lowered(self, upper: __mmask64) -> Self {
        // SAFETY: the caller has AVX-512BW.
        unsafe { _mm512_mask_add_epi8(self, upper, self, _mm512_set1_epi8(32)) }
    }

    #[inline(always)]
    unsafe fn bits(mask: __mmask64) -> u64 {
        mask
    }
}

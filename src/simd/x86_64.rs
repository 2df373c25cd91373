//! SSE2, which every x86-64 has, and AVX2.
#![allow(unsafe_code, reason = "the processor's own instructions")]

use std::arch::asm;
use std::arch::x86_64::*;

use super::generic::{self, Vector};
use super::{BLOCK, Backend, Masks, Work};

/// Needs no proof: every x86-64 has SSE2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sse2;

/// Proves AVX2 and the bit manipulations that come with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// `None` if the processor lacks it.
    pub(super) fn new() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("popcnt");
        has.then_some(Avx2(()))
    }

    pub(super) fn run<W: Work>(self, work: W) -> W::Done {
        /// Everything inlined here is compiled for AVX2.
        #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
        fn run<W: Work>(backend: Avx2, work: W) -> W::Done {
            work.run(backend)
        }
        // SAFETY: `self` proves that the processor has the features.
        unsafe { run(self, work) }
    }
}

macro_rules! backend {
    ($backend:ty, $vector:ty $(, $places:item)?) => {
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

            #[inline(always)]
            fn escaped(self, block: &[u8; BLOCK]) -> u64 {
                // SAFETY: as above.
                unsafe { generic::escaped::<$vector>(block) }
            }

            $($places)?
        }
    };
}

backend!(Sse2, __m128i);
backend!(
    Avx2,
    __m256i,
    /// Eight bits at a time from a table, without a branch on how many are set.
    #[inline(always)]
    fn places(self, mask: u64, base: u32, to: &mut [u32; 64]) {
        let mut written = 0;
        for (eighth, bits) in mask.to_le_bytes().into_iter().enumerate() {
            // SAFETY: `self` proves AVX2. Each eighth writes eight places behind those of the eighths before, which are
            // at most eight each: 64 in all.
            unsafe {
                let places = _mm_loadl_epi64(PLACES[usize::from(bits)].as_ptr().cast());
                let base = _mm256_set1_epi32((base + 8 * eighth as u32) as i32);
                let places = _mm256_add_epi32(_mm256_cvtepu8_epi32(places), base);
                _mm256_storeu_si256(to.as_mut_ptr().add(written).cast(), places);
            }
            written += bits.count_ones() as usize;
        }
    }
);

/// For each byte the places of the bits set in it.
static PLACES: [[u8; 8]; 256] = {
    let mut places = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut place, mut count) = (0, 0);
        while place < 8 {
            if byte >> place & 1 == 1 {
                places[byte][count] = place;
                count += 1;
            }
            place += 1;
        }
        byte += 1;
    }
    places
};
/// A mask as an integer, and as nothing else: otherwise the compiler joins the masks of a block as vectors of single
/// bits, which these processors do not have, and takes all 64 apart.
#[inline(always)]
fn whole(bits: i32) -> u64 {
    let mut bits = bits as u32;
    // SAFETY: there is no instruction in it.
    unsafe { asm!("/* {0:e} */", inout(reg) bits, options(pure, nomem, nostack, preserves_flags)) };
    u64::from(bits)
}

impl Vector for __m128i {
    const BYTES: usize = 16;

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
        unsafe { Self::bits(self) }
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
        whole(unsafe { _mm_movemask_epi8(mask) })
    }
}

impl Vector for __m256i {
    const BYTES: usize = 32;

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
        unsafe { Self::bits(self) }
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
        whole(unsafe { _mm256_movemask_epi8(mask) })
    }
}

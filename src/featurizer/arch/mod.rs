//! Classes and lower case of 64 bytes at a time: the only instructions that depend on the processor.
//!
//! One algorithm ([`generic`]) over a tiny vector type; each backend is that algorithm with its vectors. All
//! backends give the same, which is what [`scalar`] gives: the tests hold each against it.

#[cfg(target_arch = "x86_64")]
mod generic;
#[cfg(any(test, not(target_arch = "x86_64")))]
mod scalar;
#[cfg(target_arch = "x86_64")]
mod x86_64;

/// So many bytes are looked at together.
pub(super) const BLOCK: usize = 64;

/// What a block's bytes are, one bit each, the first byte in the lowest bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Masks {
    /// ASCII letters, digits and underscores.
    pub(super) word: u64,
    /// ASCII white space as Python has it.
    pub(super) space: u64,
    /// Bytes of characters beyond ASCII.
    pub(super) beyond: u64,
}

/// A way to classify bytes. A value proves that the processor can do it: it is made only after asking.
pub(super) trait Backend: Copy {
    /// The masks of `block`; its bytes go to `lower`, with A to Z in lower case.
    fn classify(self, block: &[u8; BLOCK], lower: &mut [u8; BLOCK]) -> Masks;
}

/// The work of a whole text, compiled once for each backend.
pub(super) trait Work {
    type Done;
    /// Does the work.
    fn run<B: Backend>(self, backend: B) -> Self::Done;
}

/// The backends, each with its proof.
#[derive(Clone, Copy, Debug)]
pub(super) enum Best {
    #[cfg(not(target_arch = "x86_64"))]
    Scalar(scalar::Scalar),
    #[cfg(target_arch = "x86_64")]
    Sse2(x86_64::Sse2),
    #[cfg(target_arch = "x86_64")]
    Avx2(x86_64::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(x86_64::Avx512),
}

impl Best {
    /// The fastest backend that this processor has.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn detect() -> Self {
        let avx512 = x86_64::Avx512::new().map(Best::Avx512);
        avx512.or_else(|| x86_64::Avx2::new().map(Best::Avx2)).unwrap_or(Best::Sse2(x86_64::Sse2))
    }

    /// The fastest backend that this processor has.
    #[cfg(not(target_arch = "x86_64"))]
    pub(super) fn detect() -> Self {
        Best::Scalar(scalar::Scalar)
    }

    /// Does `work` with this backend.
    #[inline]
    pub(super) fn run<W: Work>(self, work: W) -> W::Done {
        match self {
            #[cfg(not(target_arch = "x86_64"))]
            Best::Scalar(scalar) => work.run(scalar),
            #[cfg(target_arch = "x86_64")]
            Best::Sse2(sse2) => work.run(sse2),
            #[cfg(target_arch = "x86_64")]
            Best::Avx2(avx2) => avx2.run(work),
            #[cfg(target_arch = "x86_64")]
            Best::Avx512(avx512) => avx512.run(work),
        }
    }

    /// All backends that this processor has.
    #[cfg(test)]
    pub(super) fn all() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        let faster = [x86_64::Avx2::new().map(Best::Avx2), x86_64::Avx512::new().map(Best::Avx512)];
        #[cfg(target_arch = "x86_64")]
        return std::iter::once(Best::Sse2(x86_64::Sse2)).chain(faster.into_iter().flatten()).collect();
        #[cfg(not(target_arch = "x86_64"))]
        vec![Best::detect()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::featurizer::unicode::{Class, class};

    struct Classify<'a>(&'a [u8; BLOCK]);

    impl Work for Classify<'_> {
        type Done = (Masks, [u8; BLOCK]);

        fn run<B: Backend>(self, backend: B) -> Self::Done {
            let mut lower = [0; BLOCK];
            (backend.classify(self.0, &mut lower), lower)
        }
    }

    /// Every byte in every place of a block, among varied neighbours.
    #[test]
    fn every_backend_is_the_scalar_one() {
        assert!(!Best::all().is_empty());
        for backend in Best::all() {
            for (byte, place) in (0..=255u8).flat_map(|byte| (0..BLOCK).map(move |place| (byte, place))) {
                let mut block = [0; BLOCK];
                for (i, b) in block.iter_mut().enumerate() {
                    *b = (i as u8).wrapping_mul(37).wrapping_add(byte.wrapping_mul(101));
                }
                block[place] = byte;
                let expected = Classify(&block).run(scalar::Scalar);
                assert_eq!(backend.run(Classify(&block)), expected, "{backend:?}: {byte} at {place}");
            }
        }
    }

    #[test]
    fn the_scalar_backend_is_the_tables() {
        for byte in 0..128u8 {
            let (masks, lower) = Classify(&[byte; BLOCK]).run(scalar::Scalar);
            let expected = match class(byte.into()) {
                Class::Word => (u64::MAX, 0, 0),
                Class::Space => (0, u64::MAX, 0),
                Class::Other => (0, 0, 0),
            };
            assert_eq!((masks.word, masks.space, masks.beyond), expected, "{byte}");
            assert_eq!(lower, [byte.to_ascii_lowercase(); BLOCK]);
        }
    }
}

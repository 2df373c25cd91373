//! What is done with 64 bytes at a time: the only instructions that depend on the processor.
//!
//! For the older vectors one algorithm ([`generic`]) over a tiny vector type; AVX-512 has instructions of its own. All
//! backends give the same, which is what [`scalar`] gives: the tests hold each against it.

#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod generic;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod x86_64;

/// So many bytes are looked at together.
pub(crate) const BLOCK: usize = 64;

/// What a block's bytes are, one bit each, the first byte in the lowest bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Masks {
    /// ASCII letters, digits and underscores.
    pub(crate) word: u64,
    /// ASCII white space as Python has it.
    pub(crate) space: u64,
    /// Bytes of characters beyond ASCII.
    pub(crate) beyond: u64,
}

/// How much was taken in, and how much came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unescaped {
    pub(crate) taken: usize,
    pub(crate) given: usize,
}

/// What an ASCII character behind a backslash stands for in JSON; 0 if nothing, or not for one character alone.
pub(crate) static ESCAPES: [u8; 2 * BLOCK] = {
    let mut escapes = [0; 2 * BLOCK];
    let pairs = b"\"\"\\\\//b\x08f\x0Cn\nr\rt\t";
    let mut i = 0;
    while i < pairs.len() {
        escapes[pairs[i] as usize] = pairs[i + 1];
        i += 2;
    }
    escapes
};

/// A way to classify bytes. A value proves that the processor can do it: it is made only after asking.
pub(crate) trait Backend: Copy {
    /// The masks of `block`; its bytes go to `lower`, with A to Z in lower case.
    fn classify(self, block: &[u8; BLOCK], lower: &mut [u8; BLOCK]) -> Masks;

    /// The quotes and backslashes of `block`, one bit each, the first byte in the lowest bit.
    fn quotes(self, block: &[u8; BLOCK]) -> u64;

    /// The bytes of `block` that a JSON string has escapes for, one bit each: quotes, backslashes and those below a space.
    fn escaped(self, block: &[u8; BLOCK]) -> u64;

    /// Copies the start of `bytes`, the inside of a JSON string, to `to`, without its escapes of two characters. It
    /// stops before a quote, before any other escape, and at the end of the first block, which it looks at, or just
    /// before if an escape begins there. What comes behind in `to` is overwritten with anything.
    #[inline(always)]
    fn unescape(self, bytes: &[u8; 2 * BLOCK], to: &mut [u8; 2 * BLOCK]) -> Unescaped {
        let mut block = [0; BLOCK];
        block.copy_from_slice(&bytes[..BLOCK]);
        scalar::unescape(self.quotes(&block), bytes, to)
    }

    /// Writes the places of the bits set in `mask`, counted from `base`, in rising order; what comes behind them in
    /// `to` is overwritten with anything.
    #[inline(always)]
    fn places(self, mask: u64, base: u32, to: &mut [u32; 64]) {
        scalar::places(mask, base, to);
    }
}

/// The work of a whole text, compiled once for each backend.
pub(crate) trait Work {
    type Done;
    /// Does the work.
    fn run<B: Backend>(self, backend: B) -> Self::Done;
}

/// The backends, each with its proof.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Best {
    #[cfg(not(target_arch = "x86_64"))]
    Scalar(scalar::Scalar),
    #[cfg(target_arch = "x86_64")]
    Sse2(x86_64::Sse2),
    #[cfg(target_arch = "x86_64")]
    Avx2(x86_64::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
}

impl Best {
    /// The fastest backend that this processor has.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn detect() -> Self {
        let avx512 = avx512::Avx512::new().map(Best::Avx512);
        avx512.or_else(|| x86_64::Avx2::new().map(Best::Avx2)).unwrap_or(Best::Sse2(x86_64::Sse2))
    }

    /// The fastest backend that this processor has.
    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn detect() -> Self {
        Best::Scalar(scalar::Scalar)
    }

    /// Does `work` with this backend.
    #[inline]
    pub(crate) fn run<W: Work>(self, work: W) -> W::Done {
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
    #[cfg(any(test, fuzzing))]
    pub(crate) fn all() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        let faster = [x86_64::Avx2::new().map(Best::Avx2), avx512::Avx512::new().map(Best::Avx512)];
        #[cfg(target_arch = "x86_64")]
        return std::iter::once(Best::Sse2(x86_64::Sse2)).chain(faster.into_iter().flatten()).collect();
        #[cfg(not(target_arch = "x86_64"))]
        vec![Best::detect()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct All<'a>(&'a [u8; BLOCK]);

    impl Work for All<'_> {
        type Done = (Masks, [u8; BLOCK], [u64; 2]);

        fn run<B: Backend>(self, backend: B) -> Self::Done {
            let mut lower = [0; BLOCK];
            (backend.classify(self.0, &mut lower), lower, [backend.quotes(self.0), backend.escaped(self.0)])
        }
    }

    struct Unescape<'a>(&'a [u8; 2 * BLOCK]);

    impl Work for Unescape<'_> {
        type Done = (Unescaped, Vec<u8>);

        fn run<B: Backend>(self, backend: B) -> Self::Done {
            let mut to = [0; 2 * BLOCK];
            let unescaped = backend.unescape(self.0, &mut to);
            (unescaped, to[..unescaped.given].to_vec())
        }
    }

    struct Places(u64);

    impl Work for Places {
        type Done = Vec<u32>;

        fn run<B: Backend>(self, backend: B) -> Self::Done {
            let mut places = [0; 64];
            backend.places(self.0, 100, &mut places);
            places[..self.0.count_ones() as usize].to_vec()
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
                let expected = All(&block).run(scalar::Scalar);
                assert_eq!(backend.run(All(&block)), expected, "{backend:?}: {byte} at {place}");
            }
        }
    }

    #[test]
    fn every_backend_takes_the_same_escapes_out() {
        let unescape = |text: &str| {
            let mut bytes = [b'.'; 2 * BLOCK];
            bytes[..text.len()].copy_from_slice(text.as_bytes());
            let expected = Unescape(&bytes).run(scalar::Scalar);
            for backend in Best::all() {
                assert_eq!(backend.run(Unescape(&bytes)), expected, "{backend:?}: {text}");
            }
            (expected.0.taken, String::from_utf8_lossy(&expected.1).into_owned())
        };
        assert_eq!(unescape(r#"a\n\\\"\/é" "#), (11, "a\n\\\"/é".into()));
        assert_eq!(unescape(r"a\u00e9"), (1, "a".into()));
        assert_eq!(unescape(r"\x"), (0, String::new()));
        let plain = "b".repeat(63);
        assert_eq!(unescape(&(plain.clone() + r"\n")), (63, plain.clone()));
        assert_eq!(unescape(&(plain[1..].to_owned() + r"\n")), (64, plain[1..].to_owned() + "\n"));
        assert_eq!(unescape(&r"\\".repeat(40)), (64, r"\".repeat(32)));

        // Anything, with many backslashes in runs of every length and at every place.
        let mut state = 1u64;
        for _ in 0..20_000 {
            let text: String = std::iter::repeat_with(|| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                ["\\", "\\\\", "\\n", "\\\"", "\"", "t", "u", "a", "é", "word", " ", "\\\\\\t"]
                    [((state >> 33) % (3 + (state >> 60))) as usize % 12]
            })
            .take(28)
            .collect();
            unescape(&text);
        }
    }

    #[test]
    fn every_backend_finds_the_bits_set() {
        let mut mask = 1u64;
        let random = std::iter::repeat_with(|| {
            mask = mask.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            mask ^ mask >> 29
        });
        let masks: Vec<u64> = random.take(1000).collect();
        let sparse = masks.windows(3).map(|masks| masks[0] & masks[1] & masks[2]);
        let runs = (0..=64).map(|count| if count == 0 { 0 } else { u64::MAX >> (64 - count) });
        for mask in masks.iter().copied().chain(sparse).chain(runs) {
            let expected: Vec<u32> =
                (0..64).filter(|place| mask >> place & 1 == 1).map(|place| 100 + place).collect();
            for backend in Best::all() {
                assert_eq!(backend.run(Places(mask)), expected, "{backend:?}: {mask:x}");
            }
        }
    }
}

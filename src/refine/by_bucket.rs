//! Numbers by bucket, in which those of 16-bit buckets are looked up without a bounds check.

/// The number of buckets that fit 16 bits.
pub(super) const SHORT: usize = 1 << 16;

pub(super) fn is_short(buckets: u32) -> bool {
    buckets as usize <= SHORT
}

/// One number for each bucket, and zeros up to [`SHORT`] if there are fewer.
#[derive(Debug)]
pub(super) struct ByBucket<T>(Vec<T>);

impl<T: Copy + Default> ByBucket<T> {
    pub(super) fn zeros(buckets: usize) -> Self {
        ByBucket(vec![T::default(); buckets.max(SHORT)])
    }

    pub(super) fn of(numbers: &[T]) -> Self {
        let mut all = ByBucket::zeros(numbers.len());
        all.0[..numbers.len()].copy_from_slice(numbers);
        all
    }

    pub(super) fn into_vec(mut self, buckets: usize) -> Vec<T> {
        self.0.truncate(buckets);
        self.0
    }

    pub(super) fn all(&self) -> &[T] {
        &self.0
    }

    pub(super) fn all_mut(&mut self) -> &mut [T] {
        &mut self.0
    }

    pub(super) fn of_short(&self) -> &[T; SHORT] {
        self.0.first_chunk().expect("there are at least SHORT")
    }

    pub(super) fn of_short_mut(&mut self) -> &mut [T; SHORT] {
        self.0.first_chunk_mut().expect("there are at least SHORT")
    }
}

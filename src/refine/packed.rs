//! Chunks of buckets as bytes, for other machines: number by number, they would take as long as counting them.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{SerializeSeq, Serializer};

/// A bucket in two or four bytes, little-endian.
pub(super) trait Bucket: Copy {
    fn to_bytes(chunk: &[Self]) -> Vec<u8>;
    /// `None` if the bytes are no whole number of buckets.
    fn of_bytes(bytes: &[u8]) -> Option<Vec<Self>>;
}

macro_rules! bucket {
    ($number:ty) => {
        impl Bucket for $number {
            fn to_bytes(chunk: &[Self]) -> Vec<u8> {
                let mut bytes = vec![0; size_of_val(chunk)];
                for (place, bucket) in bytes.chunks_exact_mut(size_of::<Self>()).zip(chunk) {
                    place.copy_from_slice(&bucket.to_le_bytes());
                }
                bytes
            }

            fn of_bytes(bytes: &[u8]) -> Option<Vec<Self>> {
                let (chunk, rest) = bytes.as_chunks();
                rest.is_empty().then(|| chunk.iter().map(|bytes| Self::from_le_bytes(*bytes)).collect())
            }
        }
    };
}

bucket!(u16);
bucket!(u32);

pub(super) fn serialize<B: Bucket, S: Serializer>(
    chunks: &[Vec<B>],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    struct Bytes(Vec<u8>);

    impl serde::Serialize for Bytes {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&self.0)
        }
    }

    let mut sequence = serializer.serialize_seq(Some(chunks.len()))?;
    for chunk in chunks {
        sequence.serialize_element(&Bytes(B::to_bytes(chunk)))?;
    }
    sequence.end()
}

pub(super) fn deserialize<'de, B: Bucket, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Vec<B>>, D::Error> {
    struct Chunk<B>(Vec<B>);

    struct OfBytes<B>(PhantomData<B>);

    impl<B: Bucket> Visitor<'_> for OfBytes<B> {
        type Value = Chunk<B>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("buckets as bytes")
        }

        fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Chunk<B>, E> {
            B::of_bytes(bytes).map(Chunk).ok_or_else(|| E::invalid_length(bytes.len(), &self))
        }
    }

    impl<'de, B: Bucket> Deserialize<'de> for Chunk<B> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_bytes(OfBytes(PhantomData))
        }
    }

    let chunks: Vec<Chunk<B>> = Vec::deserialize(deserializer)?;
    Ok(chunks.into_iter().map(|Chunk(chunk)| chunk).collect())
}

#[cfg(test)]
mod tests {
    use super::super::features::Features;

    #[test]
    fn features_come_back() {
        for is_short in [true, false] {
            let mut features = Features::new(is_short);
            features.push(&(0..40_000).collect::<Vec<u32>>());
            features.push(&[7, 65_535]);
            let bytes = postcard::to_stdvec(&features).unwrap();
            let back: Features = postcard::from_bytes(&bytes).unwrap();
            assert_eq!(format!("{back:?}"), format!("{features:?}"));
            assert!(postcard::from_bytes::<Features>(&bytes[..bytes.len() - 1]).is_err());
        }
    }
}

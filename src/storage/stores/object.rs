use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::{GetOptions, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt};

use super::error::{self, StoreError};
use super::pieces::Pace;
use super::store::{self, Place};
use crate::storage::Stamp;

/// An object as it was when it was asked for first.
#[derive(Clone, Debug)]
pub(in crate::storage) struct Object {
    url: Arc<Path>,
    place: Place,
    stamp: Stamp,
}

impl Object {
    /// The object at `url`.
    ///
    /// # Errors
    /// What the store says.
    pub(in crate::storage) fn find(url: &Path) -> io::Result<Self> {
        let place = store::place(url)?;
        let head = || async { place.store.head(&place.key).await.map_err(|error| error::of(&error, url)) };
        let found = store::wait(store::again(head))??;
        if found.e_tag.is_none() && found.last_modified.timestamp() == 0 {
            let words = "the server tells neither an entity tag nor a time, so that a change would not be noticed; \
                         fetch the file first";
            return Err(StoreError::answer(io::ErrorKind::InvalidData, words));
        }
        Ok(Object { url: url.into(), stamp: stamp(&found), place })
    }

    /// The object that is at `url` and has this stamp, as each answer about it must tell.
    ///
    /// # Errors
    /// No URL of a store.
    pub(in crate::storage) fn known(url: &Path, stamp: Stamp) -> io::Result<Self> {
        Ok(Object { url: url.into(), stamp, place: store::place(url)? })
    }

    pub(in crate::storage) fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// A part of it, which must be of the same object.
    pub(super) async fn get(&self, range: Range<u64>) -> io::Result<Bytes> {
        store::again(|| self.get_once(range.clone())).await
    }

    async fn get_once(&self, range: Range<u64>) -> io::Result<Bytes> {
        let len = range.end - range.start;
        let bytes = self.ask(range).await?.bytes().await.map_err(|error| self.failed(&error))?;
        match bytes.len() as u64 == len {
            true => Ok(bytes),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// A part of it as it arrives, which must be of the same object.
    pub(super) async fn stream(
        &self,
        range: Range<u64>,
    ) -> io::Result<BoxStream<'static, io::Result<Bytes>>> {
        let answer = store::again(|| self.ask(range.clone())).await?;
        let object = self.clone();
        Ok(answer.into_stream().map(move |chunk| chunk.map_err(|error| object.failed(&error))).boxed())
    }

    async fn ask(&self, range: Range<u64>) -> io::Result<GetResult> {
        let options = GetOptions::default().with_range(Some(range));
        let answer =
            self.place.store.get_opts(&self.place.key, options).await.map_err(|error| self.failed(&error))?;
        match stamp(&answer.meta) == self.stamp {
            true => Ok(answer),
            false => Err(StoreError::changed()),
        }
    }

    fn failed(&self, error: &object_store::Error) -> io::Error {
        error::of(error, &self.url)
    }

    /// Whether it is another's twin.
    pub(super) fn is(&self, other: &Object) -> bool {
        self.url == other.url && self.stamp == other.stamp && Arc::ptr_eq(&self.place.pace, &other.place.pace)
    }

    /// How fast its store is.
    pub(super) fn pace(&self) -> &Pace {
        &self.place.pace
    }
}

/// So many objects are asked about at a time.
const HEADS_AHEAD: usize = 32;

/// An object that was found in a list: some stores tell the tag of each object only when asked about it alone.
async fn whole(store: &dyn ObjectStore, listed: ObjectMeta) -> object_store::Result<ObjectMeta> {
    if listed.e_tag.is_some() { Ok(listed) } else { store.head(&listed.location).await }
}

/// By its entity tag, an object is known whenever it was written; without one, by the second in which it was.
fn stamp(object: &ObjectMeta) -> Stamp {
    let tag = object.e_tag.as_deref().map(|tag| tag.trim_start_matches("W/").trim_matches('"'));
    match tag {
        Some(tag) => Stamp::of_tag(object.size, tag.as_bytes()),
        None => Stamp::of_tag(object.size, &object.last_modified.timestamp().to_le_bytes()),
    }
}

/// The objects below `folder`, by their keys, part for part, as a walk through folders gives files.
///
/// # Errors
/// What the store says; a web server, which has no lists.
pub(in crate::storage) fn list(folder: &Path) -> io::Result<Vec<(PathBuf, Stamp)>> {
    let place = store::place(folder)?;
    if place.is_web() {
        let words = "a web server does not tell what is in a folder: name the files, or list them in a file for \
                     --files-from";
        return Err(StoreError::answer(io::ErrorKind::Unsupported, words));
    }
    let Place { store, key, root, .. } = place;
    let list = || async {
        let found = store.list(Some(&key)).map_ok(|object| whole(&*store, object)).try_buffered(HEADS_AHEAD);
        found.try_collect::<Vec<_>>().await.map_err(|error| error::of(&error, folder))
    };
    let mut found = store::wait(store::again(list))??;
    found.sort_by(|a, b| a.location.parts().cmp(b.location.parts()));
    Ok(found.iter().map(|object| (format!("{root}{}", object.location).into(), stamp(object))).collect())
}

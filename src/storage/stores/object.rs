use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt};

use super::error::{self, StoreError};
use super::store::{self, Answer};
use crate::storage::Stamp;

/// An object as it was when it was asked for first.
#[derive(Clone, Debug)]
pub(in crate::storage) struct Object {
    url: Arc<Path>,
    store: Arc<dyn ObjectStore>,
    key: Key,
    stamp: Stamp,
}

impl Object {
    /// The object at `url`.
    ///
    /// # Errors
    /// What the store says.
    pub(in crate::storage) fn find(url: &Path) -> io::Result<Self> {
        let store::Place { store, key, .. } = store::place(url)?;
        let head = || async { store.head(&key).await.map_err(|error| error::of(&error, url)) };
        let found = store::wait(store::again(head))??;
        Ok(Object { url: url.into(), stamp: stamp(&found), store, key })
    }

    pub(in crate::storage) fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Asks for a part of it, which must be of the same object.
    pub(super) fn ask(&self, range: Range<u64>) -> io::Result<Answer<Bytes>> {
        let object = self.clone();
        store::ask(async move { object.get(range).await })
    }

    /// A part of it, which must be of the same object.
    pub(super) async fn get(&self, range: Range<u64>) -> io::Result<Bytes> {
        store::again(|| self.get_once(range.clone())).await
    }

    async fn get_once(&self, range: Range<u64>) -> io::Result<Bytes> {
        let len = range.end - range.start;
        let options = GetOptions::default().with_range(Some(range));
        let failed = |error| error::of(&error, &self.url);
        let answer = self.store.get_opts(&self.key, options).await.map_err(failed)?;
        if stamp(&answer.meta) != self.stamp {
            return Err(StoreError::changed());
        }
        let bytes = answer.bytes().await.map_err(failed)?;
        match bytes.len() as u64 == len {
            true => Ok(bytes),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
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
    let store::Place { store, key, root } = store::place(folder)?;
    if root.starts_with("http") {
        let words = "a web server does not tell what is in a folder: name the files, or list them in a file for \
                     --files-from";
        return Err(StoreError::answer(io::ErrorKind::Unsupported, words));
    }
    let list = || async {
        let found: Result<Vec<ObjectMeta>, _> = store.list(Some(&key)).try_collect().await;
        found.map_err(|error| error::of(&error, folder))
    };
    let mut found = store::wait(store::again(list))??;
    found.sort_by(|a, b| a.location.parts().cmp(b.location.parts()));
    Ok(found.iter().map(|object| (format!("{root}{}", object.location).into(), stamp(object))).collect())
}

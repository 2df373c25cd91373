use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::Arc;

use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use tokio::task::JoinSet;

use super::error::{self, StoreError};
use super::store::{self, Place};

/// What fits in one part is put there at once.
const PART: u64 = 16 << 20;
/// So many parts are on their way at a time.
const AT_A_TIME: usize = 4;
/// Stores take no more parts than 10 000.
const MOST_PARTS: u64 = 9_000;

/// A file on its way to an object, which appears when this is completed.
pub(in crate::storage) struct Upload {
    url: Arc<Path>,
    place: Place,
    kind: Kind,
}

enum Kind {
    Small(Vec<u8>),
    /// All parts are there.
    InParts(Box<dyn MultipartUpload>),
}

impl Upload {
    /// Sends all of `file`.
    ///
    /// # Errors
    /// What the store says; a file that cannot be read. Nothing is left there then, if the store answers.
    pub(in crate::storage) fn send(file: &mut File, url: &Path) -> io::Result<Self> {
        let place = writable(url)?;
        let len = file.metadata()?.len();
        file.rewind()?;
        if len <= PART {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            return Ok(Upload { url: url.into(), place, kind: Kind::Small(bytes) });
        }
        let mut upload = begin(&place, url)?;
        let sent = store::wait(send_parts(&mut *upload, file, PART.max(len.div_ceil(MOST_PARTS)), url))?;
        if let Err(error) = sent {
            abort(&mut *upload);
            return Err(error);
        }
        Ok(Upload { url: url.into(), place, kind: Kind::InParts(upload) })
    }

    /// Makes the object appear, in the place of one that may be there.
    pub(in crate::storage) fn complete(&mut self) -> io::Result<()> {
        let Upload { url, place, kind } = self;
        let done = match kind {
            Kind::Small(bytes) => {
                store::wait(place.store.put(&place.key, PutPayload::from(std::mem::take(bytes))))?
            }
            Kind::InParts(upload) => store::wait(upload.complete())?,
        };
        done.map(drop).map_err(|error| error::of(&error, url))
    }

    /// Takes away what was sent.
    pub(in crate::storage) fn abort(&mut self) {
        if let Kind::InParts(upload) = &mut self.kind {
            abort(&mut **upload);
        }
    }
}

fn begin(place: &Place, url: &Path) -> io::Result<Box<dyn MultipartUpload>> {
    let begin =
        || async { place.store.put_multipart(&place.key).await.map_err(|error| error::of(&error, url)) };
    store::wait(store::again(begin))?
}

/// What a store does not take away, it keeps until its own rules do.
fn abort(upload: &mut dyn MultipartUpload) {
    let _ = store::wait(upload.abort());
}

async fn send_parts(
    upload: &mut dyn MultipartUpload,
    file: &mut File,
    size: u64,
    url: &Path,
) -> io::Result<()> {
    let mut under_way = JoinSet::new();
    let arrived = |part: Result<object_store::Result<()>, tokio::task::JoinError>| {
        part.map_err(io::Error::other)?.map_err(|error| error::of(&error, url))
    };
    loop {
        let mut part = Vec::new();
        file.take(size).read_to_end(&mut part)?;
        if part.is_empty() {
            break;
        }
        under_way.spawn(upload.put_part(part.into()));
        if under_way.len() >= AT_A_TIME
            && let Some(part) = under_way.join_next().await
        {
            arrived(part)?;
        }
    }
    while let Some(part) = under_way.join_next().await {
        arrived(part)?;
    }
    Ok(())
}

/// Makes sure that an object can be written at `url`, without leaving anything.
///
/// # Errors
/// What the store says.
pub(in crate::storage) fn check_writable(url: &Path) -> io::Result<()> {
    let place = writable(url)?;
    // An object of the name of a folder would hide what is in it.
    let list = || async {
        let found = place.store.list_with_delimiter(Some(&place.key)).await;
        found.map_err(|error| error::of(&error, url))
    };
    let there = store::wait(store::again(list))??;
    if !there.objects.is_empty() || !there.common_prefixes.is_empty() {
        let words = "there are objects below it; end it with / to write into the folder, or name another";
        return Err(StoreError::answer(io::ErrorKind::IsADirectory, words));
    }
    let mut upload = begin(&place, url)?;
    abort(&mut *upload);
    Ok(())
}

fn writable(url: &Path) -> io::Result<Place> {
    let place = store::place(url)?;
    if place.is_web() {
        let words = "web servers are only read; write to a file or an object store";
        return Err(StoreError::answer(io::ErrorKind::Unsupported, words));
    }
    if url.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(StoreError::answer(io::ErrorKind::IsADirectory, "it ends in /, as a folder does"));
    }
    if place.key.as_ref().is_empty() {
        return Err(StoreError::answer(io::ErrorKind::InvalidInput, "an object must be named in the bucket"));
    }
    Ok(place)
}

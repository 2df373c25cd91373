//! Objects that will be read next, whose beginning is fetched while others are read: an answer takes its time to begin.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::object::Object;
use super::pieces::Pieces;
use crate::storage::Stamp;

/// No more are fetched; the one that was asked for first is given up.
const MOST: usize = 4;

struct Expected {
    object: Object,
    pieces: Pieces,
}

static EXPECTED: Mutex<VecDeque<Expected>> = Mutex::new(VecDeque::new());

fn lock() -> MutexGuard<'static, VecDeque<Expected>> {
    EXPECTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Fetches the beginning of the object at `url`. What is wrong with it is told when it is read.
pub(in crate::storage) fn expect(url: &Path, stamp: Stamp) {
    let Ok(object) = Object::known(url, stamp) else { return };
    let mut expected = lock();
    if expected.iter().any(|one| one.object.is(&object)) {
        return;
    }
    if let Ok(pieces) = Pieces::fetch(&object, 0) {
        expected.push_back(Expected { object, pieces });
    }
    if expected.len() > MOST {
        expected.pop_front();
    }
}

/// What was fetched of `object` already.
pub(super) fn take(object: &Object) -> Option<Pieces> {
    let mut expected = lock();
    let place = expected.iter().position(|one| one.object.is(object))?;
    expected.remove(place).map(|one| one.pieces)
}

/// Gives up all that was not read after all.
pub(in crate::storage) fn give_up() {
    lock().clear();
}

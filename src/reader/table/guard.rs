//! Libraries that decode tables may panic at what no sound file holds.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Does `work`, which is not gone on with if it fails; a panic is a failure like others.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let before = IS_GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    IS_GUARDED.set(before);
    done.unwrap_or_else(|_| Err("its parts contradict each other".to_owned()))
}

/// Whether a panic of this thread becomes an error, and need not be told.
#[cfg(feature = "cli")]
pub(crate) fn is_guarded() -> bool {
    IS_GUARDED.get()
}

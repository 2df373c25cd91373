//! What the C library does with memory that is free again.

/// Has it kept for the next use, up to some megabytes, in place of giving it back to the system each time: pages of
/// tables come and go by the megabyte, and having the system make them anew takes a tenth of the time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "the C library has no safe form of it")]
pub(super) fn keep_free_memory() {
    // SAFETY: two calls without pointers, before there is a second thread.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 32 << 20);
    }
}

/// Elsewhere nothing is known to be better.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn keep_free_memory() {}

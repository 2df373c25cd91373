//! Standard output: whether there is one, and what is printed there.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use super::failure::Failure;

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Looks, before anything else, whether standard output is open: if it is not, Rust opens `/dev/null` in its place
/// before `main`, and all that is written there is lost in silence.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "only what runs before `main` can see it")]
mod before_main {
    use super::{CLOSED, Ordering};

    // SAFETY: the linker's list of functions that are run before `main`, of which this is one; it takes no arguments,
    // and nothing that Rust sets up in `main` is needed to store a flag.
    #[used]
    #[unsafe(link_section = ".init_array")]
    static LOOK: extern "C" fn() = look;

    extern "C" fn look() {
        // SAFETY: a call without pointers, which changes nothing.
        let flags = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) };
        CLOSED.store(flags == -1, Ordering::Relaxed);
    }
}

/// Makes sure that there is a standard output.
pub(crate) fn check() -> Result<(), Failure> {
    match CLOSED.load(Ordering::Relaxed) {
        true => Err(Failure::Stdout(io::Error::other("it is closed; name a file, or leave it open"))),
        false => Ok(()),
    }
}

/// Prints `text`.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    check()?;
    let mut out = io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::Stdout)
}

//! What is done when the run is told to stop.

use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::thread;

use dsir::storage::unfinished;
use dsir::storage::work_dir::ResumableDir;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use super::failure::say;

/// The work folder of the run.
static WORK: OnceLock<PathBuf> = OnceLock::new();

/// From now on, whoever stops the run is told that it can go on from `folder`.
pub(crate) fn mention_work(folder: PathBuf) {
    // A program runs one command, and has one work folder.
    WORK.set(folder).unwrap_or_default();
}

/// From now on, whoever interrupts the program or asks it to end finds nothing half-written.
pub(crate) fn watch() -> io::Result<()> {
    let wanted = [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")].into_iter();
    let wanted: Vec<_> = wanted.filter(|(signal, _)| !is_ignored(*signal)).collect();
    let mut signals = Signals::new(wanted.iter().map(|(signal, _)| signal))?;
    thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in signals.forever() {
            unfinished::remove_all();
            let name = wanted.iter().find(|(of, _)| *of == signal).map_or("a signal", |(_, name)| name);
            WORK.get().inspect(|folder| ResumableDir::sweep(folder));
            let kept = WORK.get().filter(|folder| ResumableDir::holds_something(folder));
            let how = match kept {
                Some(folder) => format!("go on from {}", folder.display()),
                None => "start over".to_owned(),
            };
            say(&format!("stopped by {name}; run the same command again to {how}"));
            // Ends the program as if it had not been handled.
            low_level::emulate_default_handler(signal).unwrap_or_default();
        }
    })?;
    Ok(())
}

/// Whether whoever started the program wants it to go on in spite of the signal, as `nohup` does.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

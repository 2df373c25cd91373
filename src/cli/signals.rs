//! What is done when the run is told to stop.

use std::io;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals as Incoming;
use signal_hook::low_level;

use super::failure::say;
use crate::Observer;

/// From when this is made, whoever interrupts the program or asks it to end finds nothing half-written.
pub(crate) struct Signals {
    observer: Observer,
}

impl Signals {
    /// Stops the job of `observer` when a signal comes, and ends the program.
    pub(crate) fn watch(observer: &Observer) -> io::Result<Self> {
        let wanted = [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP")].into_iter();
        let wanted: Vec<_> = wanted.filter(|(signal, _)| !is_ignored(*signal)).collect();
        let mut signals = Incoming::new(wanted.iter().map(|(signal, _)| signal))?;
        let job = observer.clone();
        thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                let resumable = job.abandon();
                let name = wanted.iter().find(|(of, _)| *of == signal).map_or("a signal", |(_, name)| name);
                let how = match resumable {
                    Some(folder) => format!("resume from {}", folder.display()),
                    None => "start over".to_owned(),
                };
                say(&format!("stopped by {name}; run the same command again to {how}"));
                // Ends the program as if it had not been handled.
                low_level::emulate_default_handler(signal).unwrap_or_default();
            }
        })?;
        Ok(Signals { observer: observer.clone() })
    }

    /// Leaves it to the thread that watches to end the program, if a signal has stopped the job.
    pub(crate) fn wait_if_stopped(&self) {
        while self.observer.is_cancelled() {
            thread::park();
        }
    }
}

/// Whether whoever started the program wants it to run in spite of the signal, as `nohup` does.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

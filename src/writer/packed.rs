use std::sync::Arc;

use super::{Error, Sink, Take};
use crate::prepare::{Packer, Packing};
use crate::storage::ClosedFile;

/// A sink for records, in front of which several may be joined into one.
pub(super) struct PackedSink {
    sink: Sink,
    packer: Option<Packer>,
    packed: Vec<u8>,
}

impl PackedSink {
    /// In front of `sink`; without `packing`, records go straight on.
    pub(super) fn new(sink: Sink, packing: Option<Arc<Packing>>) -> Self {
        PackedSink { sink, packer: packing.map(Packer::new), packed: Vec::new() }
    }

    /// Takes bytes of records, each ended by a newline.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let Some(packer) = &mut self.packer else { return self.sink.write(bytes) };
        self.packed.clear();
        packer.take(bytes, &mut self.packed);
        self.sink.write(&self.packed)
    }

    /// Completes the output; a file still waits for its name.
    pub(super) fn close(mut self) -> Result<Option<ClosedFile>, Error> {
        if let Some(packer) = &mut self.packer {
            self.packed.clear();
            packer.finish(&mut self.packed);
            self.sink.write(&self.packed)?;
        }
        self.sink.close()
    }
}

impl Take for PackedSink {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.write(bytes)
    }
}

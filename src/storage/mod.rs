//! Storage: files that appear whole or not at all, files that grow, temporary folders and work directories.
//!
//! All of the library that knows an operating system is here, in `platform/`.

mod error;
mod growing_file;
mod input;
mod platform;
mod stamp;
#[cfg_attr(not(feature = "stores"), path = "no_stores.rs")]
mod stores;
mod sync;
mod temporary;
mod unfinished;
mod whole_file;
mod work_dir;
mod work_files;

pub use error::Error;
pub(crate) use growing_file::GrowingFile;
#[cfg(feature = "parquet")]
pub(crate) use input::SharedInput;
#[cfg(feature = "cli")]
pub(crate) use input::without_secrets;
pub(crate) use input::{
    Input, LocalFile, Objects, expect, expect_no_more, files_below, is_folder, is_there, is_url,
    keep_copies_in, objects_at, read, stamp_of,
};
pub(crate) use platform::descriptor_of_path;
pub(crate) use platform::{FileId, free_bytes, holds_bytes, only_name, path_of_bytes, stdin, stdout};
pub(crate) use stamp::Stamp;
pub(crate) use stores::StoreError;
pub(crate) use temporary::TemporaryFolder;
pub(crate) use unfinished::Unfinished;
pub(crate) use whole_file::{ClosedFile, WholeFile};
pub use work_dir::Error as WorkDirError;
pub(crate) use work_dir::{ResumableDir, WorkDir};

use std::path::{Path, PathBuf};

/// Where one job makes its files; clones are of the same job.
///
/// It keeps account of what is under way, so that nothing is left of it when the job is stopped.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    temp_dir: PathBuf,
    unfinished: Unfinished,
}

impl Storage {
    /// Makes temporary data in `temp_dir`.
    pub(crate) fn new(temp_dir: &Path, unfinished: &Unfinished) -> Self {
        Storage { temp_dir: temp_dir.into(), unfinished: unfinished.clone() }
    }

    /// The folder for temporary data.
    pub(crate) fn temp_dir(&self) -> &Path {
        &self.temp_dir
    }

    /// Begins the file `path`, which appears when it is finished; its folder must be there.
    pub(crate) fn create(&self, path: &Path) -> Result<WholeFile, Error> {
        WholeFile::create(path, &self.unfinished)
    }

    /// Makes sure that the file `path` can be begun, without leaving anything.
    pub(crate) fn check(&self, path: &Path) -> Result<(), Error> {
        match is_url(path) {
            true => stores::check_writable(path).map_err(|source| Error::new(path, source)),
            false => self.create(path).map(drop),
        }
    }

    /// Begins the file `path`, which appears when it is finished, and makes the folders it needs.
    pub(crate) fn create_with_folders(&self, path: &Path) -> Result<WholeFile, Error> {
        WholeFile::create_with_folders(path, &self.unfinished)
    }

    /// Begins the file `path`, empty, and makes the folders it needs.
    pub(crate) fn grow(&self, path: &Path) -> Result<GrowingFile, Error> {
        GrowingFile::create(path, &self.unfinished)
    }

    /// Makes a folder for temporary data.
    pub(crate) fn temporary_folder(&self) -> std::io::Result<TemporaryFolder> {
        self.temporary_folder_in(&self.temp_dir)
    }

    /// Makes a temporary folder in `folder`, which is made too if it is not there.
    pub(crate) fn temporary_folder_in(&self, folder: &Path) -> std::io::Result<TemporaryFolder> {
        TemporaryFolder::create_in(folder, &self.unfinished)
    }

    /// Makes `folder` a work directory, or resumes the one that is there.
    pub(crate) fn work_dir(&self, folder: &Path) -> Result<ResumableDir, WorkDirError> {
        ResumableDir::open(folder, self)
    }

    /// Waits until the data of all files in a folder are where a power cut does not reach them.
    pub(crate) fn sync_folder(&self, folder: &Path) -> Result<(), Error> {
        let entries = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
        let files: Vec<PathBuf> =
            entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect();
        sync::files(files.iter().map(|file| (file.clone(), file.as_path())))
    }

    /// Gives the complete file `from` its name `to`, and makes the folders that needs.
    pub(crate) fn move_to(&self, from: &Path, to: &Path) -> Result<(), Error> {
        whole_file::move_to(from, to, &self.unfinished)
    }

    /// Gives complete files their names, each the second of a pair, when their data are where a power cut does not
    /// reach them.
    pub(crate) fn move_all(&self, files: &[(PathBuf, PathBuf)]) -> Result<(), Error> {
        whole_file::move_all(files, &self.unfinished)
    }
}

impl Default for Storage {
    fn default() -> Self {
        Storage::new(&std::env::temp_dir(), &Unfinished::default())
    }
}

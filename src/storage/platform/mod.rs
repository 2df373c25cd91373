//! What is asked of the operating system beyond the standard library. Where a system does not tell, the answer is the
//! one that refuses nothing.

#[cfg(all(unix, not(plain_platform)))]
mod descriptor;
#[cfg(any(not(unix), plain_platform))]
#[path = "plain.rs"]
mod system;
#[cfg(all(unix, not(plain_platform)))]
#[path = "unix.rs"]
mod system;

#[cfg(feature = "parquet")]
pub(crate) use system::SharedFile;
pub(crate) use system::descriptor_of_path;
pub(crate) use system::{
    FileId, free_bytes, holds_bytes, is_mount_point, may_replace, only_name, open_descriptor, path_of_bytes,
    permissions_of_new_file, stdin, stdout, sync_file_system,
};

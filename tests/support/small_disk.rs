//! A small file system that can be filled.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A small tmpfs, unmounted when dropped.
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts a tmpfs of this size; `None`, with a printed line, where mounting is not allowed.
    pub fn new(mebibytes: usize) -> Option<Self> {
        let folder = TempDir::new().expect("a folder");
        let size = format!("size={mebibytes}m");
        if !mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], folder.path()) {
            println!("SKIPPED: mounting a small file system requires root");
            return None;
        }
        Some(Self { folder })
    }

    /// The mount point.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn filler(&self) -> PathBuf {
        self.folder.path().join("filler")
    }

    /// Fills it except for this many bytes.
    pub fn fill_except(&self, left: usize) {
        let mut filler = File::create(self.filler()).expect("a file");
        let mut size = 0_usize;
        while let Ok(written @ 1..) = filler.write(&[1; 4096]) {
            size += written;
        }
        let size = size.saturating_sub(left) as u64;
        filler.set_len(size).expect("shortened");
    }

    /// Frees the space again.
    pub fn free(&self) {
        fs::remove_file(self.filler()).expect("it was filled");
    }

    /// Remounts it read-only or writable.
    pub fn set_read_only(&self, is_read_only: bool) {
        let how = if is_read_only {
            "remount,ro"
        } else {
            "remount,rw"
        };
        assert!(mount(&["-o", how], self.folder.path()), "{how}");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let path = self.folder.path();
        let _ = Command::new("umount").arg("-l").arg(path).status();
    }
}

fn mount(how: &[&str], path: &Path) -> bool {
    let done = Command::new("mount").args(how).arg(path).output();
    done.is_ok_and(|done| done.status.success())
}

//! What can go wrong with evidence.

use std::io;
use std::path::{Path, PathBuf};

use crate::store::StoreError;

/// Evidence can't be read, checked or exported.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The store can't do what was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file or folder can't be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no such alert.
    #[error("the store has no alert {id:?}: `crowdflow alert list` names those that there are")]
    NoSuchAlert {
        /// The id that was given.
        id: String,
    },
    /// What is to be written is there already.
    #[error("there is a file {} already: name another one", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
}

impl EvidenceError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

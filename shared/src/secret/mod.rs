//! Secrets. One that is in a file, as Kubernetes and Compose mount it, is read again, so that it can be replaced while the service runs.
//!
//! By hand, and without inotify (`notify`): what changes may be the file, a folder above it or a symbolic link on the way, as Kubernetes swaps
//! one, on any file system. Reading a few bytes each second finds all of it.

mod rotation;
pub(crate) mod text;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use parking_lot::RwLock;
use secrecy::SecretString;

use rotation::{Rotation, Turn};
use text::{Flaw, secret_text};

/// How often the files are read. A new secret is in force within two of these.
const INTERVAL: Duration = Duration::from_secs(1);

/// A secret, as it is now. Ask for it each time that it is needed.
#[derive(Debug, Clone)]
pub struct Secret(Origin);

#[derive(Debug, Clone)]
enum Origin {
    Fixed(SecretString),
    File(Arc<SecretFile>),
}

impl Secret {
    /// Its current text.
    #[must_use]
    pub fn current(&self) -> SecretString {
        match &self.0 {
            Origin::Fixed(text) => text.clone(),
            Origin::File(file) => file.current.read().clone(),
        }
    }
}

/// One that never changes.
impl<T: Into<SecretString>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self(Origin::Fixed(text.into()))
    }
}

/// When a secret is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Again and again, so a new one is in force at once.
    Always,
    /// Only when the service starts.
    AtStart,
}

/// The file of a secret.
#[derive(Debug)]
pub(crate) struct SecretFile {
    /// The variable that would hold the secret itself.
    name: String,
    path: PathBuf,
    /// The secret's least length, in bytes.
    least: usize,
    used: Use,
    current: RwLock<SecretString>,
}

impl SecretFile {
    /// Reads the secret for the first time.
    ///
    /// # Errors
    /// When the file holds none.
    pub(crate) fn read(name: &str, path: &str, least: usize, used: Use) -> Result<Self, Flaw> {
        let path = PathBuf::from(path);
        Ok(Self {
            current: RwLock::new(content(&path, least)?),
            name: name.to_owned(),
            path,
            least,
            used,
        })
    }

    fn look(&self, rotation: &mut Rotation) {
        let name = format_args!("{}_FILE={:?}", self.name, self.path);
        match rotation.look(content(&self.path, self.least)) {
            Turn::None => {}
            Turn::Taken(secret) => {
                *self.current.write() = secret;
                match self.used {
                    Use::Always => log::info!("{name}: its new secret is in force"),
                    Use::AtStart => log::warn!(
                        "{name}: it holds another secret, which is in force after the next start"
                    ),
                }
            }
            Turn::Lost(flaw) => log::warn!("{name}: {flaw}; the last secret stays in force"),
            Turn::Back => log::info!("{name}: it holds its last secret again"),
        }
    }
}

fn content(path: &Path, least: usize) -> Result<SecretString, Flaw> {
    let content = fs::read_to_string(path).map_err(|error| Flaw::Unreadable(error.to_string()))?;
    secret_text(&content, least).map(SecretString::from)
}

/// The files of all secrets.
#[derive(Debug, Clone, Default)]
pub struct SecretFiles(Vec<Arc<SecretFile>>);

impl SecretFiles {
    /// Adds one.
    pub(crate) fn add(&mut self, file: SecretFile) -> Secret {
        let file = Arc::new(file);
        self.0.push(Arc::clone(&file));
        Secret(Origin::File(file))
    }

    /// Reads them again and again, on a thread of its own, because a file system may not answer.
    ///
    /// # Errors
    /// When the thread can't be started.
    pub fn watch(&self) -> std::io::Result<SecretWatch> {
        self.watch_each(INTERVAL)
    }

    fn watch_each(&self, interval: Duration) -> std::io::Result<SecretWatch> {
        let (until_dropped, dropped) = channel();
        if !self.0.is_empty() {
            let mut looks: Vec<_> = self.0.iter().map(watched).collect();
            thread::Builder::new()
                .name("secret-files".to_owned())
                .spawn(move || {
                    while dropped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                        for (file, rotation) in &mut looks {
                            file.look(rotation);
                        }
                    }
                })?;
        }
        Ok(SecretWatch {
            _until_dropped: until_dropped,
        })
    }
}

fn watched(file: &Arc<SecretFile>) -> (Arc<SecretFile>, Rotation) {
    let rotation = Rotation::of(file.current.read().clone());
    (Arc::clone(file), rotation)
}

/// Keeps secrets as fresh as their files until it is dropped.
#[derive(Debug)]
pub struct SecretWatch {
    _until_dropped: Sender<()>,
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use secrecy::ExposeSecret;

    use super::*;

    /// Short, so that the tests are.
    const LOOK: Duration = Duration::from_millis(5);

    struct Mounted {
        folder: tempfile::TempDir,
        files: SecretFiles,
        secret: Secret,
        _watch: SecretWatch,
    }

    impl Mounted {
        /// As Kubernetes mounts it: the file is a link into `..data`, which is a link to a folder.
        fn with(content: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            symlink("..data/token", folder.path().join("token")).unwrap();
            swap(folder.path(), "first", content);
            let mut files = SecretFiles::default();
            let path = folder.path().join("token");
            let file = SecretFile::read("TOKEN", path.to_str().unwrap(), 3, Use::Always);
            let secret = files.add(file.unwrap());
            let watch = files.watch_each(LOOK).unwrap();
            Self {
                folder,
                files,
                secret,
                _watch: watch,
            }
        }

        fn until_it_is(&self, expected: &str) {
            while self.secret.current().expose_secret() != expected {
                thread::sleep(LOOK);
            }
        }

        /// Until the thread has looked at least once at the files as they are.
        fn until_looked_at(&self) {
            let beside = self.folder.path().join("beside");
            fs::write(&beside, "before").unwrap();
            let mut files = SecretFiles(self.files.0.clone());
            let file = SecretFile::read("BESIDE", beside.to_str().unwrap(), 1, Use::Always);
            let secret = files.add(file.unwrap());
            fs::write(&beside, "after").unwrap();
            let _watch = files.watch_each(LOOK).unwrap();
            while secret.current().expose_secret() != "after" {
                thread::sleep(LOOK);
            }
        }
    }

    fn swap(folder: &Path, version: &str, content: &str) {
        fs::create_dir(folder.join(version)).unwrap();
        fs::write(folder.join(version).join("token"), content).unwrap();
        symlink(version, folder.join("..tmp")).unwrap();
        fs::rename(folder.join("..tmp"), folder.join("..data")).unwrap();
    }

    #[test]
    fn a_fixed_secret_is_itself() {
        let secret = Secret::from("hush");
        assert_eq!(secret.current().expose_secret(), "hush");
        assert!(!format!("{secret:?}").contains("hush"));
    }

    mod in_a_file {
        use super::*;

        #[test]
        fn is_replaced_when_kubernetes_swaps_the_folder() {
            let mounted = Mounted::with("old\n");
            mounted.until_it_is("old");
            swap(mounted.folder.path(), "second", "new\n");
            mounted.until_it_is("new");
            assert!(!format!("{:?}", mounted.secret).contains("new"));
        }

        #[test]
        fn is_replaced_when_the_file_is_written_in_place() {
            let mounted = Mounted::with("old");
            fs::write(mounted.folder.path().join("..data/token"), "newer").unwrap();
            mounted.until_it_is("newer");
        }

        #[test]
        fn stays_while_the_file_is_missing_empty_or_too_short() {
            let mounted = Mounted::with("old");
            let file = mounted.folder.path().join("..data/token");
            for content in ["", " \n", "ab", "two\nlines"] {
                fs::write(&file, content).unwrap();
                mounted.until_looked_at();
                mounted.until_it_is("old");
            }
            fs::remove_file(&file).unwrap();
            mounted.until_looked_at();
            assert_eq!(mounted.secret.current().expose_secret(), "old");
            fs::write(&file, "new").unwrap();
            mounted.until_it_is("new");
        }
    }
}

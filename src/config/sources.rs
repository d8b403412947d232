//! Where settings are looked for, gathered once at the edge of the process.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::fault::{Fault, Faults, Problem};
use super::names::Setting;
use super::yaml;

/// A text file and what it is called in messages.
#[derive(Clone, Debug)]
pub struct TextFile {
    /// As messages show it.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// A value that the command line sets.
#[derive(Clone, Debug)]
pub struct Override {
    /// Which setting.
    pub setting: Setting,
    /// The flag, as the user writes it.
    pub flag: &'static str,
    /// Its value, written as in the environment.
    pub value: String,
}

/// Reads a small text file, for the settings that name one.
pub type ReadFile = dyn Fn(&Path) -> io::Result<String> + Send + Sync;

/// Everything that settings are made of, strongest first.
pub struct Sources {
    /// From the command line.
    pub overrides: Vec<Override>,
    /// The environment of the process.
    pub environment: BTreeMap<String, String>,
    /// `.env` of the working directory.
    pub dotenv: Option<TextFile>,
    /// `config.yaml` of the working directory.
    pub config_yaml: Option<TextFile>,
    /// A folder with a recording, which stands for the Opsgenie account; its credentials are not needed then.
    pub recording: Option<PathBuf>,
    /// How a file is read that a setting names.
    pub read_file: Box<ReadFile>,
}

impl Sources {
    /// Nothing but these variables: no flags, no `.env`, no `config.yaml`. For programs that have settings of their own
    /// to read from. Files that a variable names are read.
    pub fn from_variables<N: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Self {
            overrides: Vec::new(),
            environment: variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            dotenv: None,
            config_yaml: None,
            recording: None,
            read_file: Box::new(read_small_file),
        }
    }

    /// The environment of this process and the files of its working directory.
    ///
    /// # Errors
    /// A `.env` or `config.yaml` that is there and cannot be read.
    pub fn of_process(overrides: Vec<Override>) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let mut file = |name: &str| {
            file_if_there(Path::new(name)).unwrap_or_else(|error| {
                let problem = Problem::Unreadable { reason: error.to_string() };
                faults.push(Fault { subject: name.to_owned(), origin: None, problem, hint: None });
                None
            })
        };
        let dotenv = file(".env");
        let config_yaml = file("config.yaml");
        match Faults::of(faults) {
            Some(faults) => Err(faults),
            None => Ok(Self {
                overrides,
                environment: environment(),
                dotenv,
                config_yaml,
                recording: None,
                read_file: Box::new(read_small_file),
            }),
        }
    }
}

/// The variables of the process; what is not Unicode is no name or value of ours.
fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

fn file_if_there(path: &Path) -> io::Result<Option<TextFile>> {
    if path.is_dir() {
        // `.env` is also what some call the folder of a virtual environment.
        return Ok(None);
    }
    match read_small_file(path) {
        Ok(text) => Ok(Some(TextFile { name: path.display().to_string(), text })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a text file of at most [`yaml::MAX_BYTES`].
pub(super) fn read_small_file(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let limit = u64::try_from(yaml::MAX_BYTES).unwrap_or(u64::MAX);
    std::fs::File::open(path)?.take(limit + 1).read_to_string(&mut text)?;
    if text.len() > yaml::MAX_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("it is larger than {} bytes", yaml::MAX_BYTES),
        ));
    }
    Ok(yaml::without_mark(&text).to_owned())
}

/// For tests: sources of nothing but an environment.
#[cfg(test)]
pub(super) fn of_environment<const N: usize>(pairs: [(&str, &str); N]) -> Sources {
    Sources {
        overrides: Vec::new(),
        environment: pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        dotenv: None,
        config_yaml: None,
        recording: None,
        read_file: Box::new(|path: &Path| {
            Err(io::Error::new(io::ErrorKind::NotFound, format!("no {}", path.display())))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_and_cannot_be_read_is_told_apart_from_one_that_is_not() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("config.yaml");
        assert!(file_if_there(&path).expect("absence is no fault").is_none());

        std::fs::write(&path, [0xff, 0xfe]).expect("a file can be written");
        assert_eq!(
            file_if_there(&path).map_err(|error| error.kind()).err(),
            Some(io::ErrorKind::InvalidData)
        );

        let file = std::fs::File::create(&path).expect("a file can be written");
        let beyond = u64::try_from(yaml::MAX_BYTES).expect("a small number") + 1;
        file.set_len(beyond).expect("a file can grow");
        assert_eq!(
            file_if_there(&path).map_err(|error| error.kind()).err(),
            Some(io::ErrorKind::InvalidData)
        );

        assert!(file_if_there(folder.path()).expect("a folder is no file").is_none());

        std::fs::write(&path, "\u{feff}port: {}\n").expect("a file can be written");
        let text = file_if_there(&path).expect("it can be read").map(|file| file.text);
        assert_eq!(text.as_deref(), Some("port: {}\n"));
    }
}

//! Command lines that an operator can copy: this process's own with a change, and those of subcommands for the same chain and folder.

use std::path::PathBuf;

/// Options whose values nobody should find in a log.
const SECRETS: [&str; 2] = ["--node-key", "--password"];
/// Characters that no shell takes for anything but themselves.
const PLAIN: &str = "-_./:=,+@%";

/// The arguments of this process, its program first.
#[derive(Clone, Debug)]
pub(crate) struct CommandLine(Vec<String>);

impl CommandLine {
    /// As the process was started.
    pub fn of_process() -> Self {
        Self::new(std::env::args_os().map(|word| word.to_string_lossy().into_owned()))
    }

    /// Of these words.
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new(words.into_iter().map(str::to_owned))
    }

    /// A subcommand of this program.
    pub fn subcommand<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new([self.program()].into_iter().chain(words.into_iter().map(str::to_owned)))
    }

    fn new(words: impl IntoIterator<Item = String>) -> Self {
        Self(words.into_iter().collect())
    }

    fn program(&self) -> String {
        self.0.first().cloned().unwrap_or_else(|| "strike-node".into())
    }

    /// The whole line.
    pub fn line(&self) -> String {
        let mut hides = false;
        let words = self.0.iter().map(|word| {
            let hidden = std::mem::replace(&mut hides, SECRETS.contains(&word.as_str()));
            let assigned = SECRETS.iter().find(|option| word.starts_with(&format!("{option}=")));
            match assigned {
                _ if hidden => "SECRET".into(),
                Some(option) => format!("{option}=SECRET"),
                None => quoted(word),
            }
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// With one more option.
    pub fn and(&self, option: &str, value: &str) -> Self {
        Self::new(self.0.iter().cloned().chain([option.into(), value.into()]))
    }

    /// With an option at this value, whatever it was before.
    pub fn with(&self, option: &str, value: &str) -> Self {
        self.without(option, |_| true).and(option, value)
    }

    /// Without an option where it has a value that is to go.
    pub fn without(&self, option: &str, goes: impl Fn(&str) -> bool) -> Self {
        let (mut kept, mut words) = (Vec::new(), self.0.iter().peekable());
        let assigned = format!("{option}=");
        while let Some(word) = words.next() {
            let value = if word == option { words.peek().copied() } else { None };
            match (value, word.strip_prefix(&assigned)) {
                (Some(value), _) if goes(value) => {
                    words.next();
                }
                (None, Some(value)) if goes(value) => {}
                _ => kept.push(word.clone()),
            }
        }
        Self(kept)
    }

    /// Without a flag.
    pub fn without_flag(&self, flag: &str) -> Self {
        Self::new(self.0.iter().filter(|word| *word != flag).cloned())
    }
}

/// Where a node keeps what it keeps, as options of its subcommands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    /// The chain, as it was given.
    pub chain: Option<String>,
    /// The base path, if one was given.
    pub base_path: Option<PathBuf>,
    /// The keystore's folder, if one was given.
    pub keystore_path: Option<PathBuf>,
}

impl Place {
    /// Of a node with these options.
    pub fn of(options: &sc_cli::RunCmd) -> Self {
        let shared = &options.shared_params;
        let chain = shared.chain.clone().or_else(|| shared.dev.then(|| "dev".into()));
        let keystore_path = options.keystore_params.keystore_path.clone();
        Self { chain, base_path: shared.base_path.clone(), keystore_path }
    }

    fn chain(&self) -> Vec<String> {
        self.chain.iter().flat_map(|chain| ["--chain".into(), chain.clone()]).collect()
    }

    /// The command that makes the network key of this place.
    pub fn make_network_key(&self, line: &CommandLine) -> String {
        let folder = match &self.base_path {
            Some(path) => vec!["--base-path".into(), path.to_string_lossy().into_owned()],
            None => vec!["--default-base-path".into()],
        };
        let command = line.subcommand(["key", "generate-node-key"]);
        CommandLine::new(command.0.into_iter().chain(self.chain()).chain(folder)).line()
    }

    /// The command that puts a key into this place's keystore. It asks for the secret, so that no shell remembers it.
    pub fn insert_key(&self, line: &CommandLine, key_type: &str, scheme: &str) -> String {
        let command = line.subcommand(["key", "insert", "--key-type", key_type, "--scheme", scheme]);
        let path = |option: &str, path: &Option<PathBuf>| {
            path.iter().flat_map(|path| [option.to_owned(), path.to_string_lossy().into_owned()]).collect::<Vec<_>>()
        };
        let folders =
            path("--base-path", &self.base_path).into_iter().chain(path("--keystore-path", &self.keystore_path));
        CommandLine::new(command.0.into_iter().chain(self.chain()).chain(folders)).line()
    }
}

/// A word as a shell takes it for one.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = !word.is_empty() && word.chars().all(|it| it.is_ascii_alphanumeric() || PLAIN.contains(it));
    if is_plain {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> CommandLine {
        CommandLine::of_words(words.iter().copied())
    }

    #[test]
    fn a_line_can_be_copied_into_a_shell_and_tells_no_secret() {
        let line = line(&["/bin/node", "--base-path", "/my data/it's", "--node-key", "ab12", "--password=x y", ""]);
        let expected = r"/bin/node --base-path '/my data/it'\''s' --node-key SECRET --password=SECRET ''";
        assert_eq!(line.line(), expected);
    }

    #[test]
    fn an_option_is_replaced_wherever_it_is() {
        for words in [&["node", "--rpc-port", "1", "--dev"][..], &["node", "--rpc-port=1", "--dev"], &["node", "--dev"]]
        {
            assert_eq!(line(words).with("--rpc-port", "2").line(), "node --dev --rpc-port 2");
        }
        let line = line(&["node", "--model-dir", "a", "--model-dir=b", "--tmp"]);
        assert_eq!(line.without("--model-dir", |value| value == "b").line(), "node --model-dir a --tmp");
        assert_eq!(line.without("--model-dir", |value| value == "a").line(), "node --model-dir=b --tmp");
        assert_eq!(line.without_flag("--tmp").line(), "node --model-dir a --model-dir=b");
    }

    #[test]
    fn subcommands_are_for_the_chain_and_the_folders_of_the_node() {
        let node = line(&["strike-node", "--validator"]);
        let place = Place { chain: Some("spec.json".into()), base_path: Some("/data".into()), keystore_path: None };
        assert_eq!(
            place.make_network_key(&node),
            "strike-node key generate-node-key --chain spec.json --base-path /data"
        );
        assert_eq!(
            place.insert_key(&node, "strk", "sr25519"),
            "strike-node key insert --key-type strk --scheme sr25519 --chain spec.json --base-path /data"
        );
        assert_eq!(Place::default().make_network_key(&node), "strike-node key generate-node-key --default-base-path");
        let elsewhere = Place { keystore_path: Some("/keys".into()), ..Place::default() };
        assert!(elsewhere.insert_key(&node, "babe", "sr25519").ends_with("--keystore-path /keys"));
    }
}

//! What a caller hears of what goes on while it waits.

use std::{fmt, sync::Arc};

/// Takes lines of progress, for people to read. Silent by default; clones tell the same listener.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<Listener>>);

/// What is told each line.
type Listener = dyn Fn(&str) + Send + Sync;

impl Progress {
    /// Hands every line to `listen`, on whichever thread it comes up. A line may quote what strangers wrote, control
    /// characters included.
    pub fn new(listen: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listen)))
    }

    /// Hands on one line.
    pub fn tell(&self, line: impl AsRef<str>) {
        if let Some(listen) = &self.0 {
            listen(line.as_ref());
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Progress(heard)" } else { "Progress(silent)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn clones_tell_the_same_listener_and_the_default_is_silent() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let progress = Progress::new({
            let heard = heard.clone();
            move |line| heard.lock().unwrap().push(line.to_owned())
        });
        progress.tell("one");
        progress.clone().tell(format!("{}", 2));
        Progress::default().tell("unheard");
        assert_eq!(*heard.lock().unwrap(), ["one", "2"]);
    }
}

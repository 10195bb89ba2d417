//! Everything that is printed for the person at the terminal: results to standard output, progress and errors to standard error.
//! Must not know what the commands do.

#![expect(
    clippy::print_stderr,
    reason = "the one place of this program that talks to its user"
)]

use indicatif::{ProgressBar, ProgressStyle};
use stack::Event;
use std::io::{BufRead, IsTerminal, Write, stderr, stdin, stdout};
use std::time::Duration;

/// Prints a result. It is no error when nobody reads standard output any more.
pub fn tell(line: impl AsRef<str>) {
    // `println!` would panic when `mall logs | head` has seen enough
    let _ = writeln!(stdout(), "{}", line.as_ref());
}

/// Prints progress or a remark.
pub fn mention(line: impl AsRef<str>) {
    eprintln!("{}", line.as_ref());
}

/// Prints why a command failed.
pub fn complain(error: &anyhow::Error) {
    eprintln!("mall: {error:#}");
}

/// Asks a question; true if the answer is `y` or `yes`. Without a terminal there is no answer, so false.
pub fn confirm(question: &str) -> bool {
    if !stdin().is_terminal() {
        return false;
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    stdin().lock().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

/// Shows the steps of a start or a stop: a spinner on a terminal, plain lines elsewhere.
pub struct Progress {
    done: &'static str,
    spinner: Option<ProgressBar>,
}

impl Progress {
    /// `done` is what a finished step is called.
    pub fn new(done: &'static str) -> Self {
        Self {
            done,
            spinner: None,
        }
    }

    /// Shows that a step begins or ends.
    pub fn show(&mut self, event: Event<'_>) {
        match event {
            Event::Begins(name) => self.begin(name),
            Event::Ends(name, time, well) => self.end(name, time, well),
        }
    }

    fn begin(&mut self, name: &str) {
        if stderr().is_terminal() {
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {msg} {elapsed}") {
                spinner.set_style(style);
            }
            spinner.set_message(format!("{name:<22}"));
            spinner.enable_steady_tick(Duration::from_millis(100));
            self.spinner = Some(spinner);
        }
    }

    fn end(&mut self, name: &str, time: Duration, well: bool) {
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
        let (mark, outcome) = if well {
            ("✔", self.done)
        } else {
            ("✘", "failed")
        };
        eprintln!("{mark} {name:<22} {outcome} {:>6.1} s", time.as_secs_f32());
    }
}

/// One line that says what is going on, on a terminal; nothing elsewhere. It goes with the handle.
pub struct Meter {
    name: String,
    line: Option<ProgressBar>,
}

impl Meter {
    /// A line that begins with `name`.
    pub fn new(name: &str) -> Self {
        let line = stderr().is_terminal().then(|| {
            let line = ProgressBar::new_spinner();
            line.enable_steady_tick(Duration::from_millis(100));
            line
        });
        Self {
            name: name.to_owned(),
            line,
        }
    }

    /// Replaces the rest of the line.
    pub fn show(&self, doing: String) {
        if let Some(line) = &self.line {
            line.set_message(format!("{}  {doing}", self.name));
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(line) = &self.line {
            line.finish_and_clear();
        }
    }
}

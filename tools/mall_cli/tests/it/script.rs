//! The script `mall`: what it refuses and what it tells before anything is built or installed.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

const MALL: &str = env!("CARGO_BIN_EXE_mall_cli");
/// With this the script's `cargo` ends, so it tells that something would have been built.
const BUILDS: i32 = 77;

/// The script where a `cargo` of the test stands in for the real one, and builds nothing.
struct Script {
    folder: TempDir,
}

impl Script {
    /// Nothing is built yet.
    fn unbuilt() -> Self {
        let script = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        // A copy, beside which no mall has ever run.
        fs::copy(
            stack::root().join("mall"),
            script.folder.path().join("mall"),
        )
        .unwrap();
        symlink(
            stack::root().join("tools"),
            script.folder.path().join("tools"),
        )
        .unwrap();
        script.cargo(BUILDS);
        script
    }

    /// All is built.
    fn built() -> Self {
        let script = Self::unbuilt();
        script.cargo(0);
        let programs = script.target().join("release");
        fs::create_dir_all(&programs).unwrap();
        symlink(MALL, programs.join("mall_cli")).unwrap();
        script
    }

    fn cargo(&self, status: i32) {
        let programs = self.folder.path().join("programs");
        fs::create_dir_all(&programs).unwrap();
        let cargo = programs.join("cargo");
        fs::write(&cargo, format!("#!/bin/sh\nexit {status}\n")).unwrap();
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("target")
    }

    fn run(&self, words: &str) -> Output {
        let mut path = self.folder.path().join("programs").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap());
        Command::new(self.folder.path().join("mall"))
            .args(words.split_whitespace())
            .env("PATH", path)
            .env("CARGO_TARGET_DIR", self.target())
            .env_remove("KAFKA_BOOTSTRAP_SERVERS")
            .output()
            .unwrap()
    }

    /// How it ended, and all that it said.
    fn said(&self, words: &str) -> (Option<i32>, String) {
        let output = self.run(words);
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    }
}

mod wrong_words {
    use super::*;

    #[test]
    fn are_refused_before_anything_is_built() {
        let script = Script::unbuilt();
        for (words, named) in [
            ("up --composit-port 1", "--composit-port"),
            ("up --composite-port", "--composite-port"),
            ("up --composite-port http", "'http'"),
            ("up --composite-port=http", "'http'"),
            ("up --kafka=yes", "'yes'"),
            ("up --bind --kafka", "'--bind'"),
            ("up --comp.site-port 1", "--comp.site-port"),
            ("up now", "'now'"),
            ("status --jsn", "--jsn"),
            ("logs -x", "-x"),
            ("up --auth basic", "'basic'"),
            ("token minji --scpe x", "--scpe"),
            ("logs -nfew", "'few'"),
            ("load --scenario cold", "'cold'"),
            ("load --compare a.json", "--compare"),
            ("check --rounds many", "'many'"),
            ("dlt lst", "'lst'"),
            ("dlt list --al", "--al"),
            ("bench --round 1", "--round"),
        ] {
            let (status, said) = script.said(words);
            assert_eq!(status, Some(2), "{words}: {said}");
            assert!(
                said.contains(named) && said.lines().count() == 1,
                "{words}: {said}"
            );
        }
        assert!(!script.target().exists());
    }

    #[test]
    fn that_only_the_program_can_tell_are_refused_before_anything_is_installed() {
        let script = Script::built();
        for words in [
            "up --composite-port 99999",
            "up --composites 9",
            "check --fault flood",
            "check --embedded --cluster",
            "load --rate 0",
        ] {
            let (status, said) = script.said(words);
            assert_eq!(status, Some(2), "{words}: {said}");
            assert_eq!(said.matches("error: ").count(), 1, "{words}: {said}");
        }
    }
}

mod right_words {
    use super::*;

    #[test]
    fn are_passed_on() {
        let script = Script::unbuilt();
        for words in [
            "up",
            "up --kafka --composite-port=1 --bind 127.0.0.1",
            "up --help",
            "up --auth jwt",
            "token minji --data-dir elsewhere",
            "logs -f -n5 order-service",
            "logs -n 5 --follow",
            "logs -fn5",
            "load --scenario hot --refused 0 --url http://127.0.0.1:7000",
            "load --compare a.json b.json",
            "check --faults all --rounds 20",
            "dlt list --all --bootstrap-servers 127.0.0.1:1",
            "dlt show --bootstrap-servers=127.0.0.1:1 orders-dlt/3/17",
            "status --data-dir elsewhere",
            "bench --only pending",
            "load --label=-x --url http://127.0.0.1:7000",
            "--version",
        ] {
            let (status, said) = script.said(words);
            assert_eq!(status, Some(BUILDS), "{words}: {said}");
        }
    }
}

mod without_a_mall {
    use super::*;

    #[test]
    fn what_only_looks_says_so_in_the_programs_words_and_builds_nothing() {
        let script = Script::unbuilt();
        let nowhere = script.folder.path().join("nowhere");
        for (words, status) in [
            ("status", 3),
            ("status --json", 3),
            ("down", 0),
            ("load", 1),
            ("load --scenario hot", 1),
            ("dlt list", 1),
            ("token minji --scope mall.support", 1),
        ] {
            let by_script = script.said(words);
            let program = Command::new(MALL)
                .args(words.split_whitespace())
                .arg(format!("--data-dir={}", nowhere.display()))
                .env_remove("KAFKA_BOOTSTRAP_SERVERS")
                .output()
                .unwrap();
            let text = [program.stdout, program.stderr].concat();
            let by_program = (program.status.code(), String::from_utf8(text).unwrap());
            assert_eq!(by_program.0, Some(status), "{words}");
            assert_eq!(by_script, by_program, "{words}");
        }
        assert!(!script.target().exists() && !nowhere.exists());
    }
}

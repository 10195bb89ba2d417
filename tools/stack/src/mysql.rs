//! MySQL's own command lines. Must not know what is stored.

use crate::database_home::{Home, as_root, common_options};
use crate::{Part, Service, Spec, provide};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::time::Duration;

const INITIALISE_LIMIT: Duration = Duration::from_secs(120);

pub(crate) fn server(home: &Home) -> Result<Spec> {
    let mut args = common_options(home, &home.files());
    args.extend(["--mysqlx=OFF", "--secure-file-priv=NULL", "--sync-binlog=1"].map(str::to_owned));
    Ok(home.spec(mysqld()?, args))
}

pub(crate) fn initialise(home: &Home, files: &Path) -> Result<()> {
    let mut args = vec![
        "--initialize-insecure".to_owned(),
        format!("--datadir={}", files.display()),
    ];
    args.extend(as_root());
    Service::run_to_end(home.spec(mysqld()?, args), INITIALISE_LIMIT)
}

/// The provisioned wrapper: it runs the server by its own loader and libraries, with `--no-defaults`.
fn mysqld() -> Result<PathBuf> {
    Ok(provide(Part::MySql)?.join("bin/mysqld"))
}

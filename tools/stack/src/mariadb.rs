//! MariaDB's own command lines. Must not know what is stored.

use crate::database_home::{Home, as_root, common_options};
use crate::{Part, Service, Spec, provide};
use anyhow::Result;
use std::path::Path;
use std::time::Duration;

const INITIALISE_LIMIT: Duration = Duration::from_secs(120);

pub(crate) fn server(home: &Home) -> Result<Spec> {
    let mut args = vec!["--no-defaults".to_owned()];
    args.extend(common_options(home, &home.files()));
    Ok(home.spec(provide(Part::MariaDb)?, args))
}

pub(crate) fn initialise(home: &Home, files: &Path) -> Result<()> {
    provide(Part::MariaDb)?;
    let mut args = vec![
        "--no-defaults".to_owned(),
        format!("--datadir={}", files.display()),
        "--auth-root-authentication-method=normal".to_owned(),
        "--skip-test-db".to_owned(),
        // It looks no name up then. Without this it refuses where neither this machine's name nor `localhost` can be looked up.
        "--force".to_owned(),
    ];
    args.extend(as_root());
    Service::run_to_end(
        home.spec("mariadb-install-db".into(), args),
        INITIALISE_LIMIT,
    )
}

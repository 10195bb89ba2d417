//! Keycloak as a child process: a real identity provider, with a realm for the mall. Must not know who asks for tokens.

use super::keycloak_admin::KeycloakAdmin;
use super::{realm, token_endpoint};
use crate::programs::base_url;
use crate::{Part, Place, Service, Spec, ports, provide, secrets};
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

/// It takes a minute on a quiet machine.
const START_LIMIT: Duration = Duration::from_secs(400);
const NAME: &str = "keycloak";
const MAIN: &str = "io.quarkus.bootstrap.runner.QuarkusEntryPoint";
/// What it reads of its installation; everything else of its home is its own.
const SHARED: [&str; 4] = ["conf", "lib", "providers", "themes"];

/// The handle of the child; it ends with the handle. Users and keys are kept in its data folder, so they outlive a restart.
pub struct Keycloak {
    service: Service,
    issuer: String,
    password: String,
    admin: KeycloakAdmin,
}

impl Keycloak {
    /// The claim of its tokens that names the member; their subject is a number that it chose.
    pub const MEMBER_CLAIM: &str = realm::MEMBER_CLAIM;
    /// The only user whose tokens may have the support's scope.
    pub const SUPPORT: &str = realm::SUPPORT;

    /// Starts it on a free port and waits until it answers, which takes about a minute.
    ///
    /// # Errors
    /// When it can't be installed or started.
    pub fn start(place: &Place) -> Result<Self> {
        let home = place.data_of(NAME)?;
        let password = secrets::kept_in(&home.join("users.password"))?;
        let admin_password = secrets::kept_in(&home.join("admin.password"))?;
        prepare(&home, &provide(Part::Keycloak)?, &password)?;
        let port = ports::free_port()?;
        let url = base_url(port);
        let issuer = format!("{url}/realms/{}", realm::NAME);
        let mut service = Service::start(Spec {
            name: NAME.into(),
            // Not by its script: the script's own child would outlive it when it is killed.
            program: "java".into(),
            args: java(&home, port),
            env: vec![
                ("KC_BOOTSTRAP_ADMIN_USERNAME".to_owned(), "admin".to_owned()),
                (
                    "KC_BOOTSTRAP_ADMIN_PASSWORD".to_owned(),
                    admin_password.clone(),
                ),
            ],
            log: place.log_of(NAME),
            ready: format!("{issuer}/.well-known/openid-configuration"),
            url: url.clone(),
            ..Spec::default()
        })?;
        service.wait_ready(START_LIMIT)?;
        Ok(Self {
            service,
            issuer,
            password,
            admin: KeycloakAdmin::new(url, admin_password),
        })
    }

    /// Its URL, as its tokens name it.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// A token for that sample member or for [`SUPPORT`](Self::SUPPORT), with that scope if there is one and the user may have it.
    ///
    /// # Errors
    /// When it can't be reached, or refuses.
    pub fn token(&self, member: &str, scope: Option<&str>) -> Result<String> {
        let grant = [
            ("grant_type", "password"),
            ("client_id", realm::CLIENT),
            ("username", member),
            ("password", self.password.as_str()),
        ];
        token_endpoint::ask(&self.issuer, &grant, scope)
    }

    /// Signs by a new key from now on, and takes those before out of the set.
    ///
    /// # Errors
    /// When it can't be reached, or refuses.
    pub fn rotate(&self) -> Result<()> {
        // The new one first: at no time is there none.
        let old = self.add_key()?;
        self.take_out(&old)
    }

    /// Signs by a new key from now on. Those before stay in the set, so their tokens are still good; the ids of these.
    ///
    /// # Errors
    /// When it can't be reached, or refuses.
    pub fn add_key(&self) -> Result<Vec<String>> {
        self.admin.add_key(realm::NAME)
    }

    /// Takes keys out of the set, and with them all tokens that they have signed.
    ///
    /// # Errors
    /// When it can't be reached, or refuses.
    pub fn take_out(&self, keys: &[String]) -> Result<()> {
        self.admin.take_out(realm::NAME, keys)
    }

    /// The child itself.
    pub fn service(&mut self) -> &mut Service {
        &mut self.service
    }

    /// Starts it again, and waits until it answers; if it still runs, it is killed first.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn restart(&mut self) -> Result<()> {
        self.service.restart_until_ready(START_LIMIT)
    }
}

/// A home of its own: the installation is only read, and serves several at once.
fn prepare(home: &Path, installation: &Path, password: &str) -> Result<()> {
    for name in SHARED {
        let link = home.join(name);
        match symlink(installation.join(name), &link) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(error).with_context(|| format!("cannot link {}", link.display()));
            }
            _ => {}
        }
    }
    let import = home.join("data/import");
    fs::create_dir_all(&import).with_context(|| format!("cannot make {}", import.display()))?;
    let file = import.join(format!("{}-realm.json", realm::NAME));
    secrets::write_private(&file, &realm::document(password)?)
}

fn java(home: &Path, port: u16) -> Vec<OsString> {
    let home_is = |property: &str, path: &Path| format!("-D{property}={}", path.display());
    let jar = home.join("lib/quarkus-run.jar");
    let words = [
        "-Xms64m".to_owned(),
        "-Xmx512m".to_owned(),
        "-XX:+UseSerialGC".to_owned(),
        home_is("kc.home.dir", home),
        home_is("jboss.server.config.dir", &home.join("conf")),
        "-Dkc.config.built=true".to_owned(),
        "-Djava.util.logging.manager=org.jboss.logmanager.LogManager".to_owned(),
        "-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory"
            .to_owned(),
        "--add-opens=java.base/java.util=ALL-UNNAMED".to_owned(),
        "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED".to_owned(),
        "--add-opens=java.base/java.security=ALL-UNNAMED".to_owned(),
        "--add-opens=java.base/java.lang=ALL-UNNAMED".to_owned(),
        "-cp".to_owned(),
        jar.display().to_string(),
        MAIN.to_owned(),
        "start".to_owned(),
        "--optimized".to_owned(),
        "--import-realm".to_owned(),
        // A cluster's cache would listen on every address.
        "--cache=local".to_owned(),
        "--http-enabled=true".to_owned(),
        "--http-host=127.0.0.1".to_owned(),
        format!("--http-port={port}"),
        "--hostname-strict=false".to_owned(),
        // Otherwise what it answered in the last half second before it is killed is forgotten: a key that was taken away would be back.
        "--db-url-properties=;WRITE_DELAY=0".to_owned(),
    ];
    words.into_iter().map(OsString::from).collect()
}

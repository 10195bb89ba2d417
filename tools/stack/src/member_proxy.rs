//! What a proxy that logs members in shows to the composites. Must not know whether there is one: with curl anybody can be it.

use crate::{Place, secrets};
use anyhow::Result;
use std::path::{Path, PathBuf};

const FOLDER: &str = "member-proxy";

/// Its secrets, in files beside the mall's data.
#[derive(Clone, Debug)]
pub struct MemberProxy {
    secret: PathBuf,
    order_token_secret: PathBuf,
}

impl MemberProxy {
    /// Makes the secrets that are missing.
    pub(crate) fn prepare(place: &Place) -> Result<Self> {
        let folder = place.data_of(FOLDER)?;
        let proxy = Self {
            secret: folder.join("proxy.secret"),
            order_token_secret: folder.join("order-token.key"),
        };
        for file in [&proxy.secret, &proxy.order_token_secret] {
            secrets::kept_in(file)?;
        }
        Ok(proxy)
    }

    /// The file of what it sends in `X-Proxy-Secret`.
    pub fn secret_file(&self) -> &Path {
        &self.secret
    }

    /// The variables by which a composite believes it.
    pub(crate) fn client_env(&self) -> Vec<(String, String)> {
        let files = [
            ("PROXY_SECRET_FILE", &self.secret),
            ("ORDER_TOKEN_SECRET_FILE", &self.order_token_secret),
        ];
        let files = files.map(|(name, file)| (name.to_owned(), file.display().to_string()));
        let mode = ("MEMBER_AUTH".to_owned(), "proxy".to_owned());
        [mode].into_iter().chain(files).collect()
    }
}

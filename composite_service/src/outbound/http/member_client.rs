//! Reads from the member service: `GET /api/member/{memberId}` → `{"name": "…", "email": "…"}`, or 404.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use shared::member_id::MemberId;
use url::Url;

use super::{below, body, error_chain};
use crate::domain::my_page::Profile;
use crate::ports::member_directory::{DirectoryError, MemberDirectory};

/// Reads member profiles over HTTP.
pub struct MemberClient {
    client: Client,
    base: Url,
}

#[derive(Deserialize)]
struct MemberBody {
    name: String,
    #[serde(default)]
    email: Option<String>,
}

impl MemberClient {
    /// Reads from the member service at `base`.
    #[must_use]
    pub fn new(client: Client, base: Url) -> Self {
        Self { client, base }
    }
}

impl MemberDirectory for MemberClient {
    fn profile(
        &self,
        member: &MemberId,
    ) -> BoxFuture<'static, Result<Option<Profile>, DirectoryError>> {
        let url = below(&self.base, &format!("/api/member/{member}"));
        let (request, member) = (self.client.get(url), member.clone());
        async move {
            let response = request.send().await.map_err(failed)?;
            match response.status() {
                StatusCode::OK => {
                    let MemberBody { name, email } = body(response)
                        .await
                        .map_err(|error| DirectoryError(error.to_string()))?;
                    Ok(Some(Profile {
                        member,
                        name,
                        email,
                    }))
                }
                StatusCode::NOT_FOUND => Ok(None),
                status => Err(DirectoryError(format!("it answered {status}"))),
            }
        }
        .boxed()
    }
}

/// The URL contains the member id, and must not get into logs.
fn failed(error: reqwest::Error) -> DirectoryError {
    DirectoryError(error_chain(&error.without_url()))
}

//! Reads from the member service, over HTTP from a peer in its place.

use std::time::Duration;

use composite_service::domain::my_page::Profile;
use composite_service::outbound::http::client;
use composite_service::outbound::http::member_client::MemberClient;
use composite_service::ports::member_directory::{DirectoryError, MemberDirectory};
use serde_json::{Value, json};
use stack::free_port;
use url::Url;

use crate::peer::{Peer, Script};

const PATIENT: Duration = Duration::from_secs(20);

async fn asked(url: &Url, wait: Duration) -> Result<Option<Profile>, DirectoryError> {
    let client = MemberClient::new(client(wait).unwrap(), url.clone());
    client.profile(&"kim.minji".parse().unwrap()).await
}

async fn answered(status: u16, body: Value) -> Result<Option<Profile>, DirectoryError> {
    let peer = Peer::start(Script::Answer(status, &[], body.to_string()));
    asked(&peer.server.url, PATIENT).await
}

fn profile(email: Option<&str>) -> Profile {
    Profile {
        member: "kim.minji".parse().unwrap(),
        name: "김민지".to_owned(),
        email: email.map(str::to_owned),
    }
}

mod a_profile {
    use super::*;

    #[actix::test]
    async fn is_read_from_its_path_and_unknown_fields_are_ignored() {
        let body = json!({"memberId": "kim.minji", "name": "김민지", "email": "minji@example.com", "points": 7});
        let peer = Peer::start(Script::Answer(200, &[], body.to_string()));
        let read = asked(&peer.server.url, PATIENT).await.unwrap();
        assert_eq!(read, Some(profile(Some("minji@example.com"))));
        assert_eq!(peer.asked()[0].line, "GET /api/member/kim.minji");
        let without = answered(200, json!({"name": "김민지"})).await.unwrap();
        assert_eq!(without, Some(profile(None)));
    }

    #[actix::test]
    async fn of_an_unknown_member_is_none() {
        assert_eq!(answered(404, json!({})).await.unwrap(), None);
    }
}

mod an_error {
    use super::*;

    #[actix::test]
    async fn comes_of_any_other_answer() {
        for status in [204, 302, 400, 500, 503] {
            let error = answered(status, json!({})).await.unwrap_err().to_string();
            assert!(error.contains(&status.to_string()), "{error}");
        }
        for body in [json!({}), json!("text"), json!({"name": 7})] {
            assert!(answered(200, body).await.is_err());
        }
    }

    #[actix::test]
    async fn does_not_name_the_member() {
        let peer = Peer::start(Script::Silence);
        let silence = asked(&peer.server.url, Duration::from_millis(200)).await;
        let port = free_port().unwrap();
        let nobody = asked(
            &format!("http://127.0.0.1:{port}").parse().unwrap(),
            PATIENT,
        )
        .await;
        for (answer, cause) in [(silence, "timed out"), (nobody, "refused")] {
            let error = answer.unwrap_err().to_string();
            assert!(error.contains(cause) && !error.contains("kim"), "{error}");
        }
    }
}

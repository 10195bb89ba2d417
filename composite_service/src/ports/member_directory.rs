//! The member service.

use futures_util::future::BoxFuture;
use shared::member_id::MemberId;

use crate::domain::my_page::Profile;

/// The member service could not be read. The text is the cause, without the member.
#[derive(Debug, thiserror::Error)]
#[error("the member service could not be read: {0}")]
pub struct DirectoryError(pub String);

/// Reads member profiles.
pub trait MemberDirectory: Send + Sync {
    /// A member's profile, or `None` when there is no such member.
    fn profile(
        &self,
        member: &MemberId,
    ) -> BoxFuture<'static, Result<Option<Profile>, DirectoryError>>;
}

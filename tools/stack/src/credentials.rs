//! What a program needs to get into one database. Must not know which flavour it is.

/// What a program needs to use one database. Not `Debug`: it holds a password.
#[derive(Clone)]
pub struct Credentials {
    /// `host:port`.
    pub host: String,
    /// The database's name.
    pub name: String,
    /// The user who may change tables.
    pub user: String,
    /// The user's password.
    pub password: String,
    /// The user who may only work with them.
    pub service_user: String,
    /// The password of that one.
    pub service_password: String,
}

impl Credentials {
    /// As a URL for Diesel, for the user who may change tables.
    pub fn url(&self) -> String {
        format!(
            "mysql://{}:{}@{}/{}",
            self.user, self.password, self.host, self.name
        )
    }

    /// As the order service's variables.
    pub fn env(&self) -> Vec<(String, String)> {
        let values = [
            ("DB_HOST", &self.host),
            ("DB_NAME", &self.name),
            ("DB_USERNAME", &self.service_user),
            ("DB_PASSWORD", &self.service_password),
            ("DB_MIGRATION_USERNAME", &self.user),
            ("DB_MIGRATION_PASSWORD", &self.password),
        ];
        values
            .map(|(variable, value)| (variable.to_owned(), value.clone()))
            .into()
    }
}

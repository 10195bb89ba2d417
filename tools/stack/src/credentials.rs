//! What a program needs to get into one database. Must not know which flavour it is.

/// What a program needs to use one database. Not `Debug`: it holds a password.
#[derive(Clone)]
pub struct Credentials {
    /// `host:port`.
    pub host: String,
    /// The database's name.
    pub name: String,
    /// The user.
    pub user: String,
    /// The user's password.
    pub password: String,
}

impl Credentials {
    /// As a URL for Diesel.
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
            ("DB_USERNAME", &self.user),
            ("DB_PASSWORD", &self.password),
        ];
        values
            .map(|(variable, value)| (variable.to_owned(), value.clone()))
            .into()
    }
}

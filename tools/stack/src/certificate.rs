//! A certificate for a server on 127.0.0.1, from an authority that signs nothing else. Must not know which server it is for.

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// All of it as PEM.
pub(crate) struct Issued {
    /// The authority's certificate, which clients must know.
    pub(crate) authority: String,
    /// The server's certificate.
    pub(crate) certificate: String,
    /// The server's key.
    pub(crate) key: String,
}

/// Makes a new authority and a certificate. The authority's own key is forgotten: it is needed only once.
pub(crate) fn issue() -> Result<Issued> {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name
        .push(DnType::CommonName, "the mall's own authority");
    let ca_key = KeyPair::generate()?;
    let authority = ca.self_signed(&ca_key)?;
    let server = CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &Issuer::new(ca, ca_key))?;
    Ok(Issued {
        authority: authority.pem(),
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    })
}

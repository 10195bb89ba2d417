//! The caller's connection, to cut it without an answer. It must not know why it is cut.

use std::{
    any::Any,
    net::{Shutdown, TcpStream},
    os::fd::AsFd as _,
};

use actix_web::{HttpRequest, HttpResponse, dev::Extensions, rt};

/// A second handle to the socket, kept beside the server's own.
struct Connection(TcpStream);

/// Keeps a handle to each new connection.
pub(super) fn remember(io: &dyn Any, extensions: &mut Extensions) {
    let Some(stream) = io.downcast_ref::<rt::net::TcpStream>() else {
        return;
    };
    match stream.as_fd().try_clone_to_owned() {
        Ok(handle) => drop(extensions.insert(Connection(handle.into()))),
        Err(error) => log::warn!("cannot keep a handle to the connection: {error}"),
    }
}

/// Closes the connection. The response returned only ends the request: no byte of it reaches the caller.
pub(super) fn cut(request: &HttpRequest) -> HttpResponse {
    let closed = request
        .conn_data::<Connection>()
        .map(|Connection(stream)| stream.shutdown(Shutdown::Both));
    match closed {
        Some(Ok(())) => log::debug!("cut the connection without an answer"),
        Some(Err(error)) => log::debug!("the caller has closed the connection: {error}"),
        None => log::error!("cannot cut the connection, there is no handle to it"),
    }
    HttpResponse::InternalServerError().force_close().finish()
}

//! Whether somebody answers at a stream's address, asked before OpenCV is.
//!
//! OpenCV opens one capture at a time: while its FFmpeg backend waits for a camera that doesn't answer, no other camera
//! and no file of the process can be opened or come back. So connections are tried here first, where a wait is nobody
//! else's, and the reason of a failure is known too.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use super::{SourceError, SourceErrorKind};
use crate::config::StreamSource;

/// Least time-out that is given to the system, which takes none of 0.
const LEAST: Duration = Duration::from_millis(1);

/// Connects, and for RTSP waits for the answer to a question that every server knows. Over TLS and HTTP it only connects:
/// there a question would begin the stream. Gives what is left of the open time-out.
///
/// # Errors
/// [`SourceErrorKind::Connect`] where there is no such host, or it refuses; [`SourceErrorKind::TimedOut`].
pub(super) fn knock(stream: &StreamSource) -> Result<Duration, SourceError> {
    let whole = Duration::from_secs_f64(stream.open_timeout_s);
    let begun = Instant::now();
    let left = || whole.saturating_sub(begun.elapsed()).max(LEAST);
    let error = |kind, detail: String| Err(SourceError::new(kind, &stream.url, detail));
    // What can't be read here is FFmpeg's to judge.
    let Some((scheme, authority, host, port)) = parts(&stream.url) else { return Ok(whole) };
    let addresses = match (host, port).to_socket_addrs() {
        Ok(addresses) => addresses,
        Err(failure) => {
            let detail =
                format!("the host {host} is not found ({failure}); check its name, and this machine's network");
            return error(SourceErrorKind::Connect, detail);
        }
    };
    let mut result = Err(io::Error::new(io::ErrorKind::NotFound, "it has no address"));
    for address in addresses {
        result = TcpStream::connect_timeout(&address, left());
        if result.is_ok() {
            break;
        }
    }
    let answered =
        result.and_then(|connection| if scheme == "rtsp" { ask(connection, authority, left) } else { Ok(()) });
    match answered {
        Ok(()) => Ok(left()),
        Err(failure) if matches!(failure.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) => error(
            SourceErrorKind::TimedOut,
            format!(
                "no answer within the open time-out of {} s; check that the camera can be reached, or raise the time-out",
                stream.open_timeout_s
            ),
        ),
        Err(failure) => error(
            SourceErrorKind::Connect,
            format!("{failure}; check host and port, and that the camera is switched on"),
        ),
    }
}

/// Any answer will do, a refusal or a hang-up too: then FFmpeg finds out the rest without a long wait.
fn ask(mut connection: TcpStream, authority: &str, left: impl Fn() -> Duration) -> io::Result<()> {
    connection.set_write_timeout(Some(left()))?;
    connection.set_read_timeout(Some(left()))?;
    let question = format!("OPTIONS rtsp://{authority}/ RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: crowdflow\r\n\r\n");
    let answer = connection.write_all(question.as_bytes()).and_then(|()| connection.read(&mut [0; 64]));
    match answer {
        // A hang-up may come before the question is out as well as after it.
        Err(error) if !matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => Err(error),
        _ => Ok(()),
    }
}

/// Scheme, authority, host and port of an address without user and password.
fn parts(url: &str) -> Option<(&str, &str, &str, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let usual_port = match scheme {
        "rtsp" => 554,
        "rtsps" => 322,
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(usual_port), |port| port.parse().ok())?;
    Some((scheme, authority, host, port))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::config::Credentials;

    fn stream(url: String, open_timeout_s: f64) -> StreamSource {
        StreamSource { url, credentials: Credentials::None, open_timeout_s, read_timeout_s: 5.0 }
    }

    #[test]
    fn addresses_are_taken_apart() {
        assert_eq!(parts("rtsp://cam/live"), Some(("rtsp", "cam", "cam", 554)));
        assert_eq!(parts("https://10.0.0.5?a=b:c"), Some(("https", "10.0.0.5", "10.0.0.5", 443)));
        assert_eq!(parts("rtsp://[fe80::1]:8554/a"), Some(("rtsp", "[fe80::1]:8554", "fe80::1", 8554)));
        assert_eq!(parts("rtsps://[fe80::1]"), Some(("rtsps", "[fe80::1]", "fe80::1", 322)));
        assert_eq!((parts("ftp://cam/a"), parts("rtsp://cam:port/a")), (None, None));
    }

    #[test]
    fn silence_is_a_time_out_and_anything_else_an_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // Connections wait in the system's queue: nobody says a word.
        let silent = knock(&stream(format!("rtsp://{address}/live"), 0.2)).unwrap_err();
        assert_eq!(silent.kind(), SourceErrorKind::TimedOut);
        assert!(silent.detail().starts_with("no answer within the open time-out of 0.2 s"), "{silent}");
        assert!(knock(&stream(format!("http://{address}/live"), 5.0)).is_ok());

        let answering = std::thread::spawn(move || {
            // The two from above, then one that is answered and one that is hung up on.
            let mut connections = listener.incoming().flatten().skip(2);
            let mut answered = connections.next().unwrap();
            let mut question = [0; 256];
            let length = answered.read(&mut question).unwrap();
            answered.write_all(b"RTSP/1.0 404 Not Found\r\n\r\n").unwrap();
            drop(connections.next());
            String::from_utf8_lossy(&question[..length]).into_owned()
        });
        let left = knock(&stream(format!("rtsp://{address}/live?token=x"), 30.0)).unwrap();
        assert!(left < Duration::from_secs(30));
        assert!(knock(&stream(format!("rtsp://{address}/live"), 30.0)).is_ok());
        let question = answering.join().unwrap();
        assert!(question.starts_with(&format!("OPTIONS rtsp://{address}/ RTSP/1.0\r\n")), "{question}");

        let refused = knock(&stream(format!("rtsp://{address}/live"), 5.0)).unwrap_err();
        assert_eq!(refused.kind(), SourceErrorKind::Connect);
        assert!(refused.detail().starts_with("Connection refused"), "{refused}");
    }
}

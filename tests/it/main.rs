//! The one integration binary.

mod rtsp;

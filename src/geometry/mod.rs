//! Shapes in a picture and on the ground.

mod letterbox;

pub use letterbox::{Letterbox, LetterboxError, PixelRect};

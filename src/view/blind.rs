//! The picture of a camera that sends none, so that nobody takes an old picture for a live one.

use super::annotate::Annotator;
use super::layout::Scale;
use super::levels::ZoneLevel;
use super::{banner, caption, palette};
use crate::model::{FrameSize, PixelPoint, Timestamp, UnknownReason};
use crate::picture::{Picture, PictureError, Plate};

/// What is known of a camera that sends no pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Blind {
    /// Time of the tick.
    pub at: Timestamp,
    /// Time of the last frame; `None`: there was none yet.
    pub since: Option<Timestamp>,
    /// Why its readings are unknown.
    pub reason: UnknownReason,
    /// How its zones stood last.
    pub levels: Vec<ZoneLevel>,
}

/// How much light is left of the last picture.
const BRIGHTNESS: f64 = 0.35;
/// Size where no picture was ever seen.
const SIZE: FrameSize = FrameSize { width_px: 768, height_px: 576 };
/// Share of the width that the longest text takes.
const TEXT_SHARE: f64 = 0.86;

impl Blind {
    fn texts(&self, camera: &str) -> [String; 3] {
        let headline = match self.since {
            Some(since) => format!("NO PICTURE SINCE {}", caption::time_of_day(since, self.at)),
            None => "NO PICTURE YET".to_owned(),
        };
        let reason = match self.reason {
            UnknownReason::NotStarted => "no frame since the start",
            UnknownReason::NotReported => "not told of lately",
            UnknownReason::NoFrames => "the camera sends nothing",
            UnknownReason::MobileCamera => "not measured by a moving camera",
            UnknownReason::NotEnough => "too little was seen to measure it",
            UnknownReason::PeopleMissed => "more people than can be told apart",
            UnknownReason::NothingToMeasure => "nothing there to measure",
        };
        let reason = match self.since {
            Some(since) => format!("{reason}, for {}", caption::duration(self.at.seconds_since(since))),
            None => reason.to_owned(),
        };
        [headline, reason, format!("{camera}  {}", caption::moment(self.at))]
    }
}

impl Annotator {
    /// The last picture as it was drawn (with heads hidden), greyed, with large text that says since when there is
    /// none. Without a last picture the text stands on dark ground.
    ///
    /// # Errors
    /// [`PictureError::OpenCv`].
    pub fn blind_picture(&self, last: Option<&Picture>, blind: &Blind) -> Result<Picture, PictureError> {
        let mut picture = match last {
            Some(last) => last.greyed(BRIGHTNESS)?,
            None => Picture::filled(SIZE, palette::SHADE)?,
        };
        let size = picture.size();
        let scale = Scale::of(size);
        let (width, height) = (f64::from(size.width_px), f64::from(size.height_px));
        let mut top = 0.36 * height;
        for (line, text) in blind.texts(self.camera()).iter().enumerate() {
            let capital = if line == 0 { 6.0 } else { 3.0 };
            let ink = if line == 0 { palette::NO_PICTURE } else { palette::INK };
            let mut plate = Plate { capital_height_px: scale.px(capital), ink, ground: palette::SHADE, opacity: 0.75 };
            let (wide, _) = plate.size_px(text)?;
            plate.capital_height_px *= (TEXT_SHARE * width / wide.max(1.0)).min(1.0);
            let (wide, high) = plate.size_px(text)?;
            picture.plate(text, PixelPoint { x: ((width - wide) / 2.0).max(0.0).round(), y: top.round() }, &plate)?;
            top += high;
        }
        let mut alerts = self.alerts(&[], &blind.levels);
        alerts.iter_mut().for_each(|alert| alert.stale = true);
        banner::draw(&mut picture, scale, alerts)?;
        Ok(picture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PrivacyPlan;
    use crate::model::Level;
    use crate::picture::Colour;
    use crate::view::examples;

    fn blind(since: Option<Timestamp>) -> Blind {
        let at = Timestamp(0).plus_seconds(3_700.0);
        Blind { at, since, reason: UnknownReason::NoFrames, levels: Vec::new() }
    }

    #[test]
    fn it_says_since_when_and_why() {
        let texts = blind(Some(Timestamp(0).plus_seconds(3_600.0))).texts("Gate A");
        let expected =
            ["NO PICTURE SINCE 01:00:00", "the camera sends nothing, for 1 min", "Gate A  1970-01-01 01:01:40 UTC"];
        assert_eq!(texts, expected);
        let never = Blind { reason: UnknownReason::NotStarted, ..blind(None) };
        assert_eq!(never.texts("Gate A")[..2], ["NO PICTURE YET", "no frame since the start"]);
    }

    #[test]
    fn nothing_of_the_last_pictures_colour_is_left_and_the_text_is_large() {
        let annotator = Annotator::new(&examples::camera(), &[examples::rule()], &PrivacyPlan { blur_heads: true });
        let last = Picture::filled(examples::SIZE, Colour { red: 250, green: 180, blue: 60 }).unwrap();
        let picture = annotator.blind_picture(Some(&last), &blind(Some(Timestamp(0)))).unwrap();
        assert_eq!(picture.size(), last.size());
        let [blue, green, red] = examples::pixel(&picture, 5, 400);
        assert!(blue == green && green == red && red < 90, "dark grey");
        let letters = picture.bytes().unwrap().chunks(3).filter(|pixel| pixel[1] > 150).count();
        assert!(letters > 3_000, "{letters} bright pixels");
    }

    #[test]
    fn an_alert_that_was_on_is_still_shown() {
        let annotator = Annotator::new(&examples::camera(), &[examples::rule()], &PrivacyPlan { blur_heads: true });
        let levels = vec![examples::level("plaza", Some(Level::Red))];
        let picture = annotator.blind_picture(None, &Blind { levels, ..blind(None) }).unwrap();
        let [blue, green, red] = examples::pixel(&picture, 2, 300);
        assert!(red > 180 && green < 60 && blue < 60, "the red frame");
    }
}

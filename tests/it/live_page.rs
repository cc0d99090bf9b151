//! The live page in a real browser.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

use crowdflow::status::StoreStanding;
use opencv::core::{Mat, Point, Rect, Scalar, Vector};
use opencv::{imgcodecs, imgproc};

use crate::browser::Browser;
use crate::made_up_service::{Service, camera};

/// A picture with a few "people".
fn jpeg() -> Vec<u8> {
    let grey = Scalar::new(70.0, 80.0, 84.0, 0.0);
    let mut picture = Mat::new_rows_cols_with_default(576, 768, opencv::core::CV_8UC3, grey).unwrap();
    for number in 0..9 {
        let person = Rect::new(60 + 75 * number, 150 + 37 * (number % 4), 26, 70);
        imgproc::rectangle(&mut picture, person, Scalar::new(90.0, 200.0, 240.0, 0.0), 2, imgproc::LINE_8, 0).unwrap();
    }
    let white = Scalar::all(235.0);
    imgproc::put_text(&mut picture, "made up", Point::new(20, 550), 0, 1.0, white, 2, imgproc::LINE_AA, false).unwrap();
    let mut jpeg = Vector::new();
    imgcodecs::imencode(".jpg", &picture, &mut jpeg, &Vector::new()).unwrap();
    jpeg.into()
}

fn filled() -> Service {
    let service = Service::start();
    service.fill();
    let jpeg = jpeg();
    for id in ["gate", "quay"] {
        service.pictures.send(&camera(id), &jpeg);
    }
    service
}

/// The texts of the elements that a selector finds.
fn texts(browser: &mut Browser, selector: &str) -> Vec<String> {
    let found = browser.evaluate(&format!(
        "[...document.querySelectorAll({selector:?})].map((found) => found.innerText.replace(/\\s+/g, ' ').trim())"
    ));
    found.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn open(browser: &mut Browser, service: &Service, language: &str, width_px: u32) {
    browser.go(&format!("http://{}/?lang={language}", service.address), width_px, 1000);
    browser.wait_for("document.querySelector('#camera-gate td') !== null");
}

/// Shows another screen; `ready` is what has to be there then.
fn show(browser: &mut Browser, hash: &str, ready: &str) {
    browser.evaluate(&format!("location.hash = {hash:?}"));
    browser.wait_for(&format!("document.querySelector({ready:?}) !== null"));
}

/// A zone's figures, its level, and what is said beneath them.
fn tile(browser: &mut Browser, zone: &str) -> (Vec<String>, Vec<String>, String) {
    let of = |part: &str| format!("[data-place='zone:{zone}'] {part}");
    (texts(browser, &of(".figure .number")), texts(browser, &of(".level")), texts(browser, &of(".tile-notes")).concat())
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn the_page_shows_values_unknowns_and_levels() {
    let service = filled();
    let mut browser = Browser::start();
    open(&mut browser, &service, "en", 1440);
    browser.wait_for("document.querySelector('#camera-gate img').naturalWidth === 768");
    let (figures, level, _) = tile(&mut browser, "gate/plaza");
    assert_eq!((figures, level), (words(&["≥ 112", "≥ 2.24"]), words(&["Orange Ⅱ"])));
    let (figures, level, notes) = tile(&mut browser, "gate/road");
    assert_eq!((figures, level), (words(&["12"]), words(&["calm"])));
    assert!(notes.contains("0 bicycles"), "{notes}");
    assert_eq!(texts(&mut browser, "#camera-gate .lines tbody tr"), ["Steps to the river 418 395"]);
    // The camera is blind: no number, why, and the level that was on.
    let (figures, level, notes) = tile(&mut browser, "quay/edge");
    assert_eq!((figures, level, notes.as_str()), (words(&["?"]), words(&["Red Ⅰ"]), "no fresh picture"));
    assert_eq!(texts(&mut browser, "[data-place='zone:quay/edge'] .level.held"), ["Red Ⅰ"]);
    let cover = texts(&mut browser, "#camera-quay .cover").concat();
    assert!(cover.contains("no connection last picture") && cover.contains("live: timed out: nothing came"), "{cover}");
    assert_eq!(texts(&mut browser, "#camera-gate .cover"), Vec::<String>::new());
    assert_eq!(texts(&mut browser, "#overall .level"), ["Red Ⅰ"]);
    browser.wait_for(
        "document.getElementById('connection').innerText === 'data is live · 2 of 3 cameras without fresh data'",
    );

    show(&mut browser, "#/rules", "#rules > li");
    let rules = texts(&mut browser, "#rules > li");
    let begins = ["Quay is full Red Ⅰ", "Plaza is dense Orange Ⅱ", "Road is full calm"];
    assert!(rules.iter().zip(begins).all(|(rule, begin)| rule.starts_with(begin)), "worst first: {rules:?}");
    assert!(rules[0].contains("Held from before") && !rules[1].contains("Held from before"), "{rules:?}");
    assert!(rules[1].contains("Raised from: Blue Ⅳ 0.72/m² · Orange Ⅱ 2/m² Source: site plan 2026, section 4"));
    let happened = texts(&mut browser, "#recent > li");
    assert!(happened[1].contains("Quay is full camera blind Red Ⅰ ?"), "{happened:?}");
    assert!(happened[2].ends_with("Plaza is dense raised Blue Ⅳ 0.80/m²"), "{happened:?}");

    // Why it is a lower bound stands with the zone itself.
    show(&mut browser, "#/place/zone%3Agate%2Fplaza", ".measures");
    assert_eq!(texts(&mut browser, ".place .column > .warning"), ["At least so many: people hide one another."]);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn the_page_says_that_nobody_is_told_while_the_store_cannot_be_written() {
    let service = filled();
    service.board.store(StoreStanding { ok: false, waiting: 3 });
    let mut browser = Browser::start();
    open(&mut browser, &service, "en", 1440);
    let banner = texts(&mut browser, "#store-down").concat();
    assert!(banner.starts_with("The store cannot be written Alerts are not sent to anybody"), "{banner}");
    service.board.store(StoreStanding { ok: true, waiting: 0 });
    browser.wait_for("document.querySelector('#store-down') === null");
}

#[test]
fn the_page_is_for_phones_and_speaks_chinese_too() {
    let service = filled();
    let mut browser = Browser::start();
    let fits = "document.documentElement.scrollWidth <= 390 \
                && [...document.querySelectorAll('td, .level')].every((cell) => cell.getBoundingClientRect().right <= 381)";
    open(&mut browser, &service, "en", 390);
    assert_eq!(browser.evaluate(fits), true, "something is cut off or scrolls sideways");
    browser.evaluate("document.getElementById('language').click()");
    browser.wait_for("document.documentElement.lang === 'zh-CN'");
    assert_eq!(
        texts(&mut browser, "#overall .level, #language, h2"),
        ["红色 Ⅰ级", "English", "区域", "当前预警 0", "摄像机"]
    );
    let (figures, level, notes) = tile(&mut browser, "quay/edge");
    assert_eq!((figures, level, notes.as_str()), (words(&["?"]), words(&["红色 Ⅰ级"]), "无最新画面"));
    assert_eq!(browser.evaluate(fits), true, "something is cut off or scrolls sideways");
    // The choice lasts.
    browser.go(&format!("http://{}/", service.address), 390, 1000);
    browser.wait_for("document.querySelector('#camera-gate td') !== null");
    assert_eq!(texts(&mut browser, "h2"), ["区域", "当前预警 0", "摄像机"]);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn the_page_says_when_what_it_shows_is_old() {
    let service = filled();
    let mut browser = Browser::start();
    // A service that hangs: the connection stands, and nothing comes over it any more.
    browser.before_each_page(
        "globalThis.later_ms = 0; globalThis.isDeaf = false; \
         const now = performance.now.bind(performance); performance.now = () => now() + later_ms; \
         const listen = EventSource.prototype.addEventListener; \
         EventSource.prototype.addEventListener = function (kind, hear) { \
           listen.call(this, kind, (event) => { if (!isDeaf) hear(event); }); \
         };",
    );
    open(&mut browser, &service, "en", 1440);
    // As if nothing had come for a minute.
    browser.evaluate("isDeaf = true; later_ms = 60_000; 0");
    browser.wait_for("document.querySelector('.lost-banner') !== null");
    let lost = texts(&mut browser, ".lost-banner").concat();
    assert!(lost.starts_with("Connection lost No word from the service for 6"), "{lost}");
    assert!(lost.contains("Nothing here is true of now."), "{lost}");
    // What was known is not any more; what was grave stays, held.
    let (figures, level, notes) = tile(&mut browser, "gate/plaza");
    assert_eq!((figures, level), (words(&["?", "?"]), words(&["Orange Ⅱ"])));
    assert_eq!(notes, "no word from the service");
    let (_, level, _) = tile(&mut browser, "gate/road");
    assert_eq!(level, ["unknown"], "calm can't be claimed");
    assert_eq!(texts(&mut browser, "#overall .level"), ["unknown"]);
    let cover = texts(&mut browser, "#camera-quay .cover").concat();
    assert!(cover.contains("last picture 2 min ago"), "{cover}");
}

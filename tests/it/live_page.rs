//! The live page in a real browser.

#![allow(clippy::unwrap_used, reason = "a test: a panic is its way to fail")]

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

#[test]
fn the_page_shows_values_unknowns_and_levels() {
    let service = filled();
    let mut browser = Browser::start();
    open(&mut browser, &service, "en", 1440);
    browser.wait_for("document.querySelector('#camera-gate img').naturalWidth === 768");
    let row = |zone: &str, rest: &[&str]| [&[zone], rest].concat().into_iter().map(str::to_owned).collect::<Vec<_>>();
    let plaza = texts(&mut browser, "#camera-gate .zones tr:nth-child(1) td");
    assert_eq!(plaza, row("Plaza", &["≥ 112", "≥ 2.24/m²", "Orange Ⅱ"]));
    let road = texts(&mut browser, "#camera-gate .zones tr:nth-child(2) td");
    assert_eq!(road, row("Road people", &["12", "", "calm"]));
    let line = texts(&mut browser, "#camera-gate .lines td");
    assert_eq!(line, row("Steps to the river", &["418", "395"]));
    // The camera is blind: no number, why, and the level that was on.
    let edge = texts(&mut browser, "#camera-quay .zones td");
    assert_eq!(edge, row("Quay edge no fresh picture", &["?", "Red Ⅰ"]));
    let cover = texts(&mut browser, "#camera-quay .cover").concat();
    assert!(cover.contains("no connection last picture") && cover.contains("live: timed out: nothing came"), "{cover}");
    assert_eq!(texts(&mut browser, "#camera-gate .cover:not([hidden])"), Vec::<String>::new());

    let rules = texts(&mut browser, "#rules > li");
    let begins = ["Quay is full Red Ⅰ", "Plaza is dense Orange Ⅱ", "Road is full calm"];
    assert!(rules.iter().zip(begins).all(|(rule, begin)| rule.starts_with(begin)), "worst first: {rules:?}");
    assert!(rules[0].contains("Held from before") && !rules[1].contains("Held from before"), "{rules:?}");
    assert!(rules[1].contains("Raised from: Blue Ⅳ 0.72/m² · Orange Ⅱ 2/m² Source: site plan 2026, section 4"));
    assert_eq!(texts(&mut browser, "#overall"), ["Red Ⅰ"]);
    // In one go, so that no time passes in between.
    let ages = "receivedAt = performance.now(); renderAges(); \
                [document.getElementById('connection'), document.querySelector('#camera-quay .seen')] \
                .map((found) => found.innerText).join('; ')";
    let expected = "data is live · 2 of 3 cameras without fresh data; last picture 75 s ago";
    assert_eq!(browser.evaluate(ages), expected);
    browser.evaluate("document.getElementById('history').open = true");
    let happened = texts(&mut browser, "#recent > li");
    assert!(happened[1].ends_with("Quay is full camera blind at Red Ⅰ ?"), "{happened:?}");
    assert!(happened[2].ends_with("Plaza is dense raised to Blue Ⅳ 0.80/m²"), "{happened:?}");
    assert_eq!(browser.complaints(), Vec::<String>::new());
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
    assert_eq!(
        texts(&mut browser, "#overall, #language, h2"),
        ["红色 Ⅰ级", "English", "当前预警", "预警规则", "摄像机", "外部系统"]
    );
    assert_eq!(texts(&mut browser, "#camera-quay .zones td"), ["Quay edge 无最新画面", "?", "红色 Ⅰ级"]);
    assert_eq!(browser.evaluate(fits), true, "something is cut off or scrolls sideways");
    // The choice lasts.
    browser.go(&format!("http://{}/", service.address), 390, 1000);
    browser.wait_for("document.querySelector('#camera-gate td') !== null");
    assert_eq!(texts(&mut browser, "h2"), ["当前预警", "预警规则", "摄像机", "外部系统"]);
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn the_page_says_when_what_it_shows_is_old() {
    let service = filled();
    let mut browser = Browser::start();
    open(&mut browser, &service, "en", 1440);
    // As if nothing had come for a minute.
    browser.evaluate("events.close(); receivedAt -= 60_000; renderAges()");
    let lost = texts(&mut browser, "#connection.lost").concat();
    assert!(lost.starts_with("Connection to the service lost 6") && lost.ends_with("What is shown is old."), "{lost}");
    let cover = texts(&mut browser, "#camera-quay .seen").concat();
    assert!(cover.starts_with("last picture 2 min ago"), "{cover}");
}

//! The first start, logging in and out, in a browser.

use crate::browser::Browser;
use crate::support::{Program, Site};

const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"
[store]
[cameras.gate]
source.file = { path = "gone.avi", fps = 7 }
"#;

#[test]
fn the_first_admin_is_made_logs_out_and_in_again() {
    let site = Site::new();
    site.write("site.toml", CONFIG);
    let mut program = Program::start(&mut site.command(&["run", "--config", "site.toml"]));
    let address = program.address();
    let link = program.out(|line| line.strip_prefix("setup    ").map(ToOwned::to_owned));
    let mut browser = Browser::start();
    browser.go(&format!("http://{address}/login?lang=en"), 1440, 900);
    browser.wait_for_page("document.getElementById('title')?.textContent === 'Log in'");
    browser.go(&link, 390, 900);
    browser.wait_for_page("document.getElementById('go')?.textContent === 'Make the first admin'");
    assert_eq!(browser.evaluate("document.documentElement.scrollWidth <= 390"), true);
    let fill = |browser: &mut Browser, name: &str, password: &str| {
        browser.evaluate(&format!("document.getElementById('name').value = '{name}'"));
        browser.evaluate(&format!("document.getElementById('password').value = '{password}'"));
        browser.evaluate("document.getElementById('form').requestSubmit()");
    };
    let refused = "document.getElementById('refused').textContent";
    fill(&mut browser, "王警官", "short");
    browser.wait_for(&format!("{refused}.includes('5 characters, expected 10')"));
    fill(&mut browser, "王警官", "correct horse");
    // At once logged in, on the page.
    browser.wait_for_page("location.pathname === '/' && document.getElementById('log-out')?.hidden === false");
    browser.wait_for_page("document.querySelector('#cameras')?.innerText.includes('gate')");
    assert_eq!(browser.evaluate("document.getElementById('log-out').title"), "王警官");
    browser.evaluate("document.getElementById('log-out').click()");
    browser
        .wait_for_page("location.pathname === '/login' && document.getElementById('title')?.textContent === 'Log in'");
    fill(&mut browser, "王警官", "wrong horse");
    browser.wait_for(&format!("{refused} === 'Name or password is wrong.'"));
    browser.evaluate("document.getElementById('language').click()");
    assert_eq!(browser.evaluate("document.getElementById('title').textContent"), "登录");
    fill(&mut browser, "王警官", "correct horse");
    browser.wait_for_page("location.pathname === '/' && document.getElementById('log-out')?.hidden === false");
    // Whoever is not logged in is led to where one logs in.
    browser.evaluate("document.getElementById('log-out').click()");
    browser.wait_for_page("location.pathname === '/login'");
    browser.go(&format!("http://{address}/"), 1440, 900);
    browser.wait_for_page("location.pathname === '/login'");
    program.signal("TERM");
    assert_eq!(program.end().code, Some(0));
}

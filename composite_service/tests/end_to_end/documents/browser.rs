//! The page in a headless Chromium, steered by WebDriver: its index, its search, and a console without errors.

use std::fs;
use std::path::Path;
use std::time::Duration;

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::Method;
use serde_json::{Value, json};
use stack::{Part, Service, Spec, free_port, provide};
use tempfile::TempDir;
use url::Url;

use crate::mall::Mall;

const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// As a person empties a field, in WebDriver's names of keys: Control and A, both let go, then Backspace.
const SELECT_ALL: &str = "\u{E009}a\u{E000}";
const BACKSPACE: &str = "\u{E003}";

/// What the page was seen as, for people.
const PICTURE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/docs.png");

pub(super) fn the_page_works(mall: &Mall) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let driver = driver(&folder);
    mall.run(async {
        let browser = browser(driver.url(), folder.path()).await;
        browser
            .goto(&format!("{}/docs", mall.composite()))
            .await
            .expect("the page");
        look_at(&browser).await;
        browser.close().await.expect("an end");
    });
}

/// Chromium's driver, which ends with its handle.
fn driver(folder: &TempDir) -> Service {
    let port = free_port().expect("a free port");
    let url = format!("http://127.0.0.1:{port}");
    let spec = Spec {
        name: "chromedriver".to_owned(),
        program: provide(Part::Chromium).unwrap_or_else(|error| panic!("{error:#}")),
        args: vec![format!("--port={port}").into()],
        log: folder.path().join("chromedriver.log"),
        ready: format!("{url}/status"),
        url,
        ..Spec::default()
    };
    let mut driver = Service::start(spec).expect("Chromium's driver");
    driver.wait_ready(LONGEST_WAIT).expect("readiness");
    driver
}

async fn browser(driver: &str, folder: &Path) -> Client {
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let options = json!({"args": [
        "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1400,1000", profile
    ]});
    let mut capabilities = serde_json::Map::new();
    capabilities.insert("goog:chromeOptions".to_owned(), options);
    capabilities.insert("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"}));
    ClientBuilder::new(HttpConnector::new())
        .capabilities(capabilities)
        .connect(driver)
        .await
        .expect("a browser")
}

async fn look_at(browser: &Client) {
    let all = shown(browser).await;
    assert!(all > 50, "{all} exchanges are shown");
    assert_eq!(
        run(browser, "return document.querySelectorAll('nav li').length").await,
        all
    );
    let beside = "const left = document.querySelector('nav').getBoundingClientRect(), right = document.querySelector('main').getBoundingClientRect();\
                  return left.left === 0 && left.right <= right.left";
    assert_eq!(run(browser, beside).await, true, "the index is at the left");
    let picture = browser.screenshot().await.expect("a picture");
    fs::write(PICTURE, picture).expect("a file");

    search(browser, "coupon_used post").await;
    let found = shown(browser).await;
    assert!(
        (1..all).contains(&found),
        "{found} of {all} have a used coupon"
    );
    assert_eq!(
        run(browser, "return [...document.querySelectorAll('article:not([hidden])')].every(a => a.textContent.includes('COUPON_USED'))").await,
        true
    );
    let marked = "return document.querySelector('article:not([hidden]) mark').textContent";
    assert_eq!(
        run(browser, marked)
            .await
            .as_str()
            .map(str::to_lowercase)
            .as_deref(),
        Some("post")
    );
    search(browser, "no such words anywhere").await;
    assert_eq!(shown(browser).await, 0);
    let hint = "return !document.getElementById('nothing').hidden";
    assert_eq!(run(browser, hint).await, true);
    search(browser, "").await;
    assert_eq!(shown(browser).await, all);

    let last = Locator::Css("nav li:last-child a");
    let link = browser.find(last).await.expect("a link");
    let href = link
        .attr("href")
        .await
        .expect("an attribute")
        .expect("a target");
    link.click().await.expect("a click");
    let target = "const target = document.querySelector(':target'); return '#' + target.id";
    assert_eq!(run(browser, target).await, href);

    let fetched = "return performance.getEntriesByType('resource').map(entry => entry.name)";
    assert_eq!(run(browser, fetched).await, json!([]), "nothing is fetched");
    assert_eq!(console(browser).await, json!([]), "the console is silent");
    run(browser, "console.error('heard')").await;
    let heard = console(browser).await.to_string();
    assert!(
        heard.contains("heard"),
        "an error would have been heard: {heard}"
    );
}

/// How many exchanges are to be seen.
async fn shown(browser: &Client) -> u64 {
    let count = run(
        browser,
        "return document.querySelectorAll('article:not([hidden])').length",
    );
    count.await.as_u64().expect("a number")
}

async fn search(browser: &Client, words: &str) {
    let field = browser
        .find(Locator::Id("search"))
        .await
        .expect("the search");
    let keys = format!("{SELECT_ALL}{BACKSPACE}{words}");
    field.send_keys(&keys).await.expect("keys");
}

async fn run(browser: &Client, script: &str) -> Value {
    let ran = browser.execute(script, Vec::new()).await;
    ran.unwrap_or_else(|error| panic!("{script}: {error}"))
}

/// What the console has said since it was asked last.
async fn console(browser: &Client) -> Value {
    browser.issue_cmd(ReadConsole).await.expect("the console")
}

/// Chromium's own command; WebDriver has none.
#[derive(Debug)]
struct ReadConsole;

impl WebDriverCompatibleCommand for ReadConsole {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({"type": "browser"}).to_string()))
    }
}

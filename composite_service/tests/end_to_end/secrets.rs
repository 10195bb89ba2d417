//! Secrets in files, which are replaced while the mall runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::mall::{Mall, basket, paid_basket};

const OLD: &str = "an-old-secret-that-nobody-may-log";
const NEW: &str = "the-new-secret-that-nobody-may-log";
/// How often it is asked whether a new secret is in force.
const ASK_AGAIN: Duration = Duration::from_millis(100);

pub(crate) fn trials() -> Vec<Trial> {
    let test = || {
        are_in_force_soon_after_their_files_are_replaced();
        Ok(())
    };
    vec![Trial::test(
        "secrets::are_in_force_soon_after_their_files_are_replaced",
        test,
    )]
}

/// The folder of the files, and the mall.
struct Rotating {
    mall: Mall,
    folder: tempfile::TempDir,
}

impl Rotating {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = path_of(folder.path(), name);
            fs::write(&path, format!("{OLD}\n")).unwrap();
            (format!("{name}_FILE"), path.display().to_string())
        };
        let plain = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mall = Mall::start(|builder| {
            builder.order_env = vec![file("SERVICE_TOKEN"), file("OPERATOR_TOKEN")];
            builder.composite_env = vec![
                file("SERVICE_TOKEN"),
                file("OPERATOR_TOKEN"),
                file("PROXY_SECRET"),
                file("PAYMENT_SECRET_KEY"),
                // In place of the one that the simulator wants.
                plain("PAYMENT_SECRET_KEY", ""),
                plain("MEMBER_AUTH", "proxy"),
                plain("ORDER_TOKEN_SECRET", "hush-hush-hush-hush-hush-hush-hush"),
            ];
        });
        Self { mall, folder }
    }

    fn replace(&self, name: &str, secret: &str) {
        fs::write(path_of(self.folder.path(), name), format!("{secret}\n")).unwrap();
    }

    fn status(&self, url: &str, header: (&str, &str)) -> u16 {
        let request = reqwest::Client::new().get(url).header(header.0, header.1);
        let answer = self.mall.run(request.send()).unwrap();
        answer.status().as_u16()
    }

    /// As a proxy that has logged a member in.
    fn status_by_proxy(&self, secret: &str) -> u16 {
        let url = format!("{}/open-api/my-page", self.mall.composite());
        let request = reqwest::Client::new()
            .get(url)
            .header("X-Member-Id", "minji")
            .header("X-Proxy-Secret", secret);
        self.mall.run(request.send()).unwrap().status().as_u16()
    }
}

fn path_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(name)
}

fn wait_until(is_so: impl Fn() -> bool) {
    while !is_so() {
        thread::sleep(ASK_AGAIN);
    }
}

fn are_in_force_soon_after_their_files_are_replaced() {
    let rotating = Rotating::start();
    let mall = &rotating.mall;
    let ports = [
        format!("{}/api/product", mall.stack.order_url()),
        format!("{}/metrics", mall.stack.order_services[0].internal_url()),
        format!("{}/metrics", mall.stack.composites[0].internal_url()),
    ];
    let statuses = |secret: &str| {
        let bearer = format!("Bearer {secret}");
        let at_ports = ports
            .each_ref()
            .map(|url| rotating.status(url, ("Authorization", &bearer)));
        [at_ports.as_slice(), &[rotating.status_by_proxy(secret)]].concat()
    };
    assert_eq!(statuses(OLD), [200, 200, 200, 200]);
    assert_eq!(statuses(NEW), [401, 401, 401, 403]);

    for name in ["SERVICE_TOKEN", "OPERATOR_TOKEN", "PROXY_SECRET"] {
        rotating.replace(name, NEW);
    }
    wait_until(|| statuses(NEW) == [200, 200, 200, 200]);
    wait_until(|| statuses(OLD) == [401, 401, 401, 403]);
    wait_until(|| mall.run(mall.get("/open-api/product")).status == 200);

    let item = mall.new_item(1);
    let placed = mall.run(mall.buy(&basket(&[(item, 1)])));
    let token = placed.headers["order-token"].to_str().unwrap();
    let path = format!("/open-api/order/{}/payment", placed.order_num());
    let is_paid = || {
        let payment = &paid_basket(&[], "pay", 12_000)["payment"];
        let paid = mall.run(mall.post_with(&path, payment, ("Order-Token", token)));
        paid.status == 200
    };
    assert!(!is_paid());
    rotating.replace("PAYMENT_SECRET_KEY", mall.stack.payment_secret_key());
    wait_until(is_paid);

    for service in [&mall.stack.order_services[0], &mall.stack.composites[0]] {
        let log = fs::read_to_string(service.log()).unwrap();
        assert!(log.contains("its new secret is in force"), "{log}");
        assert!(!log.contains(OLD) && !log.contains(NEW), "{log}");
    }
}

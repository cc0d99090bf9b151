//! Chat robots: each one's request and answers.

use crowdflow::sink::delivery::FailureKind;

use super::target::{Seen, Target, json, status};
use super::{SECRET, at, destination, raised, send, sender_of, wait};

fn table(robot: &str, target: &Target) -> String {
    let keys = match robot {
        "wecom" => "key_env = \"SECRET\"",
        "dingtalk" => "token_env = \"SECRET\", secret_env = \"SECRET\"",
        _ => "hook_env = \"SECRET\", secret_env = \"SECRET\"",
    };
    format!("{robot} = {{ {keys}, base_url = \"http://{}/\" }}", target.address)
}

async fn request(robot: &str, answer: &'static str) -> Seen {
    let target = Target::start(move |_| json(answer)).await;
    send(&*sender_of(&destination(&table(robot, &target))), &raised("full", 1), at(7.5)).await.unwrap();
    target.seen().remove(0)
}

#[test]
fn each_robot_is_spoken_to_as_it_wants() {
    wait(async {
        let text = "【橙色预警】发布：plaza\n密度 至少 2.25 人/m²，阈值 2\n时间 03:00:01 UTC，03:00:00 UTC 起\n阈值依据：site plan";
        let seen = request("wecom", r#"{"errcode":0,"errmsg":"ok"}"#).await;
        assert_eq!(seen.path, format!("/cgi-bin/webhook/send?key={SECRET}"));
        assert_eq!(seen.json(), serde_json::json!({ "msgtype": "text", "text": { "content": text } }));

        let seen = request("dingtalk", r#"{"errcode":0,"errmsg":"ok"}"#).await;
        // Computed with Python: hmac over "1795489207500\nSECgeheim", base64, URL-encoded.
        let sign = "onPm6vZyecYxJMKMlSugRjzyMvcE%2Bkwy04K%2BTzSxWzs%3D";
        assert_eq!(seen.path, format!("/robot/send?access_token={SECRET}&timestamp=1795489207500&sign={sign}"));
        assert_eq!(seen.json(), serde_json::json!({ "msgtype": "text", "text": { "content": text } }));

        let seen = request("feishu", r#"{"code":0,"msg":"success"}"#).await;
        assert_eq!(seen.path, format!("/open-apis/bot/v2/hook/{SECRET}"));
        let body = serde_json::json!({
            "timestamp": "1795489207", "sign": "azVDMFo2+w5F9yWlRP8Cw4hEvjFY9LRxVFZlNBI3Qes=", "msg_type": "text", "content": { "text": text },
        });
        assert_eq!(seen.json(), body);
    });
}

#[test]
fn codes_say_what_to_do() {
    wait(async {
        for (robot, answer, kind) in [
            ("wecom", r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#, FailureKind::Later(60.0)),
            ("wecom", r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#, FailureKind::Retry),
            ("wecom", r#"{"errcode":40058,"errmsg":"text.content exceed max length"}"#, FailureKind::Refused),
            ("dingtalk", r#"{"errcode":130101,"errmsg":"send too fast"}"#, FailureKind::Later(60.0)),
            ("dingtalk", r#"{"errcode":310000,"errmsg":"sign not match"}"#, FailureKind::Retry),
            ("dingtalk", r#"{"errcode":430102,"errmsg":"words"}"#, FailureKind::Refused),
            ("feishu", r#"{"code":11232,"msg":"frequency limited"}"#, FailureKind::Later(60.0)),
            ("feishu", r#"{"code":19021,"msg":"sign match fail"}"#, FailureKind::Retry),
            ("feishu", r#"{"code":9499,"msg":"Bad Request"}"#, FailureKind::Refused),
            ("feishu", "<html>login</html>", FailureKind::Retry),
            ("wecom", "", FailureKind::Retry),
        ] {
            let target = Target::start(move |_| json(answer)).await;
            let plan = destination(&table(robot, &target));
            let failure = send(&*sender_of(&plan), &raised("full", 1), at(0.0)).await.expect_err("no success");
            assert_eq!(failure.kind, kind, "{robot} {answer}");
            assert!(!format!("{failure:?} {plan:?}").contains(SECRET), "{failure:?}");
        }
        let target = Target::start(|_| status(502)).await;
        let failure = send(&*sender_of(&destination(&table("dingtalk", &target))), &raised("full", 1), at(0.0)).await;
        assert_eq!(failure.expect_err("no success").message, "answered 502 Bad Gateway");
    });
}

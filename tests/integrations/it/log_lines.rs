//! Whole lines that the real `env_logger` and `fern` write for `log`.

use std::fmt;
use std::sync::{Arc, mpsc};

use context_vars::logs::ContextLogger;
use context_vars::{Fields, context_var, detached};
use log::kv::{Key, Value, VisitSource};
use log::{Level, LevelFilter, Log, Record};

use crate::fields::{HOSTILE, Shows, check_fields, is_one_line};
use crate::support::Output;

context_var! {
    static USER: String;
    static REQUEST_ID: u64;
    #[redact]
    static PASSWORD: String;
    static FLAG: bool;
    static SHOWS: Shows;
    static LOGS: Logs;
    static ITEMS: u32;
}

/// Writes a record to a logger while it is formatted.
struct Logs(Arc<dyn Log>);

impl fmt::Display for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        log(&*self.0, Level::Warn);
        f.write_str("logged")
    }
}

/// `env_logger` as it is, without the time, and with the variables.
fn env_logger() -> (ContextLogger<env_logger::Logger>, Output) {
    let output = Output::default();
    let logger = env_logger::Builder::new()
        .filter_level(LevelFilter::Info)
        .format_timestamp(None)
        .target(env_logger::Target::Pipe(Box::new(output.clone())))
        .build();
    (ContextLogger::new(logger), output)
}

/// Returns the lines of one record with these fields as key-values and in the message.
fn both_lines(fields: Fields, set: &dyn Fn()) -> [String; 2] {
    let (logger, output) = env_logger();
    let logger = logger.fields(fields);
    in_context(|| {
        set();
        log(&logger, Level::Info);
        let key_values = output.text();
        log(&logger.in_message(), Level::Info);
        [key_values, output.text()]
    })
}

fn in_context<R>(f: impl FnOnce() -> R) -> R {
    detached(|| {
        REQUEST_ID.set(7);
        USER.set("alice".to_owned());
        f()
    })
}

fn log(logger: &dyn Log, level: Level) {
    let own = [("items", 3)];
    let mut record = Record::builder();
    record.level(level).target("app").key_values(&own);
    logger.log(&record.args(format_args!("accepted")).build());
}

/// Hands the records up to a level to a function.
struct Calls(LevelFilter, fn(&Record<'_>));

impl Log for Calls {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= self.0
    }

    fn log(&self, record: &Record<'_>) {
        (self.1)(record);
    }

    fn flush(&self) {}
}

#[test]
fn env_logger_prints_the_variables_after_the_records_own_values() {
    let (logger, output) = env_logger();
    in_context(|| {
        log(&logger, Level::Info);
        log(&logger, Level::Debug);
    });
    detached(|| log(&logger, Level::Warn));
    assert_eq!(
        output.text(),
        "[INFO  app] accepted items=3 request_id=7 user=alice\n[WARN  app] accepted items=3\n"
    );
}

#[test]
fn variables_in_the_message_are_those_of_fields() {
    let [_, all] = both_lines(Fields::all(), &|| ());
    let expected = "[INFO  app] accepted request_id=7 user=\"alice\" items=3\n";
    assert_eq!(all, expected);
    let none = both_lines(Fields::all().only([]), &|| ());
    assert_eq!(none, ["[INFO  app] accepted items=3\n"; 2]);
    let (logger, output) = env_logger();
    let none = logger.in_message().fields(Fields::all().only([]));
    in_context(|| log(&none, Level::Info));
    assert_eq!(output.text(), "[INFO  app] accepted items=3\n");
}

#[test]
fn value_that_logs_while_it_is_formatted_writes_a_line_without_variables() {
    for in_message in [false, true] {
        let (mut logger, output) = env_logger();
        if in_message {
            logger = logger.in_message();
        }
        let logger: Arc<dyn Log> = Arc::new(logger);
        in_context(|| {
            LOGS.set(Logs(Arc::clone(&logger)));
            log(&*logger, Level::Info);
            log(&*logger, Level::Info);
        });
        let variables = "logs=logged request_id=7 user=";
        let line = match in_message {
            false => format!("[INFO  app] accepted items=3 {variables}alice\n"),
            true => format!("[INFO  app] accepted {variables}\"alice\" items=3\n"),
        };
        let inner = "[WARN  app] accepted items=3\n";
        assert_eq!(output.text(), format!("{inner}{line}").repeat(2));
    }
}

#[test]
fn records_own_value_wins_over_the_variable_of_the_same_name() {
    assert_eq!(
        both_lines(Fields::all(), &|| _ = ITEMS.set(10)),
        [
            "[INFO  app] accepted items=3 request_id=7 user=alice\n",
            "[INFO  app] accepted request_id=7 user=\"alice\" items=3\n",
        ]
    );
}

#[test]
fn key_value_with_a_blank_looks_like_two_fields() {
    let user = || _ = USER.set("bob admin=true".to_owned());
    let [line, _] = both_lines(Fields::all(), &user);
    let expected = "[INFO  app] accepted items=3 request_id=7 user=bob admin=true\n";
    assert_eq!(line, expected);
}

#[test]
fn hostile_values_keep_one_line_and_in_the_message_their_quotes() {
    let long = "x\n".repeat(1 << 19);
    let others = ["bob admin=true", "", "=", "\"", "\\", &long];
    for text in HOSTILE.into_iter().chain(others) {
        let lines = both_lines(Fields::all(), &|| {
            SHOWS.set(Shows::text(text));
            USER.set(text.to_owned());
        });
        let [key_values, in_message] = lines.each_ref().map(|line| {
            let line = line.strip_prefix("[INFO  app] accepted ").unwrap();
            line.strip_suffix('\n').unwrap()
        });
        assert!(is_one_line(key_values), "{key_values:?}");
        let expected = [
            ("request_id", "7"),
            ("shows", text),
            ("user", text),
            ("items", "3"),
        ];
        check_fields(in_message, &expected);
    }
}

#[test]
fn rendered_variable_is_text_for_loggers() {
    let fields = Fields::all()
        .render(&USER, |user, out| write!(out, "{} \n{}", user.len(), user))
        .render(&REQUEST_ID, |id, out| write!(out, "#{id}"));
    assert_eq!(
        both_lines(fields, &|| ()),
        [
            "[INFO  app] accepted items=3 request_id=#7 user=5 \\nalice\n",
            "[INFO  app] accepted request_id=#7 user=\"5 \\nalice\" items=3\n",
        ]
    );
}

#[test]
fn chosen_and_redacted_variables() {
    let fields = Fields::all().except([&USER]);
    let [line, _] = both_lines(fields, &|| _ = PASSWORD.set("secret".into()));
    let expected = "[INFO  app] accepted items=3 password=*** request_id=7\n";
    assert_eq!(line, expected);
}

/// `fern` hands the record to a closure, which prints what it likes.
#[test]
fn fern_gets_the_variables_as_values_and_in_the_message() {
    struct Pairs(Vec<String>);
    impl<'kvs> VisitSource<'kvs> for Pairs {
        fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
            self.0.push(format!("{key}={value:?}"));
            Ok(())
        }
    }
    let (sender, lines) = mpsc::channel::<String>();
    let (_, fern) = fern::Dispatch::new()
        .format(|out, message, record| {
            let mut pairs = Pairs(Vec::new());
            record.key_values().visit(&mut pairs).unwrap();
            let (level, pairs) = (record.level(), pairs.0.join(", "));
            out.finish(format_args!("{level} {message} [{pairs}]"));
        })
        .chain(sender)
        .into_log();
    let logger = ContextLogger::new(fern);
    in_context(|| {
        FLAG.set(true);
        log(&logger, Level::Info);
        log(&logger.in_message(), Level::Info);
    });
    assert_eq!(
        lines.try_iter().collect::<Vec<_>>(),
        [
            "INFO accepted [items=3, flag=true, request_id=7, user=\"alice\"]\n",
            "INFO accepted flag=true request_id=7 user=\"alice\" [items=3]\n",
        ]
    );
}

#[test]
fn values_keep_their_types() {
    let logger = Calls(LevelFilter::Info, |record| {
        let get = |key: &str| record.key_values().get(Key::from_str(key)).unwrap();
        assert_eq!(get("request_id").to_u64(), Some(7));
        assert_eq!(get("flag").to_bool(), Some(true));
        assert_eq!(get("user").to_borrowed_str(), Some("alice"));
        assert_eq!(get("shows").to_borrowed_str(), Some("two words"));
        assert_eq!(get("items").to_i64(), Some(3));
        assert_eq!(record.key_values().count(), 5);
    });
    in_context(|| {
        FLAG.set(true);
        SHOWS.set(Shows::text("two words"));
        log(&ContextLogger::new(logger), Level::Info);
    });
}

#[test]
fn values_are_not_looked_at_for_records_that_nobody_wants() {
    let wanted = |record: &Record<'_>| assert!(record.level() <= Level::Warn);
    let fields = Fields::all().render(&USER, |_, _| panic!("looked at"));
    let logger = ContextLogger::new(Calls(LevelFilter::Warn, wanted)).fields(fields);
    assert!(!logger.enabled(&log::Metadata::builder().level(Level::Info).build()));
    in_context(|| {
        log(&logger, Level::Info);
        log(&logger.in_message(), Level::Info);
    });
}

#[test]
fn installed_logger_gets_the_records_of_the_macros() {
    let (logger, output) = env_logger();
    logger.install(LevelFilter::Info).unwrap();
    in_context(|| {
        log::info!(target: "app", items = 3; "accepted");
        log::debug!("not wanted");
    });
    let line = "[INFO  app] accepted items=3 request_id=7 user=alice\n";
    assert_eq!(output.text(), line);
    assert_eq!(log::max_level(), LevelFilter::Info);
    let (second, _) = env_logger();
    assert!(second.install(LevelFilter::Info).is_err());
}

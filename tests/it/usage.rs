//! The command line as a person meets it: what is nearly right is answered with the right one, and what Port's framework
//! takes either works or is refused with what to do instead.

use std::path::Path;

use crate::support::{Stage, piped};

/// What the program says about wrong usage: the exit code is 2 and nothing goes to standard output.
fn refused(arguments: &[&str]) -> String {
    let run = piped(Path::new("/"), arguments, b"");
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}: {}", run.stderr);
    format!("$ {}\n{}", arguments.join(" "), run.stderr)
}

#[test]
fn what_is_nearly_right_is_answered_with_the_right_one() {
    let wrong: [&[&str]; 8] = [
        &["snyc"],
        &["map", "explian"],
        &["defaults", "claen"],
        &["sync", "--lmit", "3"],
        &["sync", "--only", "alrt"],
        &["--output", "jsn"],
        &["init", "--for", "githup"],
        &["sandbox", "--preset", "ful"],
    ];
    let said: Vec<String> = wrong.into_iter().map(refused).collect();
    insta::assert_snapshot!(said.join("\n"), @"
    $ snyc
    error: unrecognized subcommand 'snyc'

      tip: a similar subcommand exists: 'sync'

    Usage: ocean-opsgenie [OPTIONS] [COMMAND]

    For more information, try '--help'.

    $ map explian
    error: unrecognized subcommand 'explian'

      tip: a similar subcommand exists: 'explain'

    Usage: ocean-opsgenie map [OPTIONS] <COMMAND>

    For more information, try '--help'.

    $ defaults claen
    error: unrecognized subcommand 'claen'

      tip: a similar subcommand exists: 'clean'

    Usage: ocean-opsgenie defaults [OPTIONS] <COMMAND>

    For more information, try '--help'.

    $ sync --lmit 3
    error: unexpected argument '--lmit' found

      tip: a similar argument exists: '--limit'

    Usage: ocean-opsgenie sync --limit <N>

    For more information, try '--help'.

    $ sync --only alrt
    error: invalid value 'alrt' for '--only <KIND>...'
      [possible values: alert, incident, service, team, schedule, schedule-oncall, user]

      tip: a similar value exists: 'alert'

    For more information, try '--help'.

    $ --output jsn
    error: invalid value 'jsn' for '--output <OUTPUT>'
      [possible values: text, json]

      tip: a similar value exists: 'json'

    For more information, try '--help'.

    $ init --for githup
    error: invalid value 'githup' for '--for <PLATFORM>'
      [possible values: github, jenkins, azure, gitlab, docker, compose, helm, argocd, systemd]

      tip: a similar value exists: 'github'

    For more information, try '--help'.

    $ sandbox --preset ful
    error: invalid value 'ful' for '--preset <PRESET>'
      [possible values: classic, full]

      tip: a similar value exists: 'full'

    For more information, try '--help'.
    ");
}

#[test]
fn commands_of_the_framework_that_are_not_here_say_what_to_do_instead() {
    let wrong: [&[&str]; 7] = [
        &["ocean", "sail"],
        &["defaults", "dock"],
        &["new", "."],
        &["list"],
        &["pull", "opsgenie", "-p", "."],
        &["port-app-config", "schema"],
        &["sail", "elsewhere", "--once"],
    ];
    let said: Vec<String> = wrong.into_iter().map(refused).collect();
    insta::assert_snapshot!(said.join("\n"), @"
    $ ocean sail
    error: there is no command `ocean` here
      hint: leave `ocean` out: `ocean-opsgenie sail --once`

    $ defaults dock
    error: there is no command `dock` here
      hint: the first start gives the catalog what it lacks, while OCEAN__INITIALIZE_PORT_RESOURCES is true: `sync`

    $ new .
    error: there is no command `new` here
      hint: this program is one integration and makes no others; `init` begins an installation of it

    $ list
    error: there is no command `list` here
      hint: this program is one integration and fetches no others; `init` begins an installation of it

    $ pull opsgenie -p .
    error: there is no command `pull` here
      hint: this program is one integration and fetches no others; `init` begins an installation of it

    $ port-app-config schema
    error: there is no command `port-app-config` here
      hint: `schema mapping` prints the JSON Schema of mappings, `validate --mapping FILE` checks one

    $ sail elsewhere --once
    error: invalid value 'elsewhere' for '[PATH]': settings and resources are read from the working directory only; change to it, and leave it out here

    For more information, try '--help'.
    ");
    // A kind where a path belongs would be a pass over everything.
    insta::assert_snapshot!(refused(&["sync", "alert"]), @"
    $ sync alert
    error: invalid value 'alert' for '[PATH]': settings and resources are read from the working directory only; for one kind say `--only alert`

    For more information, try '--help'.
    ");
}

#[tokio::test]
async fn every_flag_of_sail_works() {
    let mut stage = Stage::with_alerts(1).await;
    // The listener would go on for ever.
    stage.set("OCEAN__EVENT_LISTENER", r#"{"type":"POLLING"}"#);
    stage.set("APPLICATION__LOG_LEVEL", "ERROR");
    // Something that is told at that level and no higher.
    stage.set("OCEAN__LAKEHOUSE_ENABLED", "false");
    let here = stage.directory.path().display().to_string();
    for flags in [
        &["-O"][..],
        &["--once"],
        &["-O", "."],
        &["-O", "-p", "8123"],
        &["--once", "--port=8123"],
        &["-O", &here],
    ] {
        let run = stage.run(&[&["sail", "--output", "json"], flags].concat()).await;
        run.exits(0);
        assert!(!run.stderr.contains("DEBUG"), "{flags:?}: {}", run.stderr);
    }
    for flags in [["-l", "DEBUG"], ["--log-level", "debug"]] {
        let run = stage.run(&[&["sail", "-O"], &flags[..]].concat()).await;
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.stderr.contains("DEBUG"), "the flag wins over the variable: {}", run.stderr);
    }
    let stage = Stage::with_alerts(1).await;
    for (flag, blueprints) in [("no", 0), ("0", 0), ("False", 0), ("f", 0), ("off", 0), ("y", 3), ("true", 3)]
    {
        let run = stage.run(&["sail", "-O", "-i", flag]).await;
        let made = stage.sandbox.catalog().with(|catalog| catalog.blueprints().len());
        assert_eq!(made, blueprints, "{flag}: {}", run.stderr);
    }
    for flags in [["-i", "maybe"], ["-p", "many"], ["-p", "70000"], ["-l", "loud"]] {
        let run = stage.run(&[&["sail", "-O"], &flags[..]].concat()).await;
        assert_eq!(run.code, 2, "{flags:?}: {}", run.stderr);
        assert!(run.stderr.to_lowercase().contains(flags[1]), "{flags:?}: {}", run.stderr);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_listener_serves_on_the_port_that_is_asked_for() {
    let stage = Stage::with_alerts(1).await;
    let port = crate::support::free_port();
    let running = stage.begin(&["serve", "-p", &port]);
    let mut command = stage.command(&["healthcheck", "--live"]);
    command.env("APPLICATION__PORT", &port);
    crate::support::until("it answers there", || {
        command.output().expect("the program can be started").status.success()
    })
    .await;
    running.signal("TERM");
    assert_eq!(stage.end(running).await.code, 143);
}

#[test]
fn the_version_is_shown_whole_or_alone() {
    let number = env!("CARGO_PKG_VERSION");
    for (arguments, expected) in [
        (&["version"][..], format!("ocean-opsgenie {number}\n")),
        (&["version", "-s"], format!("{number}\n")),
        (&["version", "--short"], format!("{number}\n")),
    ] {
        let run = piped(Path::new("/"), arguments, b"");
        assert_eq!((run.code, run.stdout), (0, expected), "{arguments:?}");
    }
}

/// On a terminal, which `script` of util-linux is.
#[cfg(target_os = "linux")]
#[test]
fn help_is_coloured_on_a_terminal_only_and_not_under_no_color() {
    let help = |variables: &[(&str, &str)]| {
        let mut command = std::process::Command::new("script");
        command.args(["-qec", concat!(env!("CARGO_BIN_EXE_ocean-opsgenie"), " --help"), "/dev/null"]);
        command.stdin(std::process::Stdio::null());
        command.env_clear().env("TERM", "xterm").env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(variables.iter().copied());
        let output = command.output().expect("script can be started");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("Usage"), "{text}");
        text.contains('\u{1b}')
    };
    assert!(help(&[]));
    assert!(help(&[("NO_COLOR", "")]), "an empty one says nothing");
    assert!(!help(&[("NO_COLOR", "1")]));
}

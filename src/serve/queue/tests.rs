use super::*;

fn hint(alert: &str) -> Hint {
    let subject = Subject { what: What::Alert, alert: RecordId::new(alert).unwrap() };
    Hint { subject, action: "Create".to_owned(), updated_ms: None, body: None }
}

fn notification(alert: &str, updated_ms: i64) -> Hint {
    let hint = Hint { updated_ms: Some(updated_ms), ..hint(alert) };
    hint.as_notification(bytes::Bytes::from_static(b"{}"))
}

fn queue(capacity: usize) -> Queue {
    Queue::new(None, Vec::new(), capacity)
}

fn later() -> Trouble {
    Trouble { again: Again::Later, text: "the catalog is down".to_owned() }
}

fn names(taken: &[Taken]) -> Vec<&str> {
    taken.iter().map(|taken| taken.hint.subject.alert.as_str()).collect()
}

async fn nothing_to_do(queue: &Queue) -> bool {
    tokio::time::timeout(Duration::from_millis(20), queue.take(1)).await.is_err()
}

#[tokio::test]
async fn equal_hints_are_one_piece_of_work() {
    let queue = queue(10);
    assert_eq!(queue.offer(hint("a")).await, Offered::Taken);
    assert_eq!(queue.offer(hint("b")).await, Offered::Taken);
    assert_eq!(queue.offer(hint("a")).await, Offered::Merged);
    let taken = queue.take(10).await;
    assert_eq!(names(&taken), ["a", "b"]);
    for one in &taken {
        queue.done(one).await;
    }
    assert!(nothing_to_do(&queue).await);
    assert_eq!(queue.depth(), Depth::default());
}

#[tokio::test]
async fn a_hint_that_comes_while_its_alert_is_worked_on_is_worked_off_again_and_never_twice_at_once() {
    let queue = queue(10);
    queue.offer(hint("a")).await;
    let first = queue.take(10).await;
    assert_eq!(queue.offer(hint("a")).await, Offered::Merged);
    assert!(nothing_to_do(&queue).await);
    queue.done(&first[0]).await;
    let second = queue.take(10).await;
    assert_eq!(names(&second), ["a"]);
    queue.done(&second[0]).await;
    assert!(nothing_to_do(&queue).await);
}

#[tokio::test]
async fn there_is_an_end_to_what_waits() {
    let queue = queue(2);
    queue.offer(hint("a")).await;
    queue.offer(hint("b")).await;
    assert_eq!(queue.offer(hint("c")).await, Offered::Full);
    assert_eq!(queue.offer(hint("a")).await, Offered::Merged, "what is there already needs no room");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_delivered_climbs_the_ladder_and_is_kept() {
    let queue = queue(2);
    queue.offer(hint("a")).await;
    let mut tries = 0;
    loop {
        let taken = {
            let mut state = queue.state();
            if let Some((until, _)) = state.waiting.first_key_value().map(|(at, _)| *at) {
                state.wake(until);
            }
            state.take(1).pop()
        };
        let Some(taken) = taken else { break };
        tries += 1;
        queue.failed(&taken, &later()).await;
    }
    assert_eq!(tries, 17);
    assert_eq!(queue.depth(), Depth { failed: 1, ..Depth::default() });
    assert_eq!(queue.offer(hint("b")).await, Offered::Taken);
    assert_eq!(queue.offer(hint("c")).await, Offered::Taken, "what failed takes no room");
    assert_eq!(queue.offer(hint("a")).await, Offered::Merged, "something new about it is tried at once");
    assert_eq!(queue.depth(), Depth { ready: 3, ..Depth::default() });
}

#[tokio::test]
async fn what_would_fail_again_is_kept_at_once() {
    let queue = queue(2);
    queue.offer(hint("a")).await;
    let taken = queue.take(1).await;
    let never = Trouble { again: Again::Never, text: "refused".to_owned() };
    assert_eq!(queue.failed(&taken[0], &never).await, State::Failed);
    assert!(nothing_to_do(&queue).await);
}

#[tokio::test]
async fn the_newest_notification_wins_whatever_the_order() {
    let queue = queue(10);
    assert_eq!(queue.offer(notification("a", 20)).await, Offered::Taken);
    assert_eq!(queue.offer(notification("a", 10)).await, Offered::Old);
    assert_eq!(queue.offer(notification("a", 30)).await, Offered::Merged);
    let taken = queue.take(10).await;
    assert_eq!(taken[0].hint.updated_ms, Some(30));
    queue.done(&taken[0]).await;
    assert_eq!(queue.offer(notification("a", 29)).await, Offered::Old, "it comes late");
    assert_eq!(queue.offer(notification("a", 31)).await, Offered::Taken);
}

#[tokio::test]
async fn what_was_kept_is_worked_off_after_a_start() {
    let folder = tempfile::TempDir::new().unwrap();
    let opened = Store::open(folder.path()).unwrap();
    let first = Queue::new(Some(opened.store), opened.rows, 10);
    for name in ["a", "b", "c"] {
        assert_eq!(first.offer(hint(name)).await, Offered::Taken);
    }
    first.offer(notification("n", 5)).await;
    let taken = first.take(2).await;
    first.done(&taken[0]).await;
    let never = Trouble { again: Again::Never, text: "refused".to_owned() };
    first.failed(&taken[1], &never).await;
    first.store().unwrap().flush().await;
    drop(first);
    let opened = Store::open(folder.path()).unwrap();
    let second = Queue::new(Some(opened.store), opened.rows, 10);
    assert_eq!(second.depth(), Depth { ready: 2, failed: 1, ..Depth::default() });
    let taken = second.take(10).await;
    assert_eq!(names(&taken), ["c", "n"]);
    assert_eq!(taken[1].hint.body.as_deref(), Some(&b"{}"[..]));
    assert_eq!(taken[1].hint.updated_ms, Some(5));
}

#[tokio::test]
async fn what_the_command_line_lets_be_tried_again_is() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut opened = Store::open(folder.path()).unwrap();
    let queue = Queue::new(Some(opened.store), opened.rows, 10);
    for name in ["a", "b"] {
        queue.offer(hint(name)).await;
    }
    let never = Trouble { again: Again::Never, text: "refused".to_owned() };
    for taken in queue.take(2).await {
        queue.failed(&taken, &never).await;
    }
    queue.store().unwrap().flush().await;
    let ledger = super::super::store::Ledger::open(folder.path()).unwrap().unwrap();
    let kept = ledger.list().unwrap();
    assert_eq!(
        kept.iter().map(|kept| (kept.alert.as_str(), kept.state)).collect::<Vec<_>>(),
        [("a", "failed"), ("b", "failed")]
    );
    assert_eq!(kept[0].error, "refused");
    assert_eq!(ledger.retry(&["a".to_owned()]).unwrap(), 1);
    assert_eq!(ledger.clear(&[]).unwrap(), 1);
    let rows = tokio::time::timeout(Duration::from_secs(30), opened.changes.recv()).await.unwrap().unwrap();
    queue.adopt(rows);
    assert_eq!(names(&queue.take(10).await), ["a"]);
    assert_eq!(queue.depth(), Depth { in_hand: 1, ..Depth::default() });
}

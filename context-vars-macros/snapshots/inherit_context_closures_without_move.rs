#[inherit_context]
fn handle(names: &[String], log: &Mutex<Vec<String>>) {
    std::thread::spawn(|| work());
    std::thread::scope(|scope| {
        scope.spawn(|| log.lock().push(names.len()));
    });
    spawn_each(|n| names[n].len());
    rayon::scope(|scope| scope.spawn(|_| names.clear()));
    rayon::scope(|scope| names.push(scope));
}

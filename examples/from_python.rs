//! `cargo run --example from_python`: Python's `contextvars` documentation, line by line in Rust.
//!
//! Each part has the Python code that it translates in its comment. The last part is the echo server
//! at the end of that page: a function deep in the call stack knows the client's address, although
//! the address is not passed to it.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use context_vars::{Context, context_var, task, with_context};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

// var: ContextVar[int] = ContextVar('var', default=42)
// client_addr_var = ContextVar('client_addr')
context_var! {
    static VAR: i32 = 42;
    static CLIENT_ADDR: SocketAddr;
}

/// # var.get(), var.get(default), LookupError
fn reading() -> bool {
    let default = VAR.get(); //                       var.get()
    let fallback = VAR.get_or(7); //                  var.get(7)
    let error = CLIENT_ADDR.try_get().is_err(); //    client_addr_var.get() raises LookupError
    println!("reading: {default}, {fallback}, not set: {error}");
    (default, fallback, error) == (42, 7, true)
}

/// # token = var.set('new value'); ...; var.reset(token)
fn tokens() -> bool {
    let token = VAR.set(1); //                        token = var.set(1)
    let old = token.old_value().is_none(); //         token.old_value is Token.MISSING
    let inside = VAR.get();
    let reset = VAR.reset(token).is_ok(); //          var.reset(token)
    println!("tokens: {inside}, then {} again", VAR.get());
    old && reset && (inside, VAR.get()) == (1, 42)
}

/// # with var.set('new value'): ...        (Python 3.14)
fn scopes() -> bool {
    let inside = VAR.sync_scope(2, || VAR.get());
    println!("scopes: {inside}, then {} again", VAR.get());
    (inside, VAR.get()) == (2, 42)
}

/// # ctx = copy_context(); ctx.run(main)
///
/// ```python
/// def main():
///     # 'var' was set to 'spam' before calling 'copy_context()' and 'ctx.run(main)', so:
///     # var.get() == ctx[var] == 'spam'
///     var.set('ham')
///     # Now, after setting 'var' to 'ham': var.get() == ctx[var] == 'ham'
/// ```
fn copies() -> bool {
    let _spam = VAR.set(3);
    let mut ctx = Context::current();
    let seen = ctx.run(|| {
        let seen = VAR.get();
        let _ham = VAR.set(4);
        seen
    });
    // Any changes that 'main' has made to 'var' are contained in 'ctx'.
    let (copy, here) = (ctx.get(&VAR).copied(), VAR.get());
    println!("copies: main saw {seen} and set {copy:?}; outside it is still {here}");
    (seen, copy, here) == (3, Some(4), 3)
}

/// # def render_goodbye():
/// #     # The address of the currently handled client can be accessed without passing it
/// #     # explicitly to this function.
/// #     client_addr = client_addr_var.get()
/// #     return f'Good bye, client @ {client_addr}\r\n'.encode()
fn render_goodbye() -> String {
    let client_addr = CLIENT_ADDR.get();
    format!("Good bye, client @ {client_addr}\r\n")
}

/// # async def handle_request(reader, writer):
/// #     addr = writer.transport.get_extra_info('socket').getpeername()
/// #     client_addr_var.set(addr)
#[with_context(client_addr = addr)]
async fn handle_request(stream: TcpStream, addr: SocketAddr) -> io::Result<()> {
    let (input, mut output) = stream.into_split();
    let mut lines = BufReader::new(input).lines();
    while let Some(line) = lines.next_line().await? {
        if line.trim().is_empty() {
            break;
        }
        output.write_all(format!("{line}\r\n").as_bytes()).await?; // echo
    }
    output.write_all(render_goodbye().as_bytes()).await
}

/// # async def main():
/// #     srv = await asyncio.start_server(handle_request, '127.0.0.1', 8081)
/// #     async with srv:
/// #         await srv.serve_forever()
async fn echo_server() -> io::Result<bool> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = listener.local_addr()?;
    let serving = task::spawn(async move {
        loop {
            let (stream, addr) = listener.accept().await?;
            task::spawn(handle_request(stream, addr)); // asyncio makes a task too
        }
        #[allow(unreachable_code)] // gives the type of the errors
        io::Result::Ok(())
    });
    let visits = (0..50).map(|n| visit(server, n));
    let right = futures::future::try_join_all(visits).await?;
    serving.abort();
    let (clients, right) = (right.len(), right.iter().filter(|right| **right).count());
    println!("echo server: {clients} clients, {right} were told their own address");
    Ok(clients == right)
}

async fn visit(server: SocketAddr, n: u32) -> io::Result<bool> {
    let mut stream = TcpStream::connect(server).await?;
    let own = stream.local_addr()?;
    stream
        .write_all(format!("hello {n}\n\n").as_bytes())
        .await?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await?;
    Ok(reply == format!("hello {n}\r\nGood bye, client @ {own}\r\n"))
}

fn main() -> io::Result<ExitCode> {
    let mut right = vec![reading(), tokens(), scopes()];
    right.push(context_vars::detached(copies));
    right.push(tokio::runtime::Runtime::new()?.block_on(echo_server())?);
    let wrong = right.iter().filter(|right| !**right).count();
    println!("{} parts, {wrong} wrong", right.len());
    Ok(ExitCode::from(u8::from(wrong > 0)))
}

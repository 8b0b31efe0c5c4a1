//! `cargo run --example tenant_pool`: one pool of connections, and no query outside its tenant.
//!
//! Twelve tenants share a SQLite database through a pool of four connections, none of which belongs
//! to a tenant. A function `tenant()` in SQL reads the context variable during the query, and views
//! and triggers call it, so that a query names no tenant and cannot forget one. A query outside of
//! any tenant fails. 3000 queries run from many tasks, each on a blocking thread, and every row is
//! checked.
//!
//! For a server with row-level security, wrap the `acquire()` of the pool and send
//! `set app.tenant = ..` each time. A hook that the pool runs before it hands a connection out is
//! not enough, because sqlx does not call `before_acquire` for new connections.

use std::process::ExitCode;

use context_vars::{context_var, task, with_context};
use r2d2::{CustomizeConnection, ManageConnection, Pool};
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

context_var! {
    /// On whose behalf the current request runs; has no default, so that it cannot be forgotten.
    static TENANT: String;
}

type Error = Box<dyn std::error::Error + Send + Sync>;

const TENANTS: u32 = 12;
const ORDERS_PER_TENANT: u32 = 250;

// ---- The database ---------------------------------------------------------------------------

struct Sqlite(String);

impl ManageConnection for Sqlite {
    type Connection = Connection;
    type Error = rusqlite::Error;

    fn connect(&self) -> rusqlite::Result<Connection> {
        Connection::open(&self.0)
    }

    fn is_valid(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        connection.execute_batch("")
    }

    fn has_broken(&self, _: &mut Connection) -> bool {
        false
    }
}

/// Defines the function `tenant()` on every new connection.
#[derive(Debug)]
struct AskForTenant;

impl CustomizeConnection<Connection, rusqlite::Error> for AskForTenant {
    fn on_acquire(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        // The function is not deterministic, so SQLite calls it anew for each query.
        connection.create_scalar_function("tenant", 0, FunctionFlags::SQLITE_UTF8, |_| {
            TENANT
                .try_get()
                .map_err(|error| rusqlite::Error::UserFunctionError(error.into()))
        })?;
        connection.busy_timeout(std::time::Duration::from_secs(30))?;
        connection.execute_batch(
            "create temp view orders as
                 select id, item from all_orders where tenant = tenant();
             create temp trigger place instead of insert on orders begin
                 insert into all_orders (tenant, item) values (tenant(), new.item);
             end;",
        )
    }
}

fn pool(path: &str) -> Result<Pool<Sqlite>, Error> {
    Connection::open(path)?.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = off;
         create table all_orders (id integer primary key, tenant text not null, item text not null);
         create index by_tenant on all_orders (tenant);",
    )?;
    let pool = Pool::builder()
        .max_size(4)
        .connection_customizer(Box::new(AskForTenant));
    Ok(pool.build(Sqlite(path.to_owned()))?)
}

// ---- The requests ---------------------------------------------------------------------------

/// Places an order and reads it back. Nothing here names a tenant.
async fn place_order(pool: Pool<Sqlite>, item: String) -> Result<Vec<String>, Error> {
    tokio::task::yield_now().await;
    let query = move || {
        let connection = pool.get()?;
        connection.execute("insert into orders (item) values (?1)", [&item])?;
        let mut items = connection.prepare("select item from orders order by id desc limit 5")?;
        let items = items.query_map([], |row| row.get(0))?;
        Ok(items.collect::<Result<_, _>>()?)
    };
    task::spawn_blocking(query).await? // inherits the tenant
}

/// Returns the number of rows that a request saw although they belong to another tenant.
#[with_context(tenant = format!("tenant {tenant}"))]
async fn request(pool: Pool<Sqlite>, tenant: u32, order: u32) -> Result<usize, Error> {
    let items = place_order(pool, format!("{order} for tenant {tenant}")).await?;
    let own = format!("for {}", TENANT.get());
    Ok(items.iter().filter(|item| !item.ends_with(&own)).count())
}

async fn run(path: &str) -> Result<bool, Error> {
    let pool = pool(path)?;
    let mut requests = tokio::task::JoinSet::new();
    for order in 0..ORDERS_PER_TENANT {
        for tenant in 0..TENANTS {
            requests.spawn(request(pool.clone(), tenant, order));
        }
    }
    let mut foreign = 0;
    for outcome in requests.join_all().await {
        foreign += outcome?;
    }

    // A query outside of any tenant gets an error and no rows.
    let refused = match place_order(pool.clone(), "stray".to_owned()).await {
        Ok(_) => false,
        Err(error) => {
            println!("without a tenant: {error}");
            true
        }
    };
    let count = "select count(*) from all_orders where item not like '% for ' || tenant";
    let misplaced: u32 = pool.get()?.query_row(count, [], |row| row.get(0))?;
    let count = "select count(*) from all_orders";
    let orders: u32 = pool.get()?.query_row(count, [], |row| row.get(0))?;
    println!(
        "{orders} orders of {TENANTS} tenants, {misplaced} misplaced, {foreign} foreign rows seen"
    );
    Ok(refused && misplaced == 0 && foreign == 0 && orders == TENANTS * ORDERS_PER_TENANT)
}

#[tokio::main]
async fn main() -> Result<ExitCode, Error> {
    let folder = std::env::temp_dir().join(format!("tenant_pool-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let right = run(&folder.join("orders.sqlite").to_string_lossy()).await;
    std::fs::remove_dir_all(&folder)?;
    Ok(ExitCode::from(u8::from(!right?)))
}

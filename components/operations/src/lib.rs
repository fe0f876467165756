//! What the operator calls: the scheduler's operation, which does the work that is due in all
//! functions, and the limits that the operator sets while the system runs.

mod contract;
mod functions;
mod limits;
mod settings;
mod tick;

use contract::Op;
use kit::Call;

kit::function!(Op, dispatch, settings::SETTINGS);

async fn dispatch(op: Op, call: Call) -> kit::Result {
    match op {
        Op::Tick => tick::run(&call).await,
        Op::ListLimits => limits::list(&call),
        Op::ReplaceLimit => limits::set(&call),
        Op::DeleteLimit => limits::remove(&call),
    }
}

//! {{description}}
//!
//! The contract declares the operations (`openapi/{{function}}.yaml`), and the kit serves them.

mod contract;

use contract::{Op};
use kit::{Call};

{{macro}}

async fn dispatch(op: Op, call: Call) -> kit::Result {
    match op {
    }
}

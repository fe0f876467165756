//! A server that has nothing but its own file, and a client for it.

use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// A server that ends with the test.
pub struct Lone {
    child: Child,
    address: String,
    said: Arc<Mutex<String>>,
}

impl Lone {
    /// Starts the command without an environment, and waits until it serves.
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let command = command.env_clear();
        // The program that starts the server needs this. The server itself looks for no program.
        if command.get_program() == "unshare" {
            command.env("PATH", path);
        }
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let said = Arc::new(Mutex::new(String::new()));
        let (errors, heard) = (child.stderr.take().unwrap(), said.clone());
        std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                *heard.lock().unwrap() += &format!("{line}\n");
            }
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let heard = said.clone();
        let address = lines.find_map(|line| {
            *heard.lock().unwrap() += &format!("{line}\n");
            Some(line.strip_prefix("Serving http://")?.to_owned())
        });
        // The output must be read, because a process that writes to a full pipe blocks.
        std::thread::spawn(move || lines.for_each(drop));
        let Some(address) = address else {
            let _ = child.wait();
            panic!("it does not serve: {}", said.lock().unwrap());
        };
        Self { child, address, said }
    }

    /// The output until the server was ready.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// The status and the body of an answer.
    #[track_caller]
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut head = format!(
            "{method} /api/v1/{path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.address
        );
        if let Some(token) = token {
            head += &format!("Authorization: Bearer {token}\r\n");
        }
        if !body.is_empty() {
            let length = body.len();
            head += &format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
        }
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "{head}\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect(head);
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }
}

impl Drop for Lone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with the file, as `service`, and with the libraries that its loader asks for. It has
/// nothing else, so it can be a root for [`rooted`].
pub fn bare(file: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("proc")).unwrap();
    // This process must not write the file itself: a process that another test starts would have it
    // open for a moment, and it could not be run.
    let copied = Command::new("cp").arg(file).arg(folder.path().join("service")).status();
    assert!(copied.unwrap().success());
    let listed = Command::new("ldd").arg(file).output().expect("ldd");
    // `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`, `/lib64/ld-linux-x86-64.so.2 (0x…)`
    let listed = String::from_utf8(listed.stdout).unwrap();
    let libraries = listed.split_whitespace().filter(|word| word.starts_with('/'));
    for library in libraries {
        let copy = folder.path().join(library.trim_start_matches('/'));
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(library, copy).unwrap();
    }
    folder
}

/// A command that runs its arguments with this folder as the root, and with `/proc`. A user other
/// than root needs a user namespace for that.
pub fn rooted(folder: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        command.arg("--map-root-user");
    }
    command.arg(format!("--root={}", folder.display()));
    command
}

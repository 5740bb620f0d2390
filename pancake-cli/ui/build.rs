//! Builds the pages of `web/` with npm and embeds them, or embeds one page that says why there are none.
//!
//! * `PANCAKE_WEB` is `auto` (default), `require`, `off`, or a path to a ready `dist` folder.
//! * Only `require` may fail the build; everyone else gets a working program without pages, and the reason.
//! * Nothing is written outside `OUT_DIR`: npm works on a copy, so the sources may be read-only.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a build script speaks to cargo by printing"
)]

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

const NODE_MIN: (u32, u32) = (20, 19);
/// What the pages are made of; `web/` itself is not named, because npm and editors leave other files in it.
const SOURCES: [&str; 8] = [
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "svelte.config.js",
    "tsconfig.json",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=PANCAKE_WEB");
    println!("cargo::rerun-if-changed=build.rs");
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mode = env::var("PANCAKE_WEB").unwrap_or_else(|_| "auto".into());
    let dist = match find_dist(&mode, &here, &out) {
        Ok(dist) => {
            println!("cargo::rustc-env=PANCAKE_WEB_STATE=built");
            dist
        }
        Err(why) if mode == "require" => {
            println!("cargo::error=PANCAKE_WEB=require, and the pages could not be built: {why}");
            return Ok(());
        }
        Err(why) => placeholder(&mode, &why, &here, &out)?,
    };
    write_table(&dist, &out.join("assets.rs"))?;
    Ok(())
}

/// The folder with the built pages, or why there is none.
fn find_dist(mode: &str, here: &Path, out: &Path) -> Result<PathBuf, String> {
    let packaged = here.join("dist");
    let web = here.join("web");
    match mode {
        "off" => Err("PANCAKE_WEB=off".into()),
        "auto" | "require" if packaged.join("index.html").exists() => Ok(packaged),
        "auto" | "require" if web.join("package.json").exists() => {
            for source in SOURCES {
                println!("cargo::rerun-if-changed={}", web.join(source).display());
            }
            build_with_npm(&web, out)
        }
        "auto" | "require" => Err("the sources of the pages are not in this package".into()),
        path => {
            println!("cargo::rerun-if-changed={path}");
            let dist = fs::canonicalize(path).map_err(|e| format!("PANCAKE_WEB={path}: {e}"))?;
            let index = dist.join("index.html");
            if index.exists() { Ok(dist) } else { Err(format!("{} is missing", index.display())) }
        }
    }
}

/// A folder with the one page that says why there are no others.
fn placeholder(mode: &str, why: &str, here: &Path, out: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let (major, minor) = NODE_MIN;
    if mode != "off" {
        println!(
            "cargo::warning=the web pages are left out: {why}. Everything else works; install Node {major}.{minor} or \
             newer and run cargo again (PANCAKE_WEB=off silences this)."
        );
    }
    if mode == "auto" {
        // A path that never exists makes cargo run this script again: installing Node is enough.
        println!("cargo::rerun-if-changed={}", out.join("absent").display());
    }
    println!("cargo::rustc-env=PANCAKE_WEB_STATE=absent: {why}");
    println!("cargo::rerun-if-changed=placeholder.html");
    let page = fs::read_to_string(here.join("placeholder.html"))?;
    let dir = out.join("placeholder");
    fs::create_dir_all(&dir)?;
    fs::write(dir.join("index.html"), page.replace("{{why}}", &escape(why)))?;
    Ok(dir)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn build_with_npm(web: &Path, out: &Path) -> Result<PathBuf, String> {
    check_node()?;
    let work = out.join("npm");
    for source in ["src", "public"] {
        // Files that were removed from the sources must not linger in the copy.
        match fs::remove_dir_all(work.join(source)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(format!("{source}: {e}")),
            _ => {}
        }
    }
    copy(web, &work).map_err(|e| format!("copying the sources of the pages: {e}"))?;
    let lock =
        fs::read(work.join("package-lock.json")).map_err(|e| format!("package-lock.json: {e}"))?;
    let stamp = work.join("node_modules").join(".installed-from");
    if fs::read(&stamp).ok().as_deref() != Some(lock.as_slice()) {
        npm(
            &work,
            &[
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--prefer-offline",
                "--loglevel=error",
            ],
        )?;
        fs::write(&stamp, &lock).map_err(|e| format!("{}: {e}", stamp.display()))?;
    }
    npm(&work, &["run", "--silent", "build"])?;
    Ok(work.join("dist"))
}

fn check_node() -> Result<(), String> {
    let answer = Command::new("node").arg("--version").output();
    let answer = answer.map_err(|_| "node was not found on PATH".to_owned())?;
    let text = String::from_utf8_lossy(&answer.stdout);
    let version = text.trim().trim_start_matches('v');
    let mut numbers = version.split('.').map(|n| n.parse::<u32>().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let (major, minor) = NODE_MIN;
    if found >= NODE_MIN {
        Ok(())
    } else {
        Err(format!("node {version} is older than {major}.{minor}"))
    }
}

fn npm(dir: &Path, args: &[&str]) -> Result<(), String> {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let answer = Command::new(program)
        .args(args)
        .current_dir(dir)
        .env("CI", "1")
        .env_remove("NODE_ENV")
        .output()
        .map_err(|e| format!("npm: {e}"))?;
    if answer.status.success() {
        return Ok(());
    }
    let (said, complained) =
        (String::from_utf8_lossy(&answer.stdout), String::from_utf8_lossy(&answer.stderr));
    for line in said.lines().chain(complained.lines()).filter(|l| !l.trim().is_empty()).take(12) {
        println!("cargo::warning={line}");
    }
    Err(format!("`npm {}` failed", args.join(" ")))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "node_modules" || name == "dist" || name == "build-test" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(&name))?;
        } else {
            fs::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}

/// Writes the table of assets, sorted by path, with the compressed twins beside their originals.
fn write_table(dist: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    let mut files = Vec::new();
    walk(dist, &mut files)?;
    files.sort();
    let mut table = String::from("[\n");
    for file in files.iter().filter(|f| !f.extension().is_some_and(|e| e == "br" || e == "gz")) {
        let path = file.strip_prefix(dist)?.to_string_lossy().replace('\\', "/");
        let etag = format!("\"{:016x}\"", fnv(&fs::read(file)?));
        writeln!(table, "    Asset {{")?;
        writeln!(table, "        path: {path:?}, etag: {etag:?},")?;
        writeln!(table, "        body: include_bytes!({:?}),", file.display().to_string())?;
        for twin in ["br", "gz"] {
            let with = format!("{}.{twin}", file.display());
            if Path::new(&with).exists() {
                writeln!(table, "        {twin}: Some(include_bytes!({with:?})),")?;
            } else {
                writeln!(table, "        {twin}: None,")?;
            }
        }
        writeln!(table, "    }},")?;
    }
    table.push_str("]\n");
    fs::write(to, table)?;
    Ok(())
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// FNV-1a: an entity tag needs to change with the content, and nothing more.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

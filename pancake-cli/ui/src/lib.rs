//! The web pages, embedded: a sorted table of files with their compressed twins.
//!
//! * Nothing is read from disk at run time, and nothing is compressed then.
//! * A build without Node has one page that says why there are no others; [`STATE`] says the same to programs.
//!
//! Start reading at [`get`].

/// A file of the web pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Path below the root, without a leading slash, such as `index.html`.
    pub path: &'static str,
    /// Entity tag, with its quotes; it changes with the content.
    pub etag: &'static str,
    /// The file.
    pub body: &'static [u8],
    /// The file in Brotli, if that was made.
    pub br: Option<&'static [u8]>,
    /// The file in gzip, if that was made.
    pub gz: Option<&'static [u8]>,
}

/// All files, sorted by path.
pub static ASSETS: &[Asset] = &include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// `built`, or `absent: ` and why the pages could not be built.
pub const STATE: &str = env!("PANCAKE_WEB_STATE");

/// Whether the real pages are embedded.
pub fn is_built() -> bool {
    STATE == "built"
}

/// Finds a file by its path below the root.
///
/// ```
/// assert!(pancake_ui::get("index.html").is_some());
/// assert!(pancake_ui::get("../secret").is_none());
/// ```
pub fn get(path: &str) -> Option<&'static Asset> {
    let at = ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok()?;
    ASSETS.get(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_a_first_page() {
        assert!(ASSETS.is_sorted_by_key(|asset| asset.path));
        let index = get("index.html").expect("every build has a first page");
        assert!(index.body.starts_with(b"<!doctype html>"));
        assert!(index.etag.starts_with('"') && index.etag.ends_with('"'));
    }

    #[test]
    fn built_pages_carry_their_compressed_twins() {
        if !is_built() {
            eprintln!("skipped: {STATE}");
            return;
        }
        for asset in ASSETS.iter().filter(|asset| asset.path.starts_with("assets/")) {
            assert!(asset.br.is_some_and(|br| br.len() < asset.body.len()), "{}", asset.path);
            assert!(asset.gz.is_some_and(|gz| gz.len() < asset.body.len()), "{}", asset.path);
        }
    }
}

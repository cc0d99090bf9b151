//! The page is built by npm, before the program that carries it.

fn main() {
    println!("cargo::rerun-if-changed=web/dist");
    if !std::path::Path::new("web/dist/index.html").exists() {
        println!(
            "cargo::error=web/dist/index.html is missing: build the page first, by `scripts/setup.sh` or, in the folder \
             web, by `npm ci && npm run build`"
        );
    }
}

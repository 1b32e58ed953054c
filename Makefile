# The commands that always work, on a fresh Debian machine with a Rust toolchain.

.PHONY: help demo test lint doc bench soak packages

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: packages ## a real broker: plan, apply, an empty plan, a drift and its healing
	cargo build --release --locked
	tests/demo.sh

test: packages ## everything, real brokers included
	cargo test --locked

lint: packages ## format and lints, as CI has them
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

doc: packages ## the library's documentation
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

bench: packages ## times plan and apply beside the same requests sent bare
	cargo bench --locked

soak: packages ## kill -9 during applies of 500 topics, 200 times or TOPICSMITH_SOAK times
	cargo test --locked --test kafka -- --ignored --nocapture soak::

packages:
	@.ci/packages

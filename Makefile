# The commands that always work, on a fresh Debian machine with a Rust toolchain.

.PHONY: help demo test compat lint doc bench bench-pure soak packages

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: packages ## a real broker: plan, apply, an empty plan, a drift and its healing
	cargo build --release --locked
	tests/demo.sh

test: packages ## everything, real brokers included
	cargo test --locked

# The releases of docs/reference/kafka-releases.md: the first two with ZooKeeper, the others with KRaft.
compat: $(addprefix compat-,2.8.2 3.5.2 3.9.1 4.3.0) ## the tests with real brokers on Kafka 2.8, 3.5, 3.9 and 4.3

compat-%: packages
	TOPICSMITH_KAFKA=$* cargo test --locked --test kafka

lint: packages ## format and lints, as CI has them
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked -- -D warnings

doc: packages ## the book (target/book), its links checked, and the library's documentation
	cargo test --locked --test cases docs/
	@PATH="$$PATH:$${CARGO_HOME:-$$HOME/.cargo}/bin"; \
	command -v mdbook >/dev/null || cargo install --locked mdbook@0.5.4 --no-default-features --features search; \
	mdbook build docs
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

bench: packages ## times the tool beside the least that the same work takes: docs/performance.md
	cargo build --release --locked
	cargo run --release --locked --package topicsmith-benches --bin bench

bench-pure: packages ## times the pure part: parse, plan, render, for 1,000 to 100,000 topics
	cargo bench --locked --package topicsmith-benches --bench pure

soak: packages ## kill -9 during applies of 500 topics, 200 times or TOPICSMITH_SOAK times
	cargo test --locked --test kafka -- --ignored --nocapture soak::

packages:
	@.ci/packages

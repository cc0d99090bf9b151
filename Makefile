# make demo   set-up, release build, the service on the sample video (DEMO_SECONDS=30: stops by itself)
# make test   set-up, then everything that is checked
# make reference   our figures beside those of PedPy, motmetrics, trackeval and trackers
.PHONY: demo test reference setup setup-test build clean

CROWDFLOW := target/release/crowdflow
DEMO_CONFIG := config/demo.toml

demo: build
	@$(CROWDFLOW) run --config $(DEMO_CONFIG) --status-line $(if $(DEMO_SECONDS),--for-seconds $(DEMO_SECONDS))

setup:
	@scripts/setup.sh

setup-test:
	@scripts/setup.sh --test

build: setup
	cargo build --release --locked

test: setup-test
	@scripts/test.sh

reference:
	scripts/reference.sh

clean:
	cargo clean

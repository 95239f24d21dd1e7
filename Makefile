# SPDX-License-Identifier: Apache-2.0
# What a developer runs. Each target first sets up what it needs: on a Debian machine with Node and npm,
# `make demo` and `make test` work right after the clone. The system's Node only runs npm; all else runs on the
# pinned Node, which comes with node_modules and stands first in PATH. (Debian keeps nft in /usr/sbin, which an
# ordinary user's PATH lacks.)

SYSTEM_PATH := $(PATH):/usr/sbin:/sbin
NODE := $(CURDIR)/node_modules/node-linux-$(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x64)/bin
export PATH := $(NODE):$(CURDIR)/node_modules/.bin:$(SYSTEM_PATH)
INSTALLED := node_modules/.installed

.PHONY: help setup demo cluster-demo test test-matrix check bench bench-cluster soak build image image-debug generate clean packages-demo packages-test packages-cluster packages-image-debug native

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf 'make %-13s %s\n' "$$name" "$$text"; done

setup: packages-test native ## Install everything that the other targets need, and build the native part

demo: packages-demo native ## Run the story: addresses, answers, a refusal, then routers, between network namespaces (DEMO=--keep leaves it running)
	@node lab/demo.ts $(DEMO)

cluster-demo: image ## Run the story on a real cluster: control plane, three nodes with kubelets, our image, a client (root; DEMO=--keep)
	@node lab/whole-cluster/demo.ts $(DEMO)

test: packages-test native ## Run everything that CI runs
	@node tools/test.ts

test-matrix: packages-test native ## Run the cluster tests against each minor version of Kubernetes below tools/kubernetes/
	@for minor in $(notdir $(wildcard tools/kubernetes/*)); do \
	  echo "Kubernetes $$minor"; METALLB_KUBERNETES=$$minor node tools/test.ts kubernetes cluster || exit 1; done

check: native ## Run the quick part of it: types, lint, format, rules and unit tests
	@node tools/test.ts types lint format generated rules unit

bench: packages-test native ## Measure the figures of docs/performance.md against their bounds (BENCH=--record notes them there)
	@node test/bench/run.ts $(BENCH)

bench-cluster: packages-test native ## Measure 2,000 and 10,000 Services against a real API server (BENCH=--record notes the figures)
	@tools/build-kubernetes >/dev/null
	@test/bench-cluster/run $(BENCH)

soak: packages-test native ## Services come and go for an hour, and nothing may grow; speakers live beside busy processes (SOAK_SECONDS=3600, SOAK_BUSY_SECONDS=600)
	@tools/build-kubernetes >/dev/null
	@test/bench-cluster/alone node test/bench-cluster/soak.ts
	@node test/bench/failover-soak.ts
	@node test/bench/bfd-soak.ts

build: native ## Make dist/: the bundle, its native part and a launcher
	@node tools/bundle.ts

image: packages-cluster build ## Make build/image/: the container images controller and speaker
	@tools/image

image-debug: packages-image-debug build ## The same, and those with the tag -debug: with sh, ping, nc, ip and tcpdump
	@tools/image debug

generate: $(INSTALLED) ## Write *.generated.ts and metallb-native.yaml anew from deploy/
	@node tools/generate.ts

clean: ## Remove what was built
	rm -rf dist build coverage

packages-demo:
	@sh tools/setup demo

packages-test:
	@sh tools/setup test

packages-cluster:
	@sh tools/setup cluster

packages-image-debug:
	@sh tools/setup image-debug

native: $(INSTALLED)
	@sh tools/build-native

$(INSTALLED): package.json package-lock.json
	@PATH="$(SYSTEM_PATH)" sh tools/install
	@touch $@

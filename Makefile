# Thin: CMake and ctest do the work.
BUILD ?= build
DATA ?= ./skerry-data
JOBS ?= $(shell nproc)
BENCH ?=

.PHONY: all run test bench asan tsan fuzz format install-dependencies
all: $(BUILD)/build.ninja
	cmake --build $(BUILD) -j $(JOBS)

$(BUILD)/build.ninja: | install-dependencies
	cmake -S . -B $(BUILD) -G Ninja

install-dependencies:
	@.ci/install-dependencies build

run: all
	$(BUILD)/skerry serve --data $(DATA) --hints

test: all
	@.ci/install-dependencies test
	ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)

bench: all
	@.ci/install-dependencies bench
	python3 tests/bench/run.py $(BENCH)

asan tsan:
	cmake -S . -B build-$@ -G Ninja -DSKERRY_SANITIZE=$(if $(filter asan,$@),address,thread)
	cmake --build build-$@ -j $(JOBS)
	ctest --test-dir build-$@ --output-on-failure -j $(JOBS) -LE "compat|docker"

fuzz:
	CC=clang cmake -S . -B build-fuzz -G Ninja -DSKERRY_FUZZ=ON -DSKERRY_TESTS=OFF -DSKERRY_SANITIZE=address
	cmake --build build-fuzz -j $(JOBS)
	ctest --test-dir build-fuzz --output-on-failure -j $(JOBS) -L fuzz

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

# make check is what CI runs, less the demo.
.PHONY: check test fuzz lint docs demo vuln bench

check: lint test

test:
	go test -race ./...

# Every fuzz test for FUZZTIME. What is found is kept in the room's testdata/fuzz.
FUZZTIME ?= 30s
fuzz:
	grep -rn --include='*_test.go' '^func Fuzz' . | sed 's|/[^/]*:[0-9]*:func \(Fuzz[A-Za-z]*\).*| \1|' | \
	while read -r room name; do \
		go test $$room -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) </dev/null || exit 1; \
	done

lint:
	test -z "$$(gofmt -l .)"
	go vet ./...
	GOOS=darwin go vet ./...
	go tool -modfile=tools/staticcheck.mod staticcheck ./...

# What is made from the program.
docs:
	go run ./cmd/aloft reference cli > docs/cli.md
	go run ./cmd/aloft reference limits > docs/limits.md
	go run ./cmd/aloft reference manifest > docs/manifest.md
	go run ./cmd/aloft reference schema > docs/aloft.schema.json
	go run ./cmd/aloft reference provider > docs/provider.md
	go run ./cmd/aloft reference openapi > docs/openapi.yaml
	go run ./cmd/aloft reference options > docs/options.md
	go run ./cmd/aloft reference variables > docs/variables.md

# Known vulnerabilities of what is imported and called. It asks vuln.go.dev.
vuln:
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./...

demo:
	go run ./cmd/aloft demo --once

# The figures to reach, measured; bench/README.md tells how to read them.
bench:
	go run ./bench

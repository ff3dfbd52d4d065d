# make check is what CI runs, less the demo.
.PHONY: check test lint docs demo bench

check: lint test

test:
	go test -race ./...

lint:
	test -z "$$(gofmt -l .)"
	go vet ./...
	GOOS=darwin go vet ./...
	go tool -modfile=tools/go.mod staticcheck ./...

# What is made from the program.
docs:
	go run ./cmd/aloft reference cli > docs/cli.md
	go run ./cmd/aloft reference manifest > docs/manifest.md
	go run ./cmd/aloft reference schema > docs/aloft.schema.json
	go run ./cmd/aloft reference provider > docs/provider.md
	go run ./cmd/aloft reference openapi > docs/openapi.yaml

demo:
	go run ./cmd/aloft demo --once

# The figures to reach, measured; bench/README.md tells how to read them.
bench:
	go run ./bench
